/**
 * The settings of VS Code, below `rollscope.`: those of runs, which `engine/config/settings.ts` describes with the rest,
 * and those of the editor alone, described here. `package.json` is generated from both (`npm run generate`). No VS Code.
 */
import { type RunSetting, SETTINGS } from '../engine/config/settings.ts';
import { FIELD_MAP } from '../engine/protocol/settings/dataset.ts';
import { choice, type EditorIds, text, toggle, type ValuesOf } from '../engine/protocol/settings/kit.ts';
import type { RUN } from '../engine/protocol/settings/run.ts';
import type { SHADINGS } from '../engine/protocol/shades.ts';

/** Headings of the settings editor, in order. */
export const SECTIONS = ['Model and engine', 'Training', 'Problems', 'Editor'] as const;

export const EDITOR_SETTINGS = {
  runsFolder: text({
    title: 'Runs folder',
    help: 'folder of the runs',
    empty: true,
    default: '',
    editor: {
      id: 'runsFolder',
      section: 'Model and engine',
      scope: 'machine-overridable',
      text: 'Folder of the runs. By default the one that the command line uses.',
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
      text: 'Path of the Node.js (version 20 or newer) that runs the engine. By default the one inside the editor. Takes effect when the engine is restarted.',
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
        text: 'What the engine does with a run when the last VS Code window disconnects. Takes effect when the engine is restarted.',
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
      text: 'Show the majority answer next to each problem after sampling.',
    },
  }),
  shading: choice(
    {
      probability: 'The less probable the token, the darker.',
      entropy: 'The higher the entropy of the distribution, the darker.',
    } satisfies Record<(typeof SHADINGS)[number], string>,
    {
      title: 'Token shading',
      help: 'token shading: probability or entropy',
      default: 'probability',
      editor: { id: 'shading', section: 'Editor', text: 'Token shading: probability or entropy.' },
    },
  ),
};
export type EditorValues = ValuesOf<typeof EDITOR_SETTINGS>;

/** Settings that hold an object: its fields are described elsewhere. */
export const OBJECT_SETTINGS = {
  fields: {
    section: 'Problems',
    fields: FIELD_MAP.fields,
    text: 'Columns of the problem file, unless they have usual names: `prompt`, `question` or `problem`; `answer` or `solution`; `id`.',
  },
  config: {
    section: 'Training',
    text: "Fields of a run's configuration that have no setting of their own, as in `config` of a `run.json`: reward expressions, `rewardOptions`, `loss`, `watch`, `forecast` and others. They override the other settings. Relative paths are relative to the folder that is open.",
  },
} as const;

/** Id of a setting of VS Code, below `rollscope.`. */
export type SettingId = keyof typeof EDITOR_SETTINGS | keyof typeof OBJECT_SETTINGS | EditorIds<typeof RUN.fields>;

/** A setting as VS Code and messages name it. */
export function settingName<Id extends SettingId>(id: Id): `rollscope.${Id}` {
  return `rollscope.${id}`;
}

/** Settings of a run that have a setting of VS Code of their own. */
export const RUN_SETTINGS: readonly RunSetting[] = SETTINGS.filter(({ setting }) => setting.editor !== undefined);

/** What `rollscope.config` cannot say, because something else decides it, and what does. */
export const TAKEN: Readonly<Record<string, string>> = {
  job: 'The command decides between training and probing.',
  model: 'Name the model in rollscope.model.',
  'dataset.path': 'The file that the command was given decides.',
  'dataset.ids': 'The problem that the command was given decides.',
};
