/** Every intrinsic reward side by side: the proxy rises, the truth falls. */
import type { RewardName } from '../../protocol/index.ts';
import { rewards } from '../../reward/index.ts';
import { chainSet } from '../problem-set.ts';
import type { Changes, Criterion, Study, StudyContext, StudyRun } from '../study.ts';
import {
  accuracyCurve,
  type Curve,
  failureOf,
  listed,
  meanOf,
  metricCurve,
  overSeeds,
  scaledTogether,
  seedCell,
  smoothed,
  words,
} from './common.ts';

/** The rewards that the model gives itself without help from outside; two policies are needed for `rlccf`. */
export const INTRINSIC: readonly RewardName[] = rewards.flatMap(({ name, family }) =>
  family === 'external' ? [] : name,
);
const ORACLE = 'ground-truth';
/** Accuracy counts as fallen when it ends this far below its peak. */
const FALL = 0.05;
const PROBLEMS = 2048;
const HELD_OUT = 64;

export interface RewardRuns {
  reward: RewardName;
  runs: StudyRun[];
}

/** Problems to train on and problems to evaluate on: the embedded world's, or the user's own. */
export async function largeSet(context: StudyContext): Promise<{ dataset: object; evaluation: object }> {
  if (!context.embedded) return { dataset: {}, evaluation: {} };
  const training = chainSet({ seed: 1, count: context.base.dataset.limit ?? PROBLEMS });
  const heldOut = chainSet({ seed: 2, count: HELD_OUT, without: new Set(training.map(({ prompt }) => prompt)) });
  return {
    dataset: { path: await context.problems('training', training) },
    evaluation: { dataset: { path: await context.problems('held-out', heldOut) } },
  };
}

/** Whether a run of this reward can be made with this configuration. */
function possible(reward: RewardName, { base, embedded }: StudyContext): boolean {
  return reward !== 'rlccf' || embedded || base.rewardOptions.rlccf.policies.length > 0;
}

/**
 * One run of every reward and seed on the same problems.
 * @param changesOf what a reward's runs have of their own
 */
export async function runRewards(
  context: StudyContext,
  rewards: readonly RewardName[],
  changesOf: (reward: RewardName) => Changes = () => ({}),
): Promise<RewardRuns[]> {
  const { dataset, evaluation } = await largeSet(context);
  const wanted = rewards.filter((reward) => possible(reward, context));
  context.expect(wanted.length * context.seeds.length);
  return Promise.all(
    wanted.map(async (reward) => ({
      reward,
      runs: await Promise.all(
        context.seeds.map((seed) =>
          context.run(
            `${reward}-${seed}`,
            context.config({
              ...changesOf(reward),
              reward,
              seed,
              dataset,
              evaluation,
              ...(reward === 'rlccf' &&
                context.base.rewardOptions.rlccf.policies.length === 0 && {
                  rewardOptions: { rlccf: { policies: ['embedded'] } },
                }),
            }),
          ),
        ),
      ),
    })),
  );
}

interface Outcome {
  reward: RewardName;
  proxy: { start: number | null; end: number | null }[];
  accuracy: { start: number; peak: number; peakStep: number; end: number }[];
  modes: string[];
}

export function outcomeOf({ reward, runs }: RewardRuns): Outcome {
  return {
    reward,
    proxy: runs.map((run) => {
      const curve = metricCurve(run, (m) => m.proxyReward);
      const window = Math.max(1, Math.min(10, Math.floor(curve.length / 10)));
      return { start: average(curve.slice(0, window)), end: average(curve.slice(-window)) };
    }),
    accuracy: runs.map((run) => {
      const curve = accuracyCurve(run);
      const peak = curve.reduce((best, p) => (p.value > best.value ? p : best), { step: 0, value: 0 });
      return {
        start: curve[0]?.value ?? 0,
        peak: peak.value,
        peakStep: peak.step,
        end: curve.at(-1)?.value ?? 0,
      };
    }),
    modes: runs.map((run) => failureOf(run)?.mode ?? 'none'),
  };
}

function average(curve: Curve): number | null {
  return meanOf(curve.map(({ value }) => value));
}

