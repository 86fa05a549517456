/** The one fold of a run's records into columns. Deterministic; it changes the columns in place, for each record is folded once. Pure. */
import type { ScoredBy } from '../protocol/group.ts';
import { PHASES } from '../protocol/group-id.ts';
import type {
  GroupRecord,
  JournalRecord,
  MetricsRecord,
  RecordOf,
  StatisticsRecord,
  StepRecord,
} from '../protocol/records.ts';
import { saysRight } from '../reward/says-right.ts';
import { fromNullable, fromTruth, RunColumns } from './columns.ts';
import type { Head, RecordedForecast } from './head.ts';
import { foreignMetric } from './series.ts';

/** A record about the run as a whole. */
export type HeadRecord = Exclude<JournalRecord, GroupRecord | StepRecord | MetricsRecord | StatisticsRecord>;
type ForecastRecord = RecordOf<'forecast'>;

/**
 * Adds one record. Records arrive in the order of `seq`; one that was already folded is ignored, so overlapping
 * deliveries are harmless. A repeated step (of a run resumed from an earlier checkpoint) replaces the first one and
 * everything after it.
 * @returns whether the record was new
 */
export function fold(columns: RunColumns, record: JournalRecord): boolean {
  if (record.seq <= columns.seq) return false;
  columns.seq = record.seq;
  switch (record.type) {
    case 'group':
      foldGroup(columns, record);
      break;
    case 'step':
      foldStep(columns, record);
      break;
    case 'metrics':
      foldMetrics(columns, record);
      break;
    case 'statistics':
      foldStatistics(columns, record);
      break;
    default:
      columns.head = headAfter(columns.head, record);
  }
  return true;
}

/** The head after a record that affects nothing else. */
export function headAfter(head: Head, record: HeadRecord): Head {
  switch (record.type) {
    case 'run': {
      const says = record.config !== null && saysRight(record.config.reward);
      return { ...head, run: record, problems: record.problems, saysRight: says };
    }
    case 'evaluation': {
      const labeled = head.labeled || record.accuracy !== null;
      return { ...head, evaluations: replaceFrom(head.evaluations, record), labeled };
    }
    case 'forecast':
      return { ...head, forecast: toForecast(record), forecastScore: null };
    case 'forecast-score':
      return { ...head, forecastScore: { ...record.score, step: record.step } };
    case 'checkpoint':
      return { ...head, checkpoints: replaceFrom(head.checkpoints, record) };
    case 'problems':
      return { ...head, problems: record.total };
    case 'warning':
      return { ...head, warnings: [...head.warnings, record] };
    case 'lifecycle':
      return { ...head, lifecycle: record, ...(record.event === 'resumed' && { end: null }) };
    case 'end':
      return { ...head, end: record };
  }
}

/** Counts a record of a type that this version does not know. */
export function foldUnknown(columns: RunColumns, { seq, type }: { seq: number; type: string }): boolean {
  if (seq <= columns.seq) return false;
  columns.seq = seq;
  const { skipped } = columns.head;
  columns.head = { ...columns.head, skipped: { ...skipped, [type]: (skipped[type] ?? 0) + 1 } };
  return true;
}

/** What records add up to. */
export function columnsOf(records: Iterable<JournalRecord>): RunColumns {
  const columns = new RunColumns();
  for (const record of records) fold(columns, record);
  return columns;
}

function foldGroup(columns: RunColumns, record: GroupRecord): void {
  const { problem, step } = record;
  const { groups, clusters, texts } = columns;
  const { clusters: found, majority, means, rollouts, unanswered, truncated } = record;
  const phase = PHASES.indexOf(record.phase);
  const before = groups.columns;
  if (columns.hasGroupFrom(problem, phase, step))
    columns.excludeRows(problem, (row) => before.phase[row] === phase && before.step[row]! >= step);
  const first = clusters.length;
  for (const { answer, count, correct } of found) {
    const added = clusters.add();
    const to = clusters.columns;
    to.answer[added] = texts.intern(answer);
    to.count[added] = count;
    to.correct[added] = fromTruth(correct);
  }
  const row = groups.add();
  const to = groups.columns;
  to.problem[row] = problem;
  to.step[row] = step;
  to.phase[row] = phase;
  to.counts[row] = 1;
  to.rollouts[row] = rollouts;
  to.unanswered[row] = unanswered;
  to.truncated[row] = truncated ?? -1;
  to.answer[row] = texts.intern(majority?.answer ?? null);
  to.correct[row] = fromTruth(majority?.correct ?? null);
  to.tied[row] = Number(majority?.tied ?? false);
  to.share[row] = fromNullable(majority?.share);
  to.rawShare[row] = fromNullable(majority?.rawShare);
  to.reward[row] = fromNullable(means.reward);
  to.accuracy[row] = fromNullable(means.correct);
  to.tokens[row] = fromNullable(means.tokens);
  to.logprob[row] = fromNullable(means.logprob);
  to.entropy[row] = fromNullable(means.entropy);
  to.majorityLogprob[row] = fromNullable(majority?.logprob);
  to.clusters[row] = first;
  to.frameFile[row] = texts.intern(record.frame?.file ?? null);
  to.frameOffset[row] = fromNullable(record.frame?.offset);
  to.frameLength[row] = record.frame?.length ?? 0;
  columns.count(row);
  const labeled = means.correct !== null || found.some(({ correct }) => correct !== null);
  if (labeled && !columns.head.labeled) columns.head = { ...columns.head, labeled };
}

