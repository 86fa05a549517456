/**
 * The VS Code settings below `rollscope.`: those of runs, from `engine/config/settings.ts`, and those of the editor alone,
 * defined here. `package.json` is generated from both (`npm run generate`). Does not import VS Code.
 */
import { type RunSetting, SETTINGS } from '../engine/config/settings.ts';
import type { Sandbox } from '../engine/protocol/sandbox.ts';
import { FIELD_MAP } from '../engine/protocol/settings/dataset.ts';
import { choice, type EditorIds, text, toggle, type ValuesOf } from '../engine/protocol/settings/kit.ts';
import type { RUN } from '../engine/protocol/settings/run.ts';
import type { SHADINGS } from '../engine/protocol/shades.ts';

/** Headings of the settings editor, in order. */
export const SECTIONS = ['Model and engine', 'Training', 'Problems', 'Editor'] as const;

export const EDITOR_SETTINGS = {
  runsFolder: text({
    title: 'Runs folder',
    help: 'folder for runs',
    empty: true,
    default: '',
    editor: {
      id: 'runsFolder',
      section: 'Model and engine',
      scope: 'machine-overridable',
      text: 'Folder for runs; a relative path starts at the workspace folder. Default: the folder that the command line uses.',
    },
  }),
  'engine.node': text({
    title: 'Node.js',
    help: 'Node.js that runs the engine',
    empty: true,
    default: '',
    editor: {
      id: 'engine.node',
      section: 'Model and engine',
      scope: 'machine',
      text: 'Path to the Node.js executable (version 20 or newer) that runs the engine. Default: the one bundled with VS Code. Takes effect when the engine restarts.',
    },
  }),
  'engine.whenAlone': choice(
    {
      continue: { help: 'Continue training.', also: ['go-on'] },
      stop: 'Save a checkpoint and stop.',
    },
    {
      title: 'When alone',
      help: 'what the engine does with a run when the last VS Code window disconnects',
      default: 'continue',
      editor: {
        id: 'engine.whenAlone',
        section: 'Model and engine',
        scope: 'machine-overridable',
        text: 'What the engine does with a run when the last VS Code window disconnects. Takes effect when the engine restarts.',
      },
    },
  ),
  'engine.sandbox': choice(
    {
      none: 'No sandbox: programs have your permissions.',
      auto: 'Bubblewrap where it works, otherwise none.',
      bubblewrap: 'Bubblewrap (Linux): no network, files read-only. Runs are refused where it does not work.',
    } satisfies Record<Sandbox, string>,
    {
      title: 'Sandbox',
      help: 'sandbox for programs of rewards',
      default: 'none',
      editor: {
        id: 'engine.sandbox',
        section: 'Model and engine',
        scope: 'machine',
        text: 'Sandbox for the programs that rewards run. Takes effect when the engine restarts.',
      },
    },
  ),
  codeLens: toggle({
    title: 'CodeLens',
    help: 'show actions and results above the problems of a problem file',
    default: true,
    editor: {
      id: 'codeLens',
      section: 'Editor',
      scope: 'resource',
      text: 'Show actions and results above the problems of a problem file.',
    },
  }),
  inlineResults: toggle({
    title: 'Inline results',
    help: 'show the majority answer next to each problem after sampling',
    default: true,
    editor: {
      id: 'inlineResults',
      section: 'Editor',
      scope: 'resource',
      text: 'Show the majority answer next to each problem after sampling.',
    },
  }),
  shading: choice(
    {
      surprise: 'The more surprising the token among those of its response, the stronger.',
      probability: 'The less probable the token, the stronger.',
      entropy: 'The higher the entropy of the distribution, the stronger.',
    } satisfies Record<(typeof SHADINGS)[number], string>,
    {
      title: 'Token shading',
      help: 'token shading: surprise in the response, probability or entropy',
      default: 'surprise',
      editor: {
        id: 'shading',
        section: 'Editor',
        text: 'Token shading: surprise in the response, probability or entropy.',
      },
    },
  ),
};
export type EditorValues = ValuesOf<typeof EDITOR_SETTINGS>;

/** Settings whose value is an object; its fields are defined elsewhere. */
export const OBJECT_SETTINGS = {
  fields: {
    section: 'Problems',
    fields: FIELD_MAP.fields,
    text: 'Columns of the problem file. Default: `prompt`, `question` or `problem`; `answer` or `solution`; `id`.',
  },
  config: {
    section: 'Training',
    text: "Fields of a run's configuration that have no setting of their own, as in `config` of a `run.json`: reward expressions, `rewardOptions`, `loss`, `watch`, `forecast` and others. They override the other settings. Relative paths are relative to the folder that is open.",
  },
} as const;

/** Id of a VS Code setting, without `rollscope.`. */
export type SettingId = keyof typeof EDITOR_SETTINGS | keyof typeof OBJECT_SETTINGS | EditorIds<typeof RUN.fields>;

/** The full id of a setting. */
export function settingName<Id extends SettingId>(id: Id): `rollscope.${Id}` {
  return `rollscope.${id}`;
}

/** Settings of a run that have their own VS Code setting. */
export const RUN_SETTINGS: readonly RunSetting[] = SETTINGS.filter(({ setting }) => setting.editor !== undefined);

/** Fields that cannot be set in `rollscope.config`, and the hint for each. */
export const TAKEN: Readonly<Record<string, string>> = {
  job: 'The command determines whether the run trains or probes.',
  model: 'Set it in rollscope.model.',
  'dataset.path': 'It is the file that the command runs on.',
  'dataset.ids': 'It is the problem that the command runs on.',
};
