/**
 * Where commands are offered (contexts and menus), and what the definition of a command contains. Does not import VS
 * Code.
 */
import { when } from '../context-keys.ts';
import type { ItemContext } from '../ids.ts';
import type { ShownStatus } from '../run-status.ts';

/** The `when` clause of items of the Runs view whose run has one of these states. */
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