function foldStep(columns: RunColumns, record: StepRecord): void {
  const { step } = record;
  if (columns.series.cutFrom(step)) rewindTo(columns, step);
  const { head } = columns;
  const metrics = { ...record.metrics };
  // Older versions recorded one for every reward.
  if (!head.saysRight) metrics.rewardAccuracy = null;
  const foreign = Object.entries(record.foreign ?? {}).map(([name, value]) => [foreignMetric(name), value] as const);
  columns.series.push(step, [...Object.entries({ ...metrics, ...record.timing }), ...foreign]);
  columns.step = step;
  for (const { problem, kl, clipFraction } of record.problems ?? []) {
    const row = columns.updates.add();
    const to = columns.updates.columns;
    to.problem[row] = problem;
    to.step[row] = step;
    to.kl[row] = fromNullable(kl);
    to.clipFraction[row] = fromNullable(clipFraction);
  }
  if (metrics.groundTruthReward !== null && !head.labeled) columns.head = { ...head, labeled: true };
}

/** Its rollouts may have come already, may come later, or never. */
function foldMetrics(columns: RunColumns, { step, metrics, foreign }: MetricsRecord): void {
  const named = Object.entries(foreign).map(([name, value]) => [foreignMetric(name), value] as const);
  const entries = [...Object.entries(metrics), ...named];
  const isNew = step > (columns.series.steps.at(-1) ?? 0);
  if (isNew) columns.series.push(step, entries);
  else columns.series.merge(step, entries);
  // Copies of the series can only be extended.
  if (!isNew) columns.epoch++;
  columns.step = Math.max(columns.step, step);
}

/**
 * Adds statistics that were missing to a group that counts. This changes rows that others have copies of, so they are
 * sent again.
 */
function foldStatistics(columns: RunColumns, record: StatisticsRecord): void {
  const row = columns.find(record);
  if (row === null) return;
  const { means, majorityLogprob, frame, by } = record;
  const { groups, texts, head } = columns;
  groups.set(row, 'tokens', fromNullable(means.tokens));
  groups.set(row, 'logprob', fromNullable(means.logprob));
  groups.set(row, 'entropy', fromNullable(means.entropy));
  groups.set(row, 'majorityLogprob', fromNullable(majorityLogprob));
  groups.set(row, 'frameFile', texts.intern(frame.file));
  groups.set(row, 'frameOffset', frame.offset);
  groups.set(row, 'frameLength', frame.length);
  const known = head.scoredBy.some((entry) => isSameScorer(entry, by));
  if (!known) columns.head = { ...head, scoredBy: [...head.scoredBy, by] };
  if (record.phase === 'evaluation') fillEvaluation(columns, record.step);
  columns.epoch++;
}

/** The entropy of an evaluation that nobody measured, per token, once it is known of all of its groups. */
function fillEvaluation(columns: RunColumns, step: number): void {
  const { groups, head } = columns;
  if (!head.evaluations.some((entry) => entry.step === step && entry.entropy === null)) return;
  const of = groups.columns;
  const phase = PHASES.indexOf('evaluation');
  let [nats, tokens] = [0, 0];
  for (let row = 0; row < groups.length; row++) {
    if (of.step[row] !== step || of.phase[row] !== phase || of.counts[row] !== 1) continue;
    const count = of.tokens[row]! * of.rollouts[row]!;
    nats += of.entropy[row]! * count;
    tokens += count;
  }
  // NaN while a group is unknown.
  if (!(nats / tokens >= 0)) return;
  const evaluations = head.evaluations.map((entry) =>
    entry.step === step ? { ...entry, entropy: nats / tokens } : entry,
  );
  columns.head = { ...columns.head, evaluations };
}

function isSameScorer(a: ScoredBy, b: ScoredBy): boolean {
  return a.fingerprint === b.fingerprint && a.model === b.model && a.temperature === b.temperature;
}

/** The run returned to an earlier step: everything recorded after it no longer counts. */
function rewindTo(columns: RunColumns, step: number): void {
  const steps = columns.groups.columns.step;
  for (const problem of columns.sampled) columns.excludeRows(problem, (row) => steps[row]! > step);
  const updates = columns.updates.columns.step;
  let length = columns.updates.length;
  while (length > 0 && updates[length - 1]! >= step) length--;
  columns.updates.truncate(length);
  const { head } = columns;
  if (head.forecastScore && head.forecastScore.step >= step) columns.head = { ...head, forecastScore: null };
  columns.epoch++;
}

/** Items ascend by step: a new one replaces those at and after its step. */
function replaceFrom<T extends { step: number }>(items: readonly T[], item: T): T[] {
  return [...items.filter(({ step }) => step < item.step), item];
}

function toForecast({ forecast }: ForecastRecord): RecordedForecast {
  const { reward, by, accuracy, wrong } = forecast;
  const likelyWrong = new Set(forecast.likelyWrong);
  const problems = forecast.problems.map((problem) => ({ ...problem, likelyWrong: likelyWrong.has(problem.problem) }));
  return {
    reward,
    by,
    accuracy,
    wrong,
    problems: Object.fromEntries(problems.map((problem) => [problem.problem, problem])),
  };
}
