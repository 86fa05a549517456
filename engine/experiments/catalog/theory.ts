/** Predicted and measured shares of the majority answer: one exact step, many steps, and the optimum. */
import { checkTheorem } from '../../analysis/optimum.ts';
import { figure } from '../../protocol/format.ts';
import type { Estimate } from '../../protocol/index.ts';
import type { Criterion, Experiment, ExperimentContext, Findings } from '../experiment.ts';
import { aboveCriterion, byEstimate, estimateText, NOT_MEASURED, partText } from '../parts/criteria.ts';
import { type ProbeResult, probe, sameAnswer } from '../parts/probe.ts';
import { meanOf } from '../parts/seeds.ts';
import { configFor, onlyProblems } from '../parts/sets.ts';
import { sectionsOf } from './theory/report.ts';
import {
  type Distances,
  errorsOf,
  KINDS,
  summarize,
  type TheoryKind,
  type TheoryRun,
  type TheorySummary,
  type Track,
  tracksOf,
} from './theory/tracks.ts';

export type { TheoryRun } from './theory/tracks.ts';

const SINGLE_PROBLEMS = 12;
/** Bounds that the criteria state. */
const MAX_ERROR = 0.1;
const MIN_FINAL_SHARE = 0.95;
/** Changes in one step are as predicted up to this factor in either direction. */
const MAX_FACTOR = 2;
/** A growth counts if it is this many standard errors above 0. */
const ERRORS = 2;

async function theoryRuns(context: ExperimentContext): Promise<TheoryRun[]> {
  const { base, seeds } = context;
  const dataset = { ...base.dataset, limit: base.dataset.limit ?? base.batch };
  context.expect(1 + seeds.length * (1 + SINGLE_PROBLEMS));
  // The probe only lists the problems; it samples as many votes as a step.
  const problems = await probe(context, 'probe', { dataset, votes: base.votes });
  const alone = problems.slice(0, SINGLE_PROBLEMS);
  context.expect(1 + seeds.length * (1 + alone.length));
  const make = async (kind: TheoryKind, name: string, of: readonly ProbeResult[], seed: number) => {
    const changes = { seed, batch: Math.min(of.length, base.batch), evaluation: { samples: 0 } };
    const run = await context.run(`${name}-${seed}`, configFor(context, changes, onlyProblems(dataset, of)));
    return { kind, seed, run };
  };
  return Promise.all(
    seeds.flatMap((seed) => [
      make('set', 'set', problems, seed),
      ...alone.map((problem, i) => make('single', `problem-${i + 1}`, [problem], seed)),
    ]),
  );
}

/**
 * Compares shares of the initial majority answer with Theorem 1 and with the optimum of arXiv 2603.08660, section 4.
 */
export function findings(runs: readonly TheoryRun[]): Findings {
  const tracks = runs.flatMap(tracksOf);
  const kinds = (Object.keys(KINDS) as TheoryKind[]).filter((kind) => tracks.some((track) => track.kind === kind));
  const summaries = kinds.map((kind) =>
    summarize(
      kind,
      tracks.filter((track) => track.kind === kind),
    ),
  );
  return {
    criteria: criteriaOf(tracks, summaries),
    remarks: summaries.flatMap(remarkOf),
    sections: sectionsOf(tracks, summaries, runs[0]?.seed),
  };
}

function criteriaOf(tracks: readonly Track[], summaries: readonly TheorySummary[]): Criterion[] {
  const rises = riseCriterion(summaries);
  return [
    rises,
    ...[majorityCriterion(tracks), ...shareCriteria(tracks), ...predictions(summaries)].map((item) =>
      ifSharesRose(item, rises),
    ),
  ];
}

/** A share that does not change keeps its majority, and predictions of no change come true: neither supports the theory. */
function ifSharesRose(criterion: Criterion, rises: Criterion): Criterion {
  if (!criterion.met || rises.met) return criterion;
  return { ...criterion, measured: `${criterion.measured} (not decided: the share does not rise)`, met: null };
}

