/**
 * Self-verification on Countdown: checking a solution is easier than finding one, so a model that judges its own solutions
 * has a reward that does not come from its confidence. Compared with trajectory-level entropy and with the verifier as oracle.
 */
import { loadDataset } from '../../data/dataset.ts';
import { readGroup } from '../../journal/groups.ts';
import type { GroupId, RolloutFacts, RunConfig } from '../../protocol/index.ts';
import { mean } from '../../protocol/values.ts';
import { countdownRow } from '../../reward/countdown.ts';
import { judgeCountdown } from '../../reward/countdown-expression.ts';
import { type RewardName, rewardOptionsOf } from '../../reward/index.ts';
import { countdownSet } from '../embedded/problem-set.ts';
import type { Criterion, Experiment, ExperimentContext, ExperimentRun, Findings } from '../experiment.ts';
import { type Curve, groupsOf, metricCurves, scaledTogether, smoothed } from '../parts/curves.ts';
import { sharePlot, stepPlot } from '../parts/plots.ts';
import { runSeeds, sampledEvery } from '../parts/runs.ts';
import { BANDS, courseCells, overSeeds, seedText } from '../parts/seeds.ts';

const SELF = 'self-verification';
const ENTROPY = 'trajectory-entropy';
const ORACLE = 'countdown';
const REWARDS = [SELF, ENTROPY, ORACLE] as const satisfies readonly RewardName[];
const TITLES = {
  [SELF]: 'self-verification',
  [ENTROPY]: 'trajectory-level entropy',
  [ORACLE]: 'oracle (the verifier)',
} as const;
const TRAINING = 1024;
const VALIDATION = 128;
/** Smallest change of accuracy that counts: 5 points. */
const MARGIN = 0.05;
const WINDOW = 5;

/** Whether an answer solves the problem with this text; null for an unknown problem. */
export type Verify = (problem: string, answer: string | null) => boolean | null;

export interface VerificationRuns {
  reward: (typeof REWARDS)[number];
  runs: RunWithRollouts[];
}

/** A run with what the verifier reads: the answers and rewards of its rollouts. */
interface RunWithRollouts extends ExperimentRun {
  groups: (GroupId & { rollouts: Pick<RolloutFacts, 'answer' | 'reward'>[] })[];
}

async function withRollouts(run: ExperimentRun): Promise<RunWithRollouts> {
  const groups: RunWithRollouts['groups'] = [];
  for (const record of [...groupsOf(run, 'train'), ...groupsOf(run, 'evaluation')]) {
    const { phase, step, problem, rollouts } = await readGroup(run.folder, record);
    groups.push({ phase, step, problem, rollouts: rollouts.map(({ answer, reward }) => ({ answer, reward })) });
  }
  return { ...run, groups };
}

async function run(context: ExperimentContext): Promise<{ found: VerificationRuns[]; verify: Verify }> {
  const { seeds } = context;
  const { datasets, verify } = await problemsOf(context);
  context.expect(REWARDS.length * seeds.length);
  const found = await Promise.all(
    REWARDS.map(async (reward) => ({
      reward,
      runs: await Promise.all(
        (
          await runSeeds(context, reward, (seed) => {
            const config = context.config({ reward, seed });
            return { ...config, ...datasets(config) };
          })
        ).map(withRollouts),
      ),
    })),
  );
  return { found, verify };
}

/** The embedded or the user's problems, with their verifier, since not every run stores numbers and targets. */
async function problemsOf(context: ExperimentContext) {
  const { base } = context;
  const options = rewardOptionsOf(base).countdown;
  const verifier = (rows: ReadonlyMap<string, ReturnType<typeof countdownRow>>): Verify => {
    return (problem, answer) => {
      const row = rows.get(problem);
      if (!row) return null;
      return answer !== null && judgeCountdown(answer, row.numbers, row.target).outcome === 'hit';
    };
  };
  if (context.embedded) {
    const training = countdownSet(1, 'known', base.dataset.limit ?? TRAINING);
    const validation = countdownSet(2, 'unseen', base.evaluation.limit ?? VALIDATION);
    const dataset = { ...base.dataset, path: await context.problems('training', training), limit: undefined };
    const heldOut = { ...base.dataset, path: await context.problems('validation', validation), limit: undefined };
    const rows = new Map([...training, ...validation].map((row) => [row.prompt, countdownRow(row, options)]));
    const datasets = (config: RunConfig) => ({
      dataset,
      evaluation: { ...config.evaluation, dataset: heldOut, limit: undefined },
    });
    return { datasets, verify: verifier(rows) };
  }
  const columns = { required: [options.numbers, options.target], optional: [] };
  const sets = [base.dataset, ...(base.evaluation.dataset ? [base.evaluation.dataset] : [])];
  const loaded = await Promise.all(sets.map((set) => loadDataset(set, columns)));
  const rows = new Map(
    loaded.flatMap(({ problems }) => problems.map((p) => [p.text, countdownRow(p.columns ?? {}, options)] as const)),
  );
  return { datasets: (config: RunConfig) => ({ dataset: config.dataset }), verify: verifier(rows) };
}

