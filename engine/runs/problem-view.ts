/**
 * What a run says of one problem at one step. The only place that decides which group represents a problem, whether it
 * has a majority, a tie or no answer, is correct or wrong, and since when: panel, lenses, terminal, exports and reports
 * ask here. Pure.
 */
import { PHASES, type Phase } from '../protocol/group-id.ts';
import { type QuadrantPlace, type Verdict, type VoteStatus, verdictAsBoolean } from '../protocol/verdict.ts';
import { knownNumber, type RunColumns } from './columns.ts';
import type { Prediction } from './head.ts';
import { candidateAt, candidateIn, candidatesOf, type Representative, scan } from './representatives.ts';
import { quadrantAt, statusAt, verdictAt } from './standing.ts';

export type Status = 'unsampled' | VoteStatus;
/** Without a reference answer only the share is known; before the first sample, nothing is. */
export type AnyQuadrant = QuadrantPlace | 'confident' | 'uncertain' | 'none';

export interface ProblemView {
  /** Index of the problem. */
  problem: number;
  /** Row of the group that represents it; null before the problem was sampled, as are its step and phase. */
  row: number | null;
  step: number | null;
  phase: Phase | null;
  status: Status;
  /** The majority answer; null if there is none. */
  answer: string | null;
  /** Share of the rollouts that gave the majority answer; then the same for answers as written. */
  share: number | null;
  rawShare: number | null;
  verdict: Verdict;
  quadrant: AnyQuadrant;
  rollouts: number;
  unanswered: number;
  /** Truncated at the length limit; null if unknown. */
  truncated: number | null;
  /** Means over the rollouts: of the reward, and of the length in tokens; null where unknown. */
  reward: number | null;
  length: number | null;
  /** Mean correctness of the rollouts; null without a reference. */
  accuracy: number | null;
  /** Geometric mean of the token probabilities of the majority's rollouts; null where unknown. */
  confidence: number | null;
  /**
   * That confidence minus the one of the other rollouts, including those without an answer, -1 to 1: below 0, vote and
   * likelihood disagree. null if unknown, and if there are no others.
   */
  lead: number | null;
  /** The steps since which answer and verdict have not changed; null without an answer, or a verdict. */
  since: { answer: number | null; verdict: number | null };
  /**
   * The last change of the verdict: the first step with the current verdict, and the last step with the previous one.
   * null if it has never changed.
   */
  flip: { since: number; until: number; from: Verdict } | null;
  /** The run's prediction for it; null if there is none. */
  prediction: Prediction | null;
  /** Whether the predicted outcome occurred; null before the end, and without a reference. */
  outcome: boolean | null;
}

/**
 * A problem as the run knows it at a step: by the group of the phases train, evaluation and probe that was recorded last,
 * at or before that step. With `only`, only groups of that phase count, greedy ones too.
 */
export function problemView(
  columns: RunColumns,
  problem: number,
  at = Number.POSITIVE_INFINITY,
  only: Phase | null = null,
): ProblemView {
  return copyOf(lazyView(columns, problem, at, only));
}

/**
 * The same, with values that are computed when they are read: most of a list of ten thousand problems that follows the
 * pointer from step to step are never shown. Valid until the columns grow.
 */
export function lazyView(columns: RunColumns, problem: number, at: number, only: Phase | null = null): ProblemView {
  const found =
    only === null ? candidateAt(columns, problem, at) : scan(columns, problem, candidateIn(columns, at, only));
  if (found) return new SampledView(columns, problem, found);
  const prediction = predictionOf(columns, problem);
  return { ...UNSAMPLED, problem, prediction, outcome: prediction && outcomeOf(columns, problem) };
}

/**
 * A problem at the step that others are compared with. `from` null: before training, that is, the evaluation or the
 * probe before the first step, otherwise the run's first rollouts of it.
 */
export function viewBefore(columns: RunColumns, problem: number, from: number | null): ProblemView {
  return copyOf(lazyBefore(columns, problem, from));
}

/** The same, as {@link lazyView}. */
export function lazyBefore(columns: RunColumns, problem: number, from: number | null): ProblemView {
  if (from !== null) return lazyView(columns, problem, from);
  const before = lazyView(columns, problem, 0);
  if (before.row !== null) return before;
  const [first] = candidatesOf(columns, problem).rows;
  return first === undefined ? before : lazyView(columns, problem, columns.groups.columns.step[first]!);
}

/** Describes {@link viewBefore} for `from` null: a run without rollouts before its first step has no "before". */
export function beforeText({ groups }: RunColumns): string {
  const isMissing = groups.length > 0 && !groups.columns.step.subarray(0, groups.length).includes(0);
  return isMissing ? 'first rollouts' : 'before training';
}

/** Whether two answers differ; correct ones count as equal, however they are written. */
export function hasOtherAnswer(
  a: Pick<ProblemView, 'answer' | 'verdict'>,
  b: Pick<ProblemView, 'answer' | 'verdict'>,
): boolean {
  if (a.answer === null || b.answer === null || a.answer === b.answer) return false;
  return !(a.verdict === 'correct' && b.verdict === 'correct');
}

