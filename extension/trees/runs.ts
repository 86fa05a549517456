/** The Runs view: the runs in the user's folder, the newest first; of many, a page that can be made longer. */
import path from 'node:path';
import * as vscode from 'vscode';
import { importedSource, isDefaultName } from '../../engine/journal/locations.ts';
import { diagnosisMeaning, diagnosisText, severityOf } from '../../engine/protocol/diagnosis.ts';
import { EMBEDDED } from '../../engine/protocol/embedded.ts';
import { DASH, dateTime, plural, shortDateTime } from '../../engine/protocol/format.ts';
import type { ListedRun, RunInfo, UnreadableRun } from '../../engine/protocol/index.ts';
import { quantityText } from '../../engine/protocol/quantities.ts';
import { originText } from '../../engine/protocol/texts.ts';
import { commandOf } from '../command-definitions.ts';
import type { ItemContext } from '../ids.ts';
import { inEditor } from '../remedies.ts';
import type { RunLibrary } from '../run/library.ts';
import type { ShownStatus } from '../run-status.ts';
import { plain } from '../shown.ts';
import { modelName } from './models.ts';
import { Rows } from './rows.ts';

/** A row of the view, with the status that is shown: paused, or as listed. */
export class RunItem extends vscode.TreeItem {
  /** Runs that began with one of its checkpoints. */
  readonly forks: RunItem[] = [];

  constructor(
    readonly info: ListedRun,
    readonly shown: ShownStatus,
    label = labelOf(info),
  ) {
    const readable = info.status === 'unreadable' ? null : info;
    super(plain(label));
    this.id = info.folder;
    const content = readable ? runItemContent(readable, shown) : UNREADABLE;
    this.description = plain(content.description);
    this.iconPath = new vscode.ThemeIcon(
      content.icon,
      content.color ? new vscode.ThemeColor(content.color) : undefined,
    );
    this.contextValue = contextOf(shown, readable);
    // Opening a run that cannot be read shows the reason.
    this.command = commandOf('openRun', [this]);
    this.accessibilityInformation = { label: plain(`${info.run}, ${shown}, ${content.description}`) };
    const facts = [
      ...(info.status === 'unreadable' ? reasonOf(info) : factsOf(info)),
      ['Started', dateTime(info.created)],
      ['Folder', info.folder],
    ];
    // Names come from the user: as text, not as Markdown.
    const tooltip = new vscode.MarkdownString();
    tooltip.appendText(plain(`${info.run}: ${shown}`));
    for (const [name, value] of facts) tooltip.appendMarkdown('\n\n').appendText(plain(`${name}: ${value}`));
    this.tooltip = tooltip;
  }

  /** Puts a fork of this run below it. */
  adopt(fork: RunItem): void {
    this.forks.push(fork);
    // VS Code keeps a row that it knows as it was: without children.
    this.id = `${this.info.folder}#forks`;
    this.collapsibleState = vscode.TreeItemCollapsibleState.Expanded;
  }
}

const UNREADABLE = { description: 'unreadable', icon: 'error', color: 'errorForeground' };

function reasonOf({ error }: UnreadableRun): string[][] {
  return [['Reason', error.message], ...(error.hint ? [['What to do', inEditor(error.hint)]] : [])];
}

function factsOf(info: RunInfo): string[][] {
  return [
    ...(info.origin.engine === 'rollscope' ? [] : originFacts(info.origin)),
    ...(info.parent ? [['Forked from', `${info.parent.run}, step ${info.parent.step}`]] : []),
    ['Model', info.model === null ? DASH : modelName(info.model)],
    ['Dataset', datasetName(info)],
    ['Reward', info.reward ?? DASH],
    ...(info.diagnosis
      ? [['Diagnosis', `${diagnosisText(info.diagnosis)}. ${diagnosisMeaning(info.diagnosis.kind)}`]]
      : []),
    ['Step', `${info.step} of ${info.steps ?? DASH}`],
    ...(info.fault ? [['Damaged', inEditor(info.fault)]] : []),
    ...(info.warning ? [['Warning', inEditor(info.warning)]] : []),
    ...(info.skipped ? [['Skipped', info.skipped.message]] : []),
    [
      'Accuracy',
      `${quantityText('accuracy', info.accuracyBefore)} → ${quantityText('accuracy', info.accuracyAfter)}${info.sampled ? ` (${info.sampled})` : ''}`,
    ],
  ];
}

/** The trainer that made an imported run, and the files that it was imported from. */
function originFacts(origin: RunInfo['origin']): string[][] {
  return [['Imported from', originText(origin)], ...origin.files.map((file) => ['File', file])];
}

function datasetName({ dataset }: RunInfo): string {
  if (dataset === null) return DASH;
  return dataset === EMBEDDED ? EMBEDDED : path.parse(dataset).name;
}

/** What was trained on what: `majority-vote · sums`. */
function contentText(info: RunInfo): string {
  const what = info.job === 'probe' ? 'probe' : (info.reward ?? originText(info.origin));
  // Other trainers seldom record the dataset; the name of the imported file distinguishes their runs.
  const on = info.dataset === null ? (importedSource(info.run) ?? DASH) : datasetName(info);
  return `${what} · ${on}`;
}

/** The name that somebody chose for a run, or else what it is about. */
function labelOf(info: ListedRun): string {
  return info.status === 'unreadable' || !isDefaultName(info.run) ? info.run : contentText(info);
}

