/**
 * What a run's journal adds up to: the fold that the panel, the editor's lenses and trees, and `rollscope show` share.
 * `foldRecord` is deterministic and reads nothing but its arguments; it changes the state in place and returns it,
 * because a run has tens of thousands of records and each is folded once. Rollout summaries are packed into columns
 * (about a fifth of the objects' size); `rolloutsOf` gives them back.
 */
import type { Forecast, ForecastScore, ProblemForecast } from './forecast.ts';
import type { ClusterCount, Phase } from './group.ts';
import type { EvaluationRecord, GroupRecord, JournalRecord, RolloutSummary, StepRecord } from './records.ts';
import { saysRight } from './reward-expression.ts';

type RecordOf<T extends JournalRecord['type']> = Extract<JournalRecord, { type: T }>;
/** Every number that a step record carries: its metrics and its timing. */
export type Metric = keyof StepRecord['metrics'] | keyof StepRecord['timing'];

/** A majority share above this counts as sure. */
export const SURE = 0.8;

/** Summaries of a group's rollouts, one entry a rollout; NaN stands for null. */
interface RolloutColumns {
  answers: (string | null)[];
  /** Index of the cluster, -1 for none. */
  cluster: Int16Array;
  /** 1 right, 0 wrong, -1 unknown. */
  correct: Int8Array;
  /** Six numbers a rollout: reward, advantage, tokens, mean log-probability, mean entropy, repetition. */
  numbers: Float64Array;
  /** 1 where the length limit cut the rollout. */
  cut: Uint8Array;
}
const NUMBERS = 6;

/** One problem's rollouts at one step. */
export interface Group {
  /** Sequence number of the group record. */
  seq: number;
  step: number;
  phase: Phase;
  problem: number;
  /** Largest first. */
  clusters: ClusterCount[];
  /** Number of rollouts, of which `noAnswer` gave no answer. */
  rollouts: number;
  noAnswer: number;
  majority: GroupRecord['majority'];
  columns: RolloutColumns;
}

/** One problem's groups in the order of their steps, at most one a step. */
export interface ProblemHistory {
  problem: number;
  /** From training or probing: the rollouts that vote. */
  groups: Group[];
  /** From evaluations (sampled). */
  evaluations: Group[];
  /** From greedy decoding. */
  greedy: Group[];
  /** From probing for the forecast of a run that trains: before its first and after its last step. */
  probes: Group[];
}

/** What was foretold of one problem. */
export interface Foretold extends ProblemForecast {
  /** Amplified, and wrong, is the likelier. */
  likelyWrong: boolean;
}

/** What was foretold before the first step. */
export interface RunForecast extends Pick<Forecast, 'reward' | 'by' | 'accuracy' | 'wrong'> {
  /** By the problem's index. */
  problems: Map<number, Foretold>;
}

export interface RunState {
  run: RecordOf<'run'> | null;
  /** Number of the last record folded; -1 before the first. */
  seq: number;
  /** The latest finished step; 0 before the first. */
  step: number;
  /** The finished steps, ascending, and for each the values of every metric (null where a value does not exist). */
  steps: number[];
  series: Partial<Record<Metric, (number | null)[]>>;
  evaluations: EvaluationRecord[];
  /** null before it is made, and in runs without one. */
  forecast: RunForecast | null;
  /** How the forecast turned out; null before the end, and without labels. */
  forecastScore: (ForecastScore & { step: number }) | null;
  /** By the problem's index. Only problems that were sampled are there. */
  problems: Map<number, ProblemHistory>;
  /** Every group by its sequence number. */
  groups: Map<number, Group>;
  warnings: RecordOf<'warning'>[];
  checkpoints: RecordOf<'checkpoint'>[];
  /** The latest thing that people did to the run. */
  lifecycle: RecordOf<'lifecycle'> | null;
  /** How the run ended; null while it goes on, and again after it was resumed. */
  end: RecordOf<'end'> | null;
  /** True once any correctness is known: without labels, right and wrong are null everywhere. */
  labelled: boolean;
  /** Whether the reward says right or wrong: without, it has no accuracy. */
  saysRight: boolean;
}

export function initialRunState(): RunState {
  return {
    run: null,
    seq: -1,
    step: 0,
    steps: [],
    series: {},
    evaluations: [],
    forecast: null,
    forecastScore: null,
    problems: new Map(),
    groups: new Map(),
    warnings: [],
    checkpoints: [],
    lifecycle: null,
    end: null,
    labelled: false,
    saysRight: true,
  };
}

