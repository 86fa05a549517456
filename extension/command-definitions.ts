/**
 * The commands of the editor: title, places where each is offered, and message without a run. `package.json` is generated from
 * this (`npm run generate`); `commands.ts` defines the actions. Does not import VS Code.
 */
import { when } from './context-keys.ts';
import type { ItemContext } from './ids.ts';
import type { ShownStatus } from './run-status.ts';

/** Items of the Runs view whose run has one of these states. */
function runs(...states: ShownStatus[]): string {
  return when.items('runs', ...states.map((state): ItemContext => `run.${state}`));
}

const READABLE = ['running', 'paused', 'interrupted', 'completed', 'stopped', 'failed'] as const;

/** Contexts in which commands are offered, as `when` clauses. */
export const WHEN = {
  problemSet: when.set('problemSet'),
  problemFile: when.any('resourceExtname =~ /^\\.(jsonl|ndjson|csv|tsv|parquet)$/', when.resourceIn('problemFiles')),
  dump: when.any('resourceExtname =~ /^\\.(jsonl|ndjson|csv|tsv|parquet)$/', when.resourceIn('dumps')),
  dumpFolder: when.resourceIn('dumps'),
  following: when.set('following'),
  runsView: when.view('runs'),
  datasetsView: when.view('datasets'),
  modelsView: when.view('models'),
  datasetItem: when.items('datasets', 'dataset.embedded', 'dataset.file'),
  anyRun: runs(...READABLE, 'unreadable'),
  readableRun: runs(...READABLE),
  unreadableRun: runs('unreadable'),
  runningRun: runs('running'),
  resumableRun: runs('paused', 'interrupted', 'stopped', 'failed'),
  forkableRun: runs('paused', 'interrupted', 'completed', 'stopped', 'failed'),
  liveRun: runs('running', 'paused'),
  endedRun: runs('interrupted', 'completed', 'stopped', 'failed', 'unreadable'),
  modelItem: when.items('models', 'model.embedded', 'model.recent', 'model.found'),
  recentModel: when.items('models', 'model.recent'),
  rollout: when.resourceScheme('rollout'),
  rolloutNotBySurprise: when.all(when.resourceScheme('rollout'), when.isNot('shading', 'surprise')),
  rolloutByEntropy: when.all(when.resourceScheme('rollout'), when.isNot('shading', 'probability')),
  rolloutByProbability: when.all(when.resourceScheme('rollout'), when.isNot('shading', 'entropy')),
  report: when.panel('report'),
  runInProgress: when.is('run', 'running'),
  runAlive: when.any(when.is('run', 'running'), when.is('run', 'paused')),
  active: when.set('active'),
} as const;
export type When = keyof typeof WHEN;

/** Menus of VS Code that can contain a command. */
export const MENUS = [
  'editor/title/run',
  'editor/title',
  'editor/context',
  'explorer/context',
  'view/title',
  'view/item/context',
] as const;
export type Menu = (typeof MENUS)[number];

export interface EditorCommand {
  /** A verb and its object; the category is always `Rollscope`. */
  title: string;
  /** Name of a codicon. */
  icon: string;
  /** In the Command Palette: always, in a context, or never (it needs an argument). */
  palette: 'always' | 'never' | When;
  /** Menus, contexts, and `group@order` there. */
  menus?: readonly (readonly [menu: Menu, when: When, at: string])[];
  /** Message shown instead of running the command when no run is active and none was named. */
  withoutRun?: string;
  /** Ids from earlier versions, which still work, since keybindings may use them. */
  former?: readonly string[];
}