function textPerKind(summaries: readonly TheorySummary[], of: (summary: TheorySummary) => string): string {
  return summaries.map((s) => `${KINDS[s.kind]} ${of(s)}`).join('; ');
}

/** Whether it holds for all kinds; null if it is unknown for some and false for none. */
function holdsForAll(
  summaries: readonly TheorySummary[],
  of: (summary: TheorySummary) => boolean | null,
): boolean | null {
  const met = summaries.map(of);
  if (met.includes(false)) return false;
  return met.length === 0 || met.includes(null) ? null : true;
}

function isPositive(estimate: Estimate | null): boolean | null {
  return estimate && estimate.low > 0;
}

function riseCriterion(summaries: readonly TheorySummary[]): Criterion {
  return {
    expected:
      'The share of the initial majority answer rises from the first to the last third of the steps: the interval over problems is above 0.',
    measured: textPerKind(summaries, ({ rise }) => byEstimate(rise)) || NOT_MEASURED,
    met: holdsForAll(summaries, ({ rise: estimate }) => isPositive(estimate)),
  };
}

function majorityCriterion(tracks: readonly Track[]): Criterion {
  const seeds = [...new Set(tracks.map(({ seed }) => seed))];
  const checks = seeds.map((seed) =>
    checkTheorem(
      tracks.filter((t) => t.seed === seed).map(({ history: h }) => ({ first: h[0]!.group, last: h.at(-1)!.group })),
      sameAnswer,
    ),
  );
  return {
    expected: 'Most problems keep their initial majority: the interval is above 0.5 in every seed.',
    measured: checks.map(({ kept, problems }) => partText(kept, problems)).join('; '),
    met: checks.length === 0 ? null : checks.every((check) => check.kept !== null && check.kept.low > 0.5),
  };
}

/** How the shares of kept majorities converge to 1. */
function shareCriteria(tracks: readonly Track[]): Criterion[] {
  const kept = tracks.filter((track) => track.kept);
  const fitted = kept.filter(({ fit }) => fit !== null && fit.error !== null);
  const growing = fitted.filter(({ fit }) => fit!.growth > ERRORS * fit!.error!);
  const explained = median(fitted.flatMap(({ fit }) => fit!.explained ?? []));
  const ends = meanOf(kept.map((track) => track.shares.at(-1)!.share));
  return [
    {
      expected: `The share of a kept majority converges to 1: the shares of kept answers end above ${MIN_FINAL_SHARE} on average (in the paper: 0.985 to 0.998).`,
      measured: `${figure(ends)}, over ${kept.length} problems and seeds`,
      met: ends === null ? null : ends > MIN_FINAL_SHARE,
    },
    aboveCriterion(
      `It converges geometrically: for most kept answers the growth of the logit of the share per step exceeds ${ERRORS} standard errors.`,
      fitted.length === 0 ? null : growing.length / fitted.length,
      0.5,
      `${growing.length} of ${fitted.length}; a linear fit explains ${figure(explained)} of the variance of the logits (median)`,
    ),
  ];
}