/** A problem without rollouts. */
export function unsampled(problem: number): ProblemView {
  return { ...UNSAMPLED, problem, prediction: null, outcome: null };
}

const UNSAMPLED: Omit<ProblemView, 'problem' | 'prediction' | 'outcome'> = {
  row: null,
  step: null,
  phase: null,
  status: 'unsampled',
  answer: null,
  share: null,
  rawShare: null,
  verdict: 'unknown',
  quadrant: 'none',
  rollouts: 0,
  unanswered: 0,
  truncated: null,
  reward: null,
  length: null,
  accuracy: null,
  confidence: null,
  lead: null,
  since: { answer: null, verdict: null },
  flip: null,
};

/** Values of the problem whose group is in a row. */
class SampledView implements ProblemView {
  constructor(
    private readonly columns: RunColumns,
    readonly problem: number,
    private readonly found: Representative,
  ) {}

  get row(): number {
    return this.found.row;
  }
  get step(): number {
    return this.values.step[this.row]!;
  }
  get phase(): Phase {
    return PHASES[this.values.phase[this.row]!]!;
  }
  get status(): VoteStatus {
    return statusAt(this.columns, this.row);
  }
  get answer(): string | null {
    return this.columns.texts.at(this.values.answer[this.row]!);
  }
  get share(): number | null {
    return knownNumber(this.values.share[this.row]!);
  }
  get rawShare(): number | null {
    return knownNumber(this.values.rawShare[this.row]!);
  }
  get verdict(): Verdict {
    return verdictAt(this.columns, this.row);
  }
  get quadrant(): AnyQuadrant {
    return quadrantAt(this.columns, this.row);
  }
  get rollouts(): number {
    return this.values.rollouts[this.row]!;
  }
  get unanswered(): number {
    return this.values.unanswered[this.row]!;
  }
  get truncated(): number | null {
    const truncated = this.values.truncated[this.row]!;
    return truncated < 0 ? null : truncated;
  }
  get reward(): number | null {
    return knownNumber(this.values.reward[this.row]!);
  }
  get length(): number | null {
    return knownNumber(this.values.tokens[this.row]!);
  }
  get accuracy(): number | null {
    return knownNumber(this.values.accuracy[this.row]!);
  }
  get confidence(): number | null {
    const logprob = knownNumber(this.values.majorityLogprob[this.row]!);
    return logprob === null ? null : Math.exp(logprob);
  }
  get lead(): number | null {
    const { share, logprob, majorityLogprob } = this.values;
    const [part, all, own] = [share[this.row]!, logprob[this.row]!, majorityLogprob[this.row]!];
    // Fractions of whole rollouts that are below 1 leave at least one other rollout.
    if (!(part < 1 - 1e-9)) return null;
    return knownNumber(Math.exp(own) - Math.exp((all - part * own) / (1 - part)));
  }
  get since(): ProblemView['since'] {
    const { step } = this.values;
    return {
      answer: this.answer === null ? null : step[this.found.answerFrom]!,
      verdict: this.verdict === 'unknown' ? null : step[this.found.verdictFrom]!,
    };
  }
  get flip(): ProblemView['flip'] {
    const { verdictFrom, verdictBefore } = this.found;
    if (verdictBefore === -1) return null;
    const { step } = this.values;
    return { since: step[verdictFrom]!, until: step[verdictBefore]!, from: verdictAt(this.columns, verdictBefore) };
  }
  get prediction(): Prediction | null {
    return predictionOf(this.columns, this.problem);
  }
  get outcome(): boolean | null {
    return this.prediction && outcomeOf(this.columns, this.problem);
  }

  private get values() {
    return this.columns.groups.columns;
  }
}

function predictionOf({ head }: RunColumns, problem: number): Prediction | null {
  return head.forecast?.problems[problem] ?? null;
}

/** All values of a view, as a plain object that can be kept and sent. */
export function copyOf(view: ProblemView): ProblemView {
  return {
    problem: view.problem,
    row: view.row,
    step: view.step,
    phase: view.phase,
    status: view.status,
    answer: view.answer,
    share: view.share,
    rawShare: view.rawShare,
    verdict: view.verdict,
    quadrant: view.quadrant,
    rollouts: view.rollouts,
    unanswered: view.unanswered,
    truncated: view.truncated,
    reward: view.reward,
    length: view.length,
    accuracy: view.accuracy,
    confidence: view.confidence,
    lead: view.lead,
    since: view.since,
    flip: view.flip,
    prediction: view.prediction,
    outcome: view.outcome,
  };
}

/**
 * Whether a problem whose answer was predicted ended correct: by the votes that scored the forecast, those of a probe
 * if there was one, otherwise of the evaluation. null before there is a score, and without a reference.
 */
function outcomeOf(columns: RunColumns, problem: number): boolean | null {
  const step = columns.head.forecastScore?.step;
  if (step === undefined) return null;
  const row = columns.find({ phase: 'probe', step, problem }) ?? columns.find({ phase: 'evaluation', step, problem });
  if (row === null) return null;
  return verdictAsBoolean(verdictAt(columns, row));
}