/**
 * Adds one record to the state (in place) and returns it. Records come in the order of `seq`; one that was folded
 * already is ignored, so overlapping deliveries do no harm. A step that comes again (a run resumed from an earlier
 * checkpoint) replaces what followed from the first time.
 */
export function foldRecord(state: RunState, record: JournalRecord): RunState {
  if (record.seq <= state.seq) return state;
  state.seq = record.seq;
  switch (record.type) {
    case 'run':
      state.run = record;
      state.saysRight = saysRight(record.config.reward);
      break;
    case 'group':
      foldGroup(state, record);
      break;
    case 'step':
      foldStep(state, record);
      break;
    case 'evaluation':
      cutFrom(state.evaluations, record.step);
      state.evaluations.push(record);
      if (record.accuracy) state.labelled = true;
      break;
    case 'forecast':
      state.forecast = toForecast(record);
      state.forecastScore = null;
      break;
    case 'forecast-score':
      state.forecastScore = { ...record.score, step: record.step };
      break;
    case 'checkpoint':
      cutFrom(state.checkpoints, record.step);
      state.checkpoints.push(record);
      break;
    case 'warning':
      state.warnings.push(record);
      break;
    case 'lifecycle':
      state.lifecycle = record;
      if (record.event === 'resumed') state.end = null;
      break;
    case 'end':
      state.end = record;
      break;
  }
  return state;
}

export function foldRecords(state: RunState, records: Iterable<JournalRecord>): RunState {
  for (const record of records) foldRecord(state, record);
  return state;
}

/** The rollout summaries of a group, as its record had them. */
export function rolloutsOf(group: Group): RolloutSummary[] {
  const { answers, cluster, correct, numbers, cut } = group.columns;
  const number = (i: number, k: number): number | null => {
    const value = numbers[i * NUMBERS + k]!;
    return Number.isNaN(value) ? null : value;
  };
  return answers.map((answer, i) => ({
    answer,
    cluster: cluster[i]! < 0 ? null : cluster[i]!,
    correct: correct[i]! < 0 ? null : correct[i] === 1,
    reward: number(i, 0),
    advantage: number(i, 1),
    tokens: number(i, 2) ?? 0,
    logprob: number(i, 3),
    entropy: number(i, 4),
    repetition: number(i, 5),
    finish: cut[i] === 1 ? 'length' : 'stop',
  }));
}

/** The latest item whose step is not after `step`; undefined when there is none. Items ascend by step. */
export function atStep<T extends { step: number }>(items: readonly T[], step: number): T | undefined {
  return items[firstAfter(items, step) - 1];
}

/** The step from which the majority at `step` has stood without a change; null without a majority. */
export function majoritySince(groups: readonly Group[], step: number): number | null {
  let i = firstAfter(groups, step) - 1;
  const answer = groups[i]?.majority?.answer;
  if (answer === undefined) return null;
  while (i > 0 && groups[i - 1]!.majority?.answer === answer) i--;
  return groups[i]!.step;
}

/** The last value of a metric that exists at or before a step; null without one. */
export function metricAt(state: RunState, metric: Metric, step: number): number | null {
  const values = state.series[metric];
  if (!values) return null;
  let i = state.steps.length - 1;
  while (i >= 0 && state.steps[i]! > step) i--;
  return values[i] ?? null;
}

/** What the collapse watch said last, at or before a step; null where it has not warned. */
export function collapseWarningAt(
  state: RunState,
  step: number,
): { level: 'watch' | 'collapse'; step: number; message: string } | null {
  const found = state.warnings.findLast(
    (warning) => (warning.code === 'collapse' || warning.code === 'collapse-watch') && (warning.step ?? 0) <= step,
  );
  if (!found) return null;
  return { level: found.code === 'collapse' ? 'collapse' : 'watch', step: found.step ?? 0, message: found.message };
}

/**
 * Whether a problem that was foretold ended right: by the votes that scored the forecast. null before there is a score,
 * and without a reference.
 */
export function outcomeOf(state: RunState, problem: number): boolean | null {
  const history = state.problems.get(problem);
  const score = state.forecastScore;
  if (!history || !score) return null;
  const last = [history.probes, history.evaluations].flatMap((groups) => {
    const group = atStep(groups, score.step);
    return group?.step === score.step ? [group] : [];
  })[0];
  if (!last) return null;
  if (last.majority) return last.majority.correct;
  return last.columns.correct.some((correct) => correct >= 0) ? false : null;
}