/** Share of solved problems by step, by the verifier: labels would accept an expression that uses a number twice. */
function validationCurve(of: RunWithRollouts, verify: Verify): Curve {
  const byStep = new Map<number, boolean[]>();
  for (const { step, problem, rollouts } of of.groups.filter(({ phase }) => phase === 'evaluation')) {
    for (const { answer } of rollouts) {
      const solved = verify(of.problems[problem]!.text, answer);
      if (solved !== null) byStep.set(step, [...(byStep.get(step) ?? []), solved]);
    }
  }
  return [...byStep].map(([step, solved]) => ({ step, value: solved.filter(Boolean).length / solved.length }));
}

/** Share of rollouts on which reward and verifier agree, by step; a reward of at least 0.5 accepts. */
function agreementCurve(of: RunWithRollouts, verify: Verify): Curve {
  const byStep = new Map<number, boolean[]>();
  for (const { step, problem, rollouts } of of.groups.filter(({ phase }) => phase === 'train')) {
    for (const { answer, reward } of rollouts) {
      const solved = verify(of.problems[problem]!.text, answer);
      if (solved === null || reward === null) continue;
      byStep.set(step, [...(byStep.get(step) ?? []), reward >= 0.5 === solved]);
    }
  }
  return [...byStep].map(([step, same]) => ({ step, value: same.filter(Boolean).length / same.length }));
}

interface Course {
  start: number[];
  peak: number[];
  end: number[];
}

function courseOf(curves: readonly Curve[]): Course {
  const values = curves.map((curve) => curve.map(({ value }) => value)).filter((v) => v.length > 0);
  return {
    start: values.map((v) => v[0]!),
    peak: values.map((v) => Math.max(...v)),
    end: values.map((v) => v.at(-1)!),
  };
}

