/**
 * What a run's journal adds up to, as columns: a row for each group of rollouts, ragged clusters, a table of texts, metric
 * series, and the few records that are kept as they are (`head.ts`). `fold.ts` fills it; `problem-view.ts` says what it means
 * for a problem. The extension host holds it, an index file stores it, and the panel gets copies of its arrays. Pure.
 */
import type { ClusterCount, FramePointer, GroupId, GroupSummary, Majority } from '../protocol/group.ts';
import { PHASES, type Phase } from '../protocol/group-id.ts';
import { EMPTY_HEAD, type Head } from './head.ts';
import { type Metric, MetricSeries } from './series.ts';
import { Strings } from './strings.ts';
import { Table } from './table.ts';

/** A row per group, in the order of the journal. NaN in a Float64 column: unknown. */
const GROUPS = {
  problem: Int32Array,
  step: Int32Array,
  /** Place in `PHASES`. */
  phase: Uint8Array,
  /** 1 until a later record of the same group, or of an earlier step, replaces it. */
  counts: Uint8Array,
  rollouts: Int32Array,
  unanswered: Int32Array,
  /** -1: unknown. */
  truncated: Int32Array,
  /** Text number of the majority answer; `NO_TEXT` without a majority. */
  answer: Int32Array,
  /** Verdict of the majority: 1 correct, 0 wrong, -1 unknown. */
  correct: Int8Array,
  /** 1 where another cluster is as large as the majority's. */
  tied: Uint8Array,
  /** Share of the rollouts that gave the majority answer; then the same for answers as written. */
  share: Float64Array,
  rawShare: Float64Array,
  /** Means over the rollouts; log-probability and entropy in nats/token. */
  reward: Float64Array,
  /** Share of right rollouts; NaN without a reference. */
  accuracy: Float64Array,
  tokens: Float64Array,
  logprob: Float64Array,
  entropy: Float64Array,
  /** Mean log-probability of the majority's rollouts. */
  majorityLogprob: Float64Array,
  /** First row in the table of clusters; the clusters end where the next group's begin. */
  clusters: Int32Array,
  /** Where the rollouts are: text number of the file name (`NO_TEXT` for nowhere), byte and number of bytes. */
  frameFile: Int32Array,
  frameOffset: Float64Array,
  frameLength: Int32Array,
} as const;

/** Clusters of all groups, those of a group together and the largest first. */
const CLUSTERS = {
  /** Text number. */
  answer: Int32Array,
  count: Int32Array,
  /** 1 right, 0 wrong, -1 unknown. */
  correct: Int8Array,
} as const;

/** What the updates of a step recorded about its problems. */
const UPDATES = {
  problem: Int32Array,
  step: Int32Array,
  kl: Float64Array,
  clipFraction: Float64Array,
} as const;

/** The columns of one run. Rows are numbered from 0 in the order of the journal; `rowsOf` has those that count. */
export class RunColumns {
  readonly groups = new Table(GROUPS);
  readonly clusters = new Table(CLUSTERS);
  readonly updates = new Table(UPDATES);
  readonly texts = new Strings();
  readonly series = new MetricSeries();
  head: Head = EMPTY_HEAD;
  /** Number of the last record folded; -1 before the first. */
  seq = -1;
  /** The latest finished step; 0 before the first. */
  step = 0;
  /** Raised when existing rows or steps stop counting, which makes all copies of them stale. */
  epoch = 0;
  /** Row numbers by problem. A map, since a damaged record may name a problem of any index. */
  private readonly rows = new Map<number, number[]>();
  /**
   * For each problem and phase, the highest step of the groups that count: most records arrive in the order of their
   * steps.
   */
  private readonly highest = new Map<number, number[]>();

  /** Rows of a problem's groups that count, in the order in which they were recorded. */
  rowsOf(problem: number): readonly number[] {
    return this.rows.get(problem) ?? [];
  }

  /** Indices of the problems that were sampled, in their order. */
  get sampled(): number[] {
    const problems = Array.from(this.rows, ([problem, rows]) => (rows.length > 0 ? problem : -1));
    return problems.filter((problem) => problem >= 0).sort((a, b) => a - b);
  }

  /** The rows of all groups that count, in the order in which they were recorded. */
  get countedRows(): number[] {
    const { counts } = this.groups.columns;
    return Array.from({ length: this.groups.length }, (_, row) => row).filter((row) => counts[row] === 1);
  }

  /** The rows of one phase, in the order of their steps. */
  phaseRows(problem: number, phase: Phase): number[] {
    const { phase: phases } = this.groups.columns;
    const wanted = PHASES.indexOf(phase);
    return this.rowsOf(problem).filter((row) => phases[row] === wanted);
  }

  /** The row of a group; null if none that counts exists. */
  find({ phase, step, problem }: GroupId): number | null {
    const { step: steps } = this.groups.columns;
    return this.phaseRows(problem, phase).findLast((row) => steps[row] === step) ?? null;
  }