/** How accurate the theory's predictions are, by kind of run. */
function predictions(summaries: readonly TheorySummary[]): Criterion[] {
  const against = ([error, unchanged]: [number | null, number | null], gain: Estimate | null) =>
    `${figure(error)} vs. ${figure(unchanged)}, ${gain === null ? 'difference' : 'closer'} ${byEstimate(gain)}`;
  return [
    {
      expected: `With a problem's growth in the first third of the steps, predictions of the remaining steps have a mean error below ${MAX_ERROR}, and are closer than the share at the end of that third: the interval over problems is above 0.`,
      measured: textPerKind(
        summaries,
        (s) => `${against(errorsOf(s).late, s.ownGain)} (chance alone ${figure(s.chance)})`,
      ),
      met: holdsForAll(summaries, (s) => {
        const [error] = errorsOf(s).late;
        return s.ownGain && s.ownGain.low > 0 && error! < MAX_ERROR;
      }),
    },
    {
      expected:
        'With the common growth of all other problems, predictions from the first step are closer to the measured shares than the share of that step: the interval over problems is above 0.',
      measured: textPerKind(summaries, (s) => against(errorsOf(s).many, s.gain)),
      met: holdsForAll(summaries, ({ gain }) => isPositive(gain)),
    },
    {
      expected: `Shares change in one step as predicted with the growth of all other problems: the ratio of the mean measured to the mean predicted change has an interval, over problems, between ${figure(1 / MAX_FACTOR)} and ${MAX_FACTOR}.`,
      measured: textPerKind(summaries, (s) => {
        const [error, unchanged] = errorsOf(s).one;
        return `${estimateText(s.ratio)} (single predictions are not informative: error ${figure(error)}, "unchanged" ${figure(unchanged)}, chance alone about ${figure(s.chance === null ? null : s.chance * Math.SQRT2)})`;
      }),
      met: holdsForAll(summaries, ({ ratio }) => ratio && ratio.low > 1 / MAX_FACTOR && ratio.high < MAX_FACTOR),
    },
    {
      expected:
        'The last answers are closer to the optimum pi* at the beta of all other problems than to the first answers: the interval of the difference of the distances, over problems, is above 0.',
      measured: textPerKind(summaries, ({ nearer }) => estimateText(nearer)),
      met: holdsForAll(summaries, ({ nearer }) => isPositive(nearer)),
    },
  ];
}

function remarkOf(summary: TheorySummary): string[] {
  const { kind, common, chance, tracks } = summary;
  const of = `On ${KINDS[kind]}`;
  if (!common || common.beta === null) return [`${of}, the shares do not grow, so there is no beta.`];
  const distance = (to: keyof Distances) => figure(meanOf(tracks.map(({ distances }) => distances[to])));
  const [lost, kept] = [tracks.filter((track) => !track.kept), tracks.filter((track) => track.kept)];
  const start = (own: readonly Track[]) => figure(meanOf(own.map(({ shares }) => shares[0]!.share)));
  return [
    `${of}, beta is ${figure(common.beta)}, so 1 - share changes by a factor of ${figure(common.rate)} per step while it is small. The distance (total variation) of the last answers is ${distance('best')} from pi* and ${distance('limit')} from the initial majority alone.`,
    `${of}, a share changes by ${figure(errorsOf(summary).one[1])} per step on average; the finite number of votes alone accounts for about ${figure(chance === null ? null : chance * Math.SQRT2)}.`,
    ...(lost.length > 0
      ? [
          `${of}, ${lost.length} of ${tracks.length} lost their initial majority. Its share began at ${start(lost)} there, and at ${start(kept)} on the others.`,
        ]
      : []),
  ];
}

function median(values: readonly number[]): number | null {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2;
}

export const theory: Experiment = {
  name: 'theory',
  title: 'Predicted and measured shares',
  question: 'Does the share of the majority answer grow as the sharpening theory predicts?',
  finding:
    'Section 4: an exact step multiplies the odds of the majority answer by e^(1/beta). If the majority stays the same, its share converges to 1 geometrically with the rate e^(-1/beta), and the policy converges to the initial policy conditioned on its majority answer; in the paper the share reached 98.5 to 99.8% within 50 steps.',
  method:
    "The model trains on single problems, and on a small set of them, by majority voting. The share of the initial majority answer is measured at every step. The growth of its logit (1/beta) is fitted in two ways: to the first third of a problem's steps, to predict its remaining steps; and to all other problems, to predict the problem's shares from the previous step and from the first. Both predictions must be more accurate than the assumption that the share stays constant. The optimum pi* reweights the first step's rollouts at the beta of the other problems.",
  defaults: {
    model: 'embedded',
    // The paper reports shares at step 50.
    steps: 50,
    votes: 32,
    group: 32,
    evaluation: { samples: 0 },
    checkpoint: { every: 100 },
  },
  seeds: 2,
  minutes: 6,
  async run(context) {
    return findings(await theoryRuns(context));
  },
};
