/**
 * Two to six runs, or steps of one, on the same problems: what each is at its step, and for the first against each of the
 * others which problems only one of them has right. Terminal and editor show these numbers. Pure.
 */
import { bootstrap, DIFFERENCES } from '../../analysis/estimates.ts';
import { mcnemar, type PairedOutcomes, pairedOutcomes, pairedProportions } from '../../analysis/paired.ts';
import { RollscopeError } from '../../protocol/errors.ts';
import type { Estimate } from '../../protocol/estimate.ts';
import type { Phase } from '../../protocol/group-id.ts';
import type { Problem } from '../../protocol/problem.ts';
import { meanShare } from '../../protocol/values.ts';
import { verdictAsBoolean } from '../../protocol/verdict.ts';
import { wilson } from '../../protocol/wilson.ts';
import type { RunColumns } from '../columns.ts';
import { hasOtherAnswer, type ProblemView, problemView, viewBefore } from '../problem-view.ts';
import { MAX_RUNS } from './letters.ts';
import { type MatchedProblems, matchProblems } from './match.ts';
import { type ConfiguredRun, differentSettings, type SettingDifference } from './settings.ts';

export interface RunToCompare {
  run: string;
  folder: string;
  file: ConfiguredRun;
  problems: readonly Problem[];
  columns: RunColumns;
  /** The step to compare; null for the latest, 0 for before training. */
  step: number | null;
}

/** Measures over the problems that all runs have, at one step of one run; null if there is none. */
export interface Measures {
  /** Latest step of the groups that speak; null without any. */
  step: number | null;
  /** Problems with rollouts, and how many of them have a reference. */
  problems: number;
  labeled: number;
  /** Rollouts per problem; null if problems differ. */
  samples: number | null;
  /** avg@k with a bootstrap over problems; maj@k and pass@k with Wilson's interval. */
  accuracy: Estimate | null;
  majorityAccuracy: Estimate | null;
  passAtK: Estimate | null;
  /** Mean majority share; a problem without an answer has a share of 0. */
  majorityShare: number | null;
}

export interface RunAtStep {
  run: string;
  folder: string;
  /** The step that was requested. */
  asked: number | null;
  before: Measures;
  at: Measures;
  /** Its problems that not all runs have. */
  unmatched: number;
}

/** Another run compared with the first: the differences of its measures. */
export interface PairComparison {
  /** Places of the two runs. */
  first: number;
  second: number;
  /** Problems with a verdict in both. */
  problems: number;
  /** By whether the majority answer is right. */
  outcomes: PairedOutcomes;
  /** Second minus first: of the mean correctness, with a bootstrap over the problems, and of the share of right majorities. */
  accuracy: Estimate | null;
  majorityAccuracy: Estimate | null;
  /** Exact p-value of McNemar's test on the outcomes; null without verdicts. */
  p: number | null;
  /** Problems with an answer in both, and how many of them have another answer. */
  answered: number;
  switched: number;
}

/** A problem that all runs have. */
export interface ComparedProblem {
  /** The problem's id in the first run. */
  id: string;
  /** One per run. */
  views: ProblemView[];
}

export interface RunComparison {
  /** The rollouts that speak: of this phase, or each problem's latest (null). */
  phase: Phase | null;
  matched: Pick<MatchedProblems, 'byText' | 'otherReferences'> & { problems: number };
  runs: RunAtStep[];
  pairs: PairComparison[];
  settings: SettingDifference[];
  problems: ComparedProblem[];
}

/**
 * @param runs 2 to 6
 * @param phase whose rollouts speak; default: the evaluation's where every run has one at its step, else each problem's latest
 * @param first place of the run that the others are compared with
 * @throws RollscopeError `usage` for another number of runs
 */