export const riseThenFall: Study = {
  name: 'rise-then-fall',
  title: 'Rise, then fall',
  question:
    'Does every reward that a model gives itself end by hurting the model, while the reward itself goes on rising?',
  finding:
    'Section 5, finding 1: the proxy reward goes on rising while reward accuracy and validation fall, for every method and hyperparameter; only the time differs. The oracle goes on.',
  method:
    'All intrinsic rewards and the ground truth train the same model on the same large set of problems, with the same settings and seeds. Accuracy is measured on problems that never train. The rate is one at which majority voting falls within the run; at lower ones it falls later.',
  defaults: {
    model: 'embedded:W',
    steps: 160,
    batch: 32,
    optimizer: { lr: 3.5e-4 },
    evaluation: { every: 20, samples: 4, greedy: false },
    checkpoint: { every: 40 },
  },
  seeds: 2,
  minutes: 15,
  async run(context) {
    const found = await runRewards(context, [...INTRINSIC, ORACLE]);
    const outcomes = found.map(outcomeOf);
    const intrinsic = outcomes.filter(({ reward }) => reward !== ORACLE);
    const oracle = outcomes.find(({ reward }) => reward === ORACLE)!;
    const mean = (o: Outcome, of: (a: Outcome['accuracy'][number]) => number) => meanOf(o.accuracy.map(of))!;
    const fell = (o: Outcome) => mean(o, (a) => a.peak) - mean(o, (a) => a.end) > FALL;
    const rose = (o: Outcome) => {
      const [start, end] = [meanOf(o.proxy.map((p) => p.start)), meanOf(o.proxy.map((p) => p.end))];
      return start !== null && end !== null && end > start;
    };
    const lifted = (o: Outcome) => mean(o, (a) => a.peak) - mean(o, (a) => a.start) > FALL;
    const names = (of: readonly Outcome[]) => listed(of.map(({ reward }) => reward));
    const both = intrinsic.filter((o) => rose(o) && fell(o));
    const criteria: Criterion[] = [
      {
        expected: 'The proxy reward of every intrinsic reward ends above its start.',
        measured: `${intrinsic.filter(rose).length} of ${intrinsic.length}; not: ${names(intrinsic.filter((o) => !rose(o)))}`,
        met: intrinsic.every(rose),
      },
      {
        expected: `Accuracy on held-out problems ends more than ${FALL * 100} points below its peak, for every intrinsic reward whose proxy rose.`,
        measured: `${both.length} of ${intrinsic.filter(rose).length}; not: ${names(intrinsic.filter((o) => rose(o) && !fell(o)))}`,
        met: intrinsic.filter(rose).every(fell),
      },
      {
        expected: `At least one intrinsic reward first lifts accuracy by more than ${FALL * 100} points.`,
        measured: names(intrinsic.filter(lifted)),
        met: intrinsic.some(lifted),
      },
      {
        expected: `The oracle does not fall: it ends less than ${FALL * 100} points below its peak.`,
        measured: `peak ${words(oracle.accuracy.map((a) => a.peak))}, end ${words(oracle.accuracy.map((a) => a.end))}`,
        met: !fell(oracle),
      },
    ];
    return {
      criteria,
      remarks: [
        `Rise and fall together: ${names(both)}. ${names(intrinsic.filter(lifted))} lifted the model before that.`,
      ],
      sections: [
        {
          kind: 'plots',
          title: 'Curves',
          note: 'Proxy rewards have scales of their own; each is drawn from its least (0) to its largest (1) value. Bands: 95% over seeds.',
          plots: found.map(({ reward, runs }) => ({
            kind: 'lines' as const,
            title: reward,
            x: 'step',
            y: 'share',
            yRange: [0, 1] as const,
            series: [
              overSeeds('accuracy, held-out', runs.map(accuracyCurve)),
              overSeeds(
                'proxy reward, scaled',
                scaledTogether(
                  runs.map((run) =>
                    smoothed(
                      metricCurve(run, (m) => m.proxyReward),
                      5,
                    ),
                  ),
                ),
                true,
              ),
            ],
          })),
        },
        {
          kind: 'table',
          title: 'Numbers',
          note: 'How a run ended is told by the rules of engine/analysis/collapse.ts.',
          columns: ['reward', 'accuracy, start', 'peak', 'at step', 'end', 'proxy, start', 'proxy, end', 'ended'],
          rows: outcomes.map((o) => [
            o.reward,
            seedCell(o.accuracy.map((a) => a.start)),
            seedCell(o.accuracy.map((a) => a.peak)),
            o.accuracy.map((a) => a.peakStep).join(', '),
            seedCell(o.accuracy.map((a) => a.end)),
            seedCell(o.proxy.map((p) => p.start)),
            seedCell(o.proxy.map((p) => p.end)),
            [...new Set(o.modes)].join(', '),
          ]),
        },
      ],
    };
  },
};