  idOf(row: number): GroupId {
    const { phase, step, problem } = this.groups.columns;
    return { phase: PHASES[phase[row]!]!, step: step[row]!, problem: problem[row]! };
  }

  /** Largest first. */
  clustersOf(row: number): ClusterCount[] {
    const starts = this.groups.columns.clusters;
    const end = row + 1 < this.groups.length ? starts[row + 1]! : this.clusters.length;
    const { answer, count, correct } = this.clusters.columns;
    return Array.from({ length: end - starts[row]! }, (_, i) => {
      const at = starts[row]! + i;
      return { answer: this.texts.at(answer[at]!)!, count: count[at]!, correct: truth(correct[at]!) };
    });
  }

  /** The counts and means that the group's record contains. */
  summaryOf(row: number): GroupSummary {
    const { rollouts, unanswered, truncated, reward, accuracy, tokens, logprob, entropy } = this.groups.columns;
    return {
      ...this.idOf(row),
      clusters: this.clustersOf(row),
      majority: this.majorityOf(row),
      rollouts: rollouts[row]!,
      unanswered: unanswered[row]!,
      truncated: truncated[row]! < 0 ? null : truncated[row]!,
      means: {
        reward: knownNumber(reward[row]!),
        correct: knownNumber(accuracy[row]!),
        tokens: knownNumber(tokens[row]!),
        logprob: knownNumber(logprob[row]!),
        entropy: knownNumber(entropy[row]!),
      },
    };
  }

  private majorityOf(row: number): Majority | null {
    const { answer, share, rawShare, correct, tied, majorityLogprob } = this.groups.columns;
    const text = this.texts.at(answer[row]!);
    if (text === null) return null;
    return {
      answer: text,
      share: share[row]!,
      rawShare: rawShare[row]!,
      correct: truth(correct[row]!),
      tied: tied[row] === 1,
      logprob: knownNumber(majorityLogprob[row]!),
    };
  }

  frameOf(row: number): FramePointer | null {
    const { frameFile, frameOffset, frameLength } = this.groups.columns;
    const file = this.texts.at(frameFile[row]!);
    return file === null ? null : { file, offset: frameOffset[row]!, length: frameLength[row]! };
  }

  /** What the updates of a group's step recorded about its problem; null if nothing. */
  updateOf(row: number): { kl: number | null; clipFraction: number | null } | null {
    const { phase, step, problem } = this.idOf(row);
    const { columns, length } = this.updates;
    if (phase !== 'train') return null;
    for (let i = length - 1; i >= 0 && columns.step[i]! >= step; i--) {
      if (columns.step[i] === step && columns.problem[i] === problem) {
        return { kl: knownNumber(columns.kl[i]!), clipFraction: knownNumber(columns.clipFraction[i]!) };
      }
    }
    return null;
  }

  /** The value of a metric at the last step at or before `step`; null without one. */
  metricAt(metric: Metric, step: number): number | null {
    return this.series.at(metric, step);
  }

  /** Adds a new row to those of its problem. */
  count(row: number): void {
    const { problem: problems, phase, step } = this.groups.columns;
    const problem = problems[row]!;
    const rows = this.rows.get(problem);
    if (rows) rows.push(row);
    else this.rows.set(problem, [row]);
    const highest = this.highest.get(problem) ?? PHASES.map(() => -1);
    this.highest.set(problem, highest);
    highest[phase[row]!] = Math.max(highest[phase[row]!]!, step[row]!);
  }

  /** Whether a group of the problem and phase that counts is of this step or a later one. */
  hasGroupFrom(problem: number, phase: number, step: number): boolean {
    return (this.highest.get(problem)?.[phase] ?? -1) >= step;
  }

  /** Makes the rows of a problem for which `gone` is true stop counting. */
  excludeRows(problem: number, gone: (row: number) => boolean): void {
    const rows = this.rows.get(problem);
    if (!rows?.some(gone)) return;
    for (const row of rows) if (gone(row)) this.groups.set(row, 'counts', 0);
    this.rows.delete(problem);
    this.highest.delete(problem);
    for (const row of rows) if (this.groups.columns.counts[row] === 1) this.count(row);
    if (!this.rows.has(problem)) this.rows.set(problem, []);
    this.epoch++;
  }

  /** Finds the rows of all problems again, after rows were added as a whole. */
  indexRows(from: number): void {
    const { counts } = this.groups.columns;
    for (let row = from; row < this.groups.length; row++) if (counts[row] === 1) this.count(row);
  }
}

/** 1 in a column is true, 0 false, anything else null. */
export function truth(value: number): boolean | null {
  return value === 1 ? true : value === 0 ? false : null;
}

/** Right, wrong and unknown as a column keeps them. */
export function fromTruth(value: boolean | null): number {
  return value === null ? -1 : Number(value);
}

/** A number as a column keeps it. */
export function fromNullable(value: number | null | undefined): number {
  return value ?? Number.NaN;
}

/** A number of a column; null if it is unknown. */
export function knownNumber(value: number): number | null {
  return Number.isNaN(value) ? null : value;
}