function toForecast({ forecast }: RecordOf<'forecast'>): RunForecast {
  const { reward, by, accuracy, wrong } = forecast;
  const likelyWrong = new Set(forecast.likelyWrong);
  const problems = forecast.problems.map((one) => ({ ...one, likelyWrong: likelyWrong.has(one.problem) }));
  return { reward, by, accuracy, wrong, problems: new Map(problems.map((one) => [one.problem, one])) };
}

/** Where a group stands among its problem's: a run that trains keeps its probes apart from the rollouts that train. */
function listOf(state: RunState, history: ProblemHistory, phase: Phase): Group[] {
  if (phase === 'evaluation') return history.evaluations;
  if (phase === 'greedy') return history.greedy;
  return phase === 'probe' && state.run?.config.job === 'train' ? history.probes : history.groups;
}

function foldGroup(state: RunState, record: GroupRecord): void {
  const group = toGroup(record);
  let history = state.problems.get(record.problem);
  if (!history) {
    history = { problem: record.problem, groups: [], evaluations: [], greedy: [], probes: [] };
    state.problems.set(record.problem, history);
  }
  const list = listOf(state, history, record.phase);
  for (const gone of cutFrom(list, record.step)) state.groups.delete(gone.seq);
  list.push(group);
  state.groups.set(group.seq, group);
  if (!state.labelled && record.clusters.some((cluster) => cluster.correct !== null)) state.labelled = true;
}

function foldStep(state: RunState, record: StepRecord): void {
  let length = state.steps.length;
  while (length > 0 && state.steps[length - 1]! >= record.step) length--;
  if (length < state.steps.length) {
    state.steps.length = length;
    for (const values of Object.values(state.series)) values.length = length;
  }
  if (state.forecastScore && state.forecastScore.step >= record.step) state.forecastScore = null;
  state.steps.push(record.step);
  state.step = record.step;
  const metrics = { ...record.metrics };
  // Older versions recorded one for every reward.
  if (!state.saysRight) metrics.rewardAccuracy = null;
  for (const [metric, value] of Object.entries({ ...metrics, ...record.timing })) {
    // A metric that was not there from the first step has nulls before.
    state.series[metric as Metric] ??= new Array<number | null>(length).fill(null);
    state.series[metric as Metric]!.push(value);
  }
  for (const values of Object.values(state.series)) if (values.length === length) values.push(null);
  if (record.metrics.groundTruthReward !== null) state.labelled = true;
}

function toGroup(record: GroupRecord): Group {
  const n = record.rollouts.length;
  const columns: RolloutColumns = {
    answers: new Array<string | null>(n),
    cluster: new Int16Array(n),
    correct: new Int8Array(n),
    numbers: new Float64Array(n * NUMBERS),
    cut: new Uint8Array(n),
  };
  let noAnswer = 0;
  record.rollouts.forEach((rollout, i) => {
    // Most members write the cluster's answer: share that string instead of keeping one for each.
    const shared = rollout.cluster === null ? undefined : record.clusters[rollout.cluster]?.answer;
    columns.answers[i] = rollout.answer !== null && rollout.answer === shared ? shared : rollout.answer;
    columns.cluster[i] = rollout.cluster ?? -1;
    columns.correct[i] = rollout.correct === null ? -1 : Number(rollout.correct);
    columns.numbers.set(
      [
        rollout.reward ?? Number.NaN,
        rollout.advantage ?? Number.NaN,
        rollout.tokens,
        rollout.logprob ?? Number.NaN,
        rollout.entropy ?? Number.NaN,
        rollout.repetition ?? Number.NaN,
      ],
      i * NUMBERS,
    );
    columns.cut[i] = rollout.finish === 'length' ? 1 : 0;
    if (rollout.cluster === null) noAnswer++;
  });
  return {
    seq: record.seq,
    step: record.step,
    phase: record.phase,
    problem: record.problem,
    clusters: record.clusters.map(({ answer, members, correct }) => ({ answer, count: members.length, correct })),
    rollouts: n,
    noAnswer,
    majority: record.majority,
    columns,
  };
}

/** Index of the first item after a step, by bisection. */
function firstAfter(items: readonly { step: number }[], step: number): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (items[middle]!.step <= step) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Removes and returns the items at and after a step. */
function cutFrom<T extends { step: number }>(items: T[], step: number): T[] {
  let i = items.length;
  while (i > 0 && items[i - 1]!.step >= step) i--;
  return items.splice(i);
}