export function compareRuns(
  runs: readonly RunToCompare[],
  phase: Phase | null = commonPhase(runs),
  first = 0,
): RunComparison {
  checkCount(runs.length);
  const { indices, byText, otherReferences, unmatched } = matchProblems(runs.map(({ problems }) => problems));
  const now = runs.map(({ columns, step }, place) =>
    indices.map((those) => problemView(columns, those[place]!, step ?? undefined, phase)),
  );
  const before = runs.map(({ columns }, place) =>
    indices.map((those) =>
      phase === null ? viewBefore(columns, those[place]!, null) : problemView(columns, those[place]!, 0, phase),
    ),
  );
  return {
    phase,
    matched: { problems: indices.length, byText, otherReferences },
    runs: runs.map(({ run, folder, step }, place) => ({
      run,
      folder,
      asked: step,
      before: measuresOf(before[place]!),
      at: measuresOf(now[place]!),
      unmatched: unmatched[place]!,
    })),
    pairs: runs.flatMap((_, second) =>
      second === first ? [] : [{ first, second, ...comparePair(now[first]!, now[second]!) }],
    ),
    settings: differentSettings(runs.map(({ file }) => file)),
    problems: indices.map(([index], i) => ({
      id: runs[0]!.problems[index!]!.id,
      views: now.map((views) => views[i]!),
    })),
  };
}

/** @throws RollscopeError `usage` */
export function checkCount(count: number): void {
  if (count >= 2 && count <= MAX_RUNS) return;
  throw new RollscopeError(
    'usage',
    `${count} ${count === 1 ? 'run was' : 'runs were'} given to compare; allowed: 2 to ${MAX_RUNS}.`,
    undefined,
    { details: { reason: 'number-of-runs', value: count } },
  );
}

/** Evaluations have as many rollouts of every problem; a step trains on some problems only. */
function commonPhase(runs: readonly RunToCompare[]): Phase | null {
  const isEvaluated = ({ columns, step }: RunToCompare) =>
    columns.head.evaluations.some((evaluation) => evaluation.step <= (step ?? Number.POSITIVE_INFINITY)) &&
    columns.sampled.some((problem) => columns.phaseRows(problem, 'evaluation').length > 0);
  return runs.every(isEvaluated) ? 'evaluation' : null;
}

function measuresOf(all: readonly ProblemView[]): Measures {
  const views = all.filter(({ row }) => row !== null);
  const labeled = views.filter(({ accuracy }) => accuracy !== null);
  const samples = new Set(views.map(({ rollouts }) => rollouts));
  const share = (isSo: (view: ProblemView) => boolean) => wilson(labeled.filter(isSo).length, labeled.length);
  return {
    step: views.reduce<number | null>((latest, { step }) => Math.max(latest ?? 0, step!), null),
    problems: views.length,
    labeled: labeled.length,
    samples: samples.size === 1 ? [...samples][0]! : null,
    accuracy: bootstrap(labeled.map(({ accuracy }) => accuracy!)),
    majorityAccuracy: share(({ verdict }) => verdict === 'correct'),
    passAtK: share(({ accuracy }) => accuracy! > 0),
    majorityShare: meanShare(views.map(({ share }) => share)),
  };
}

function comparePair(
  first: readonly ProblemView[],
  second: readonly ProblemView[],
): Omit<PairComparison, 'first' | 'second'> {
  const pairs = first.map((view, i) => [view, second[i]!] as const);
  const judged = pairs.flatMap(([a, b]) => {
    const [one, other] = [verdictAsBoolean(a.verdict), verdictAsBoolean(b.verdict)];
    return one === null || other === null ? [] : [[one, other] as const];
  });
  const outcomes = pairedOutcomes(judged);
  const gains = pairs.flatMap(([a, b]) =>
    a.accuracy === null || b.accuracy === null ? [] : [b.accuracy - a.accuracy],
  );
  const answered = pairs.filter(([a, b]) => a.answer !== null && b.answer !== null);
  return {
    problems: judged.length,
    outcomes,
    accuracy: bootstrap(gains, 0, DIFFERENCES),
    majorityAccuracy: pairedProportions(outcomes),
    p: judged.length === 0 ? null : mcnemar(outcomes),
    answered: answered.length,
    switched: answered.filter(([a, b]) => hasOtherAnswer(a, b)).length,
  };
}