export function findings(found: readonly VerificationRuns[], verify: Verify): Findings {
  const of = (reward: VerificationRuns['reward']) => found.find((f) => f.reward === reward)?.runs ?? [];
  const curves = Object.fromEntries(
    REWARDS.map((reward) => [reward, of(reward).map((r) => validationCurve(r, verify))]),
  ) as Record<VerificationRuns['reward'], Curve[]>;
  const course = Object.fromEntries(REWARDS.map((reward) => [reward, courseOf(curves[reward])])) as Record<
    VerificationRuns['reward'],
    Course
  >;
  const agreement = of(SELF).map((r) => smoothed(agreementCurve(r, verify), WINDOW));
  const agreed = courseOf(agreement);
  const lowest = agreement.map((curve) => Math.min(...curve.map(({ value }) => value)));
  const [self, entropy, oracle] = [course[SELF], course[ENTROPY], course[ORACLE]];
  const compared = (a: number[], b: number[], holds: (a: number, b: number) => boolean) => {
    const [x, y] = [mean(a), mean(b)];
    return x === null || y === null ? null : holds(x, y);
  };
  const criteria: Criterion[] = [
    {
      expected: `Self-verification raises validation accuracy by more than ${MARGIN * 100} points by the end.`,
      measured: `${seedText(self.start)} before, ${seedText(self.end)} at the end`,
      met: compared(self.end, self.start, (end, start) => end - start > MARGIN),
    },
    {
      expected: `It keeps its gain: it ends less than ${MARGIN * 100} points below its peak.`,
      measured: `peak ${seedText(self.peak)}, end ${seedText(self.end)}`,
      met: compared(self.peak, self.end, (peak, end) => peak - end < MARGIN),
    },
    {
      expected: `Trajectory-level entropy ends more than ${MARGIN * 100} points below self-verification.`,
      measured: `${seedText(entropy.end)} vs. ${seedText(self.end)}`,
      met: compared(self.end, entropy.end, (a, b) => a - b > MARGIN),
    },
    {
      expected: `Trajectory-level entropy collapses: it ends more than ${MARGIN * 100} points below its peak.`,
      measured: `peak ${seedText(entropy.peak)}, end ${seedText(entropy.end)}`,
      met: compared(entropy.peak, entropy.end, (peak, end) => peak - end > MARGIN),
    },
    {
      expected: `Self-verification does not beat the oracle: the oracle ends less than ${MARGIN * 100} points below it.`,
      measured: `${seedText(oracle.end)} vs. ${seedText(self.end)}`,
      met: compared(oracle.end, self.end, (a, b) => b - a < MARGIN),
    },
    {
      expected: 'The reward accuracy of self-verification ends above 0.5.',
      measured: `${seedText(agreed.start)} at the start, lowest ${seedText(lowest)}, ${seedText(agreed.end)} at the end`,
      met: mean(agreed.end) === null ? null : mean(agreed.end)! > 0.5,
    },
  ];
  const accepted = of(SELF).map((r) => courseOf(metricCurves([r], (m) => m.proxyReward, WINDOW)));
  const ends = (which: keyof Course) => seedText(accepted.flatMap((c) => c[which]));
  return {
    criteria,
    remarks: [
      `The judge accepts ${ends('start')} of the solutions at the start and ${ends('end')} at the end; ${seedText(self.start)} and ${seedText(self.end)} of the solutions to validation problems are right. The difference is how much the judge overestimates the solver.`,
    ],
    sections: [
      {
        kind: 'plots',
        title: 'Curves',
        note: `Solved: by the rule of the verifier, every number once and the target reached. ${BANDS}`,
        plots: [
          sharePlot(
            'Validation problems solved',
            REWARDS.map((reward) => overSeeds(TITLES[reward], curves[reward])),
            'share of rollouts',
          ),
          sharePlot('Self-verification: reward, and its agreement with the verifier', [
            overSeeds('reward accuracy', agreement),
            overSeeds(
              'accepted by the judge',
              metricCurves(of(SELF), (m) => m.proxyReward, WINDOW),
              true,
            ),
          ]),
          sharePlot(
            'Proxy rewards, each scaled from its minimum to its maximum',
            REWARDS.map((reward) =>
              overSeeds(TITLES[reward], scaledTogether(metricCurves(of(reward), (m) => m.proxyReward, WINDOW))),
            ),
            'scaled',
          ),
          stepPlot(
            'Response length',
            'tokens',
            REWARDS.map((reward) =>
              overSeeds(
                TITLES[reward],
                metricCurves(of(reward), (m) => m.length, WINDOW),
              ),
            ),
          ),
        ],
      },
      {
        kind: 'table',
        title: 'Numbers',
        columns: ['reward', 'solved, start', 'peak', 'end'],
        rows: REWARDS.map((reward) => [TITLES[reward], ...courseCells(curves[reward])]),
      },
    ],
  };
}

export const selfVerificationExperiment: Experiment = {
  name: 'self-verification',
  title: 'Self-verification on Countdown',
  question: 'Does a reward from the model’s own checking keep helping where a reward from its confidence collapses?',
  finding:
    'Section 5, finding 9: on Countdown, self-verification kept improving (validation about 0.65), trajectory-level entropy reached 0.35 to 0.40 and collapsed, the oracle 0.70 to 0.75; its reward accuracy dipped and recovered above 0.5.',
  method:
    'One model that solves Countdown problems poorly and judges solutions well trains with three rewards: its own judgments, its log-probabilities, and the verifier. The model never saw the validation problems, neither to solve nor to judge.',
  defaults: {
    model: 'embedded:countdown',
    steps: 150,
    batch: 32,
    optimizer: { lr: 1e-4 },
    evaluation: sampledEvery(15),
    checkpoint: { every: 50 },
  },
  seeds: 3,
  minutes: 8,
  async run(context) {
    const { found, verify } = await run(context);
    return findings(found, verify);
  },
};