/**
 * Labels of runs that can be told apart: several that would have the same begin with the time of their start, which a narrow
 * view does not cut off.
 */
export function runLabels(runs: readonly ListedRun[]): string[] {
  const lengthened = (labels: readonly string[], lengthen: (info: ListedRun) => string) => {
    const counts = new Map<string, number>();
    for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
    return labels.map((label, i) => (counts.get(label) === 1 ? label : lengthen(runs[i]!)));
  };
  const timed = (info: ListedRun, seconds: boolean) => `${shortDateTime(info.created, seconds)} · ${labelOf(info)}`;
  const byMinute = lengthened(runs.map(labelOf), (info) => timed(info, false));
  const bySecond = lengthened(byMinute, (info) => timed(info, true));
  return lengthened(bySecond, ({ run }) => run);
}

/** A run's description and icon. Pure. */
export function runItemContent(
  info: RunInfo,
  shown: ShownStatus,
): { description: string; icon: string; color: string | null } {
  const accuracy =
    info.accuracyBefore === null && info.accuracyAfter === null
      ? ''
      : `${quantityText('accuracy', info.accuracyBefore)} → ${quantityText('accuracy', info.accuracyAfter)}${info.sampled ? ' (sampled)' : ''} · `;
  const steps = info.job === 'probe' ? '' : ` · ${info.step}/${info.steps ?? DASH}`;
  const diagnosis = info.diagnosis ? `${diagnosisText(info.diagnosis)} · ` : '';
  // Its label is its name.
  const content = isDefaultName(info.run) ? '' : `${contentText(info)} · `;
  const isBad = info.diagnosis && severityOf(info.diagnosis.kind) === 'bad';
  const [icon, color] = shown === 'completed' && (info.warning || info.fault || isBad) ? WARNED : ICONS[shown];
  return { description: `${diagnosis}${accuracy}${content}${dateTime(info.created)}${steps}`, icon, color };
}

/** It completed, but had little to learn from, or got worse. */
const WARNED: [icon: string, color: string] = ['warning', 'list.warningForeground'];

const ICONS: Record<ShownStatus, [icon: string, color: string | null]> = {
  running: ['sync~spin', 'charts.blue'],
  paused: ['debug-pause', 'charts.blue'],
  completed: ['pass', 'testing.iconPassed'],
  stopped: ['debug-stop', null],
  interrupted: ['warning', 'list.warningForeground'],
  failed: ['error', 'errorForeground'],
  unreadable: ['error', 'errorForeground'],
};

/** The item of the run that a fork began with: by its folder, or by its name where both were moved. */
function parentOf(info: ListedRun, items: readonly RunItem[]): RunItem | undefined {
  const parent = info.status === 'unreadable' ? undefined : info.parent;
  if (!parent || path.basename(info.folder) === parent.run) return undefined;
  const sibling = path.join(path.dirname(info.folder), parent.run);
  return items.find((item) => item.info.folder === parent.folder) ?? items.find((item) => item.info.folder === sibling);
}

/** The last row where there are more runs than the view shows. */
export class MoreItem extends vscode.TreeItem {
  readonly info = null;
  readonly forks: readonly RunItem[] = [];

  constructor(older: number) {
    super('Show more…');
    this.id = 'more';
    this.description = plural(older, 'older run');
    this.iconPath = new vscode.ThemeIcon('ellipsis');
    this.command = commandOf('showMoreRuns', []);
  }
}

/** The rows of the view; listed again after `refresh`. */
export class RunsTree extends Rows<RunItem | MoreItem> {
  constructor(
    private readonly library: RunLibrary,
    private readonly isPaused: (folder: string) => boolean,
    private readonly report: (error: unknown) => void,
  ) {
    super();
  }

  protected async load(): Promise<(RunItem | MoreItem)[]> {
    try {
      const { runs, older } = await this.library.listPage();
      return [...this.nested(runs), ...(older > 0 ? [new MoreItem(older)] : [])];
    } catch (error) {
      this.report(error);
      return [];
    }
  }

  protected override childrenOf({ forks }: RunItem | MoreItem): readonly RunItem[] {
    return forks;
  }

  protected override replace(item: RunItem | MoreItem, later: RunItem | MoreItem): void {
    const { forks } = item;
    super.replace(item, later);
    Object.assign(item, { forks });
  }

  /** Forks below the run that they began with, where it is listed. */
  private nested(runs: readonly ListedRun[]): RunItem[] {
    const labels = runLabels(runs);
    const items = runs.map((info, i) => {
      const shown = this.isPaused(info.folder) ? 'paused' : info.status;
      return new RunItem(info, shown, labels[i]);
    });
    const parents = items.map(({ info }) => parentOf(info, items));
    for (const [i, item] of items.entries()) parents[i]?.adopt(item);
    return items.filter((_, i) => !parents[i]);
  }
}

/**
 * The item's `viewItem`, which the `when` clauses of `command-definitions.ts` ask for. A run of another trainer cannot be
 * resumed here: for commands it is as good as complete. `info` is null for a run that cannot be read.
 */
function contextOf(shown: ShownStatus, info: RunInfo | null): ItemContext {
  const ended = shown === 'interrupted' || shown === 'stopped' || shown === 'failed';
  return ended && info !== null && info.origin.engine !== 'rollscope' ? 'run.completed' : `run.${shown}`;
}