export const COMMAND_DEFINITIONS = {
  train: {
    title: 'Train on Dataset',
    icon: 'play',
    palette: 'always',
    menus: [
      ['editor/title/run', 'problemSet', 'navigation@1'],
      ['explorer/context', 'problemFile', 'rollscope@1'],
      ['view/title', 'runsView', 'navigation@1'],
      ['view/item/context', 'datasetItem', 'inline@1'],
      ['view/item/context', 'datasetItem', 'run@1'],
    ],
  },
  probe: {
    title: 'Probe Dataset',
    icon: 'beaker',
    palette: 'always',
    menus: [
      ['editor/title/run', 'problemSet', 'navigation@2'],
      ['explorer/context', 'problemFile', 'rollscope@2'],
      ['view/item/context', 'datasetItem', 'inline@2'],
      ['view/item/context', 'datasetItem', 'run@2'],
    ],
  },
  trainProblem: {
    title: 'Train on This Problem',
    icon: 'play',
    palette: 'problemSet',
    menus: [['editor/context', 'problemSet', 'rollscope@2']],
  },
  probeProblem: {
    title: 'Probe This Problem',
    icon: 'beaker',
    palette: 'problemSet',
    menus: [['editor/context', 'problemSet', 'rollscope@1']],
  },
  probeOnCheckpoint: {
    title: 'Probe This Problem on a Checkpoint…',
    icon: 'beaker',
    palette: 'problemSet',
    menus: [['editor/context', 'problemSet', 'rollscope@3']],
  },
  startConfiguration: {
    title: 'Start Run from Configuration…',
    icon: 'play',
    palette: 'always',
  },
  openExample: {
    title: 'Open Example',
    icon: 'mortar-board',
    palette: 'always',
  },
  openPanel: {
    title: 'Open Panel',
    icon: 'graph-line',
    palette: 'always',
    menus: [['view/title', 'runsView', 'navigation@2']],
  },
  pause: {
    title: 'Pause Run',
    icon: 'debug-pause',
    palette: 'runInProgress',
    menus: [
      ['view/item/context', 'runningRun', 'inline@1'],
      ['view/item/context', 'runningRun', 'open@2'],
    ],
    withoutRun: 'No active run.',
  },
  resume: {
    title: 'Resume Run',
    icon: 'debug-continue',
    palette: 'always',
    menus: [
      ['view/item/context', 'resumableRun', 'inline@1'],
      ['view/item/context', 'resumableRun', 'open@2'],
    ],
  },
  stop: {
    title: 'Stop Run',
    icon: 'debug-stop',
    palette: 'runAlive',
    menus: [
      ['view/item/context', 'liveRun', 'inline@2'],
      ['view/item/context', 'liveRun', 'open@3'],
    ],
    withoutRun: 'No active run.',
  },
  attach: {
    title: 'Attach to Run',
    icon: 'plug',
    palette: 'always',
    menus: [['view/title', 'runsView', 'engine@1']],
  },
  showMoreRuns: {
    title: 'Show More Runs',
    icon: 'ellipsis',
    palette: 'never',
  },
  openRun: {
    title: 'Open Run',
    icon: 'folder-opened',
    palette: 'always',
    menus: [
      ['view/title', 'runsView', 'engine@2'],
      ['view/item/context', 'anyRun', 'open@1'],
    ],
  },
  compareRuns: {
    title: 'Compare Runs',
    icon: 'git-compare',
    palette: 'always',
    menus: [['view/item/context', 'readableRun', 'open@7']],
  },
  changedProblems: {
    title: 'Show Changed Problems',
    icon: 'diff-multiple',
    palette: 'always',
    menus: [['view/item/context', 'readableRun', 'open@8']],
  },
  importRun: {
    title: 'Import Run…',
    icon: 'cloud-download',
    palette: 'always',
    menus: [
      ['explorer/context', 'dump', 'rollscope@3'],
      ['view/title', 'runsView', 'import@1'],
    ],
  },
  followFolder: {
    title: 'Follow Training Folder…',
    icon: 'eye',
    palette: 'always',
    menus: [
      ['explorer/context', 'dumpFolder', 'rollscope@4'],
      ['view/title', 'runsView', 'import@2'],
    ],
  },
  stopFollowing: {
    title: 'Stop Following Training Folder…',
    icon: 'eye-closed',
    palette: 'following',
    menus: [],
  },
  analyzeRun: {
    title: 'Analyze Run',
    icon: 'graph',
    palette: 'always',
    menus: [['view/item/context', 'readableRun', 'open@4']],
    former: ['analyseRun'],
  },
  rescoreRun: {
    title: 'Rescore Run',
    icon: 'law',
    palette: 'always',
    menus: [['view/item/context', 'readableRun', 'open@5']],
  },
  computeStatistics: {
    title: 'Compute Token Statistics…',
    icon: 'symbol-numeric',
    palette: 'always',
    menus: [['view/item/context', 'readableRun', 'open@6']],
  },
  forkRun: {
    title: 'Fork Run…',
    icon: 'repo-forked',
    palette: 'always',
    menus: [['view/item/context', 'forkableRun', 'open@7']],
  },
  repairRun: {
    title: 'Repair Run',
    icon: 'tools',
    palette: 'never',
    menus: [
      ['view/item/context', 'unreadableRun', 'inline@1'],
      ['view/item/context', 'unreadableRun', 'open@2'],
    ],
  },
  chooseModel: {
    title: 'Choose Model',
    icon: 'add',
    palette: 'always',
    menus: [['view/title', 'modelsView', 'navigation@1']],
  },
  chooseReward: {
    title: 'Choose Reward',
    icon: 'star',
    palette: 'always',
  },
  runExperiment: {
    title: 'Run Experiment',
    icon: 'beaker',
    palette: 'always',
    menus: [['view/title', 'runsView', 'experiment@1']],
  },
  openReport: {
    title: 'Open Experiment Report',
    icon: 'book',
    palette: 'always',
    menus: [['view/title', 'runsView', 'experiment@2']],
  },
  openReportInBrowser: {
    title: 'Open Experiment Report in Browser',
    icon: 'link-external',
    palette: 'report',
    menus: [['editor/title', 'report', 'navigation@1']],
  },
  showLog: {
    title: 'Show Log',
    icon: 'output',
    palette: 'always',
    menus: [['view/title', 'runsView', 'engine@4']],
  },
  restartEngine: {
    title: 'Restart Engine',
    icon: 'debug-restart',
    palette: 'always',
    menus: [['view/title', 'runsView', 'engine@3']],
  },
  getStarted: {
    title: 'Get Started',
    icon: 'rocket',
    palette: 'always',
  },
  refresh: {
    title: 'Refresh Views',
    icon: 'refresh',
    palette: 'active',
    menus: [
      ['view/title', 'runsView', 'navigation@3'],
      ['view/title', 'datasetsView', 'navigation@1'],
    ],
  },
  shadeBySurprise: {
    title: 'Shade Tokens by Surprise',
    icon: 'flame',
    palette: 'rolloutNotBySurprise',
    menus: [['editor/title', 'rolloutNotBySurprise', 'navigation@3']],
  },
  shadeByProbability: {
    title: 'Shade Tokens by Probability',
    icon: 'symbol-numeric',
    palette: 'rolloutByEntropy',
    menus: [['editor/title', 'rolloutByEntropy', 'navigation@3']],
  },
  shadeByEntropy: {
    title: 'Shade Tokens by Entropy',
    icon: 'symbol-ruler',
    palette: 'rolloutByProbability',
    menus: [['editor/title', 'rolloutByProbability', 'navigation@3']],
  },
  previousRollout: {
    title: 'Previous Rollout',
    icon: 'arrow-up',
    palette: 'rollout',
    menus: [['editor/title', 'rollout', 'navigation@1']],
  },
  nextRollout: {
    title: 'Next Rollout',
    icon: 'arrow-down',
    palette: 'rollout',
    menus: [['editor/title', 'rollout', 'navigation@2']],
  },
  previousStepOfRollout: {
    title: 'Rollout at Previous Step',
    icon: 'chevron-left',
    palette: 'rollout',
    menus: [['editor/title', 'rollout', 'navigation@2']],
  },
  nextStepOfRollout: {
    title: 'Rollout at Next Step',
    icon: 'chevron-right',
    palette: 'rollout',
    menus: [['editor/title', 'rollout', 'navigation@2']],
  },
  compareRollouts: {
    title: 'Compare Rollouts…',
    icon: 'diff',
    palette: 'rollout',
    menus: [['editor/title', 'rollout', 'navigation@4']],
  },
  copyRolloutLink: {
    title: 'Copy Link',
    icon: 'link',
    palette: 'rollout',
    menus: [['editor/context', 'rollout', 'rollscope@1']],
  },
  openProblem: {
    title: 'Show Problem in Panel',
    icon: 'graph-line',
    palette: 'never',
    menus: [['editor/title', 'rollout', 'navigation@4']],
  },
  pickProblem: {
    title: 'Go to Problem of Run…',
    icon: 'search',
    palette: 'always',
  },
  revealProblem: {
    title: 'Go to Problem',
    icon: 'go-to-file',
    palette: 'never',
  },
  openRollout: {
    title: 'Open Rollout',
    icon: 'symbol-string',
    palette: 'never',
  },
  revealRunFolder: {
    title: 'Reveal Run Folder',
    icon: 'folder-opened',
    palette: 'never',
    menus: [['view/item/context', 'anyRun', 'place@1']],
  },
  deleteRun: {
    title: 'Delete Run…',
    icon: 'trash',
    palette: 'never',
    menus: [['view/item/context', 'endedRun', 'zdelete@1']],
  },
  openDataset: {
    title: 'Open Dataset',
    icon: 'go-to-file',
    palette: 'never',
    menus: [['view/item/context', 'datasetItem', 'open@1']],
  },
  useModel: {
    title: 'Use This Model',
    icon: 'check',
    palette: 'never',
    menus: [
      ['view/item/context', 'modelItem', 'inline@1'],
      ['view/item/context', 'modelItem', 'use@1'],
    ],
  },
  removeModel: {
    title: 'Remove from List',
    icon: 'close',
    palette: 'never',
    menus: [['view/item/context', 'recentModel', 'use@2']],
  },
} as const satisfies Record<string, EditorCommand>;

export type CommandName = keyof typeof COMMAND_DEFINITIONS;
export const COMMAND_NAMES = Object.keys(COMMAND_DEFINITIONS) as CommandName[];

export type CommandId<N extends CommandName = CommandName> = `rollscope.${N}`;

/** The id that VS Code knows a command by. */
export function commandId<N extends CommandName>(name: N): CommandId<N> {
  return `rollscope.${name}`;
}

/** A command as tree items and lenses hold it; with its own title where none is given. */
export function commandOf(name: CommandName, args: unknown[] = [], about: { title?: string; tooltip?: string } = {}) {
  return { command: commandId(name), title: COMMAND_DEFINITIONS[name].title, ...about, arguments: args };
}

/** Address of a command in Markdown. */
export function commandLink(name: CommandName, args?: unknown[]): string {
  return `command:${commandId(name)}${args ? `?${encodeURIComponent(JSON.stringify(args))}` : ''}`;
}
