/** The runs and problems of the self-verification experiment, with the rollouts that the verifier needs. */
import { loadDataset } from '../../../data/dataset.ts';
import { readGroup } from '../../../journal/groups.ts';
import type { GroupId, RolloutFacts, RunConfig } from '../../../protocol/index.ts';
import { countdownRow } from '../../../reward/countdown.ts';
import { judgeCountdown } from '../../../reward/countdown-expression.ts';
import { type RewardName, rewardOptionsOf } from '../../../reward/index.ts';
import { countdownSet } from '../../embedded/problem-set.ts';
import type { ExperimentContext, ExperimentRun } from '../../experiment.ts';
import { groupsOf } from '../../parts/curves.ts';
import { runSeeds } from '../../parts/runs.ts';

export const SELF = 'self-verification';
export const ENTROPY = 'trajectory-entropy';
export const ORACLE = 'countdown';
export const REWARDS = [SELF, ENTROPY, ORACLE] as const satisfies readonly RewardName[];
export const TITLES = {
  [SELF]: 'self-verification',
  [ENTROPY]: 'trajectory-level entropy',
  [ORACLE]: 'oracle (the verifier)',
} as const;
const TRAINING = 1024;
const VALIDATION = 128;

/** Whether an answer solves the problem with this text; null for an unknown problem. */
export type VerifyAnswer = (problem: string, answer: string | null) => boolean | null;

export interface VerificationRuns {
  reward: (typeof REWARDS)[number];
  runs: RunWithRollouts[];
}

/** The runs with a reward; [] without. */
export function runsOf(found: readonly VerificationRuns[], reward: VerificationRuns['reward']): RunWithRollouts[] {
  return found.find((candidate) => candidate.reward === reward)?.runs ?? [];
}

/** A run with the input of the verifier: the answers and rewards of its rollouts. */
export interface RunWithRollouts extends ExperimentRun {
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

/** Trains each reward with every seed. `verify` says whether a response solves its Countdown problem. */
export async function run(context: ExperimentContext): Promise<{ found: VerificationRuns[]; verify: VerifyAnswer }> {
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
  const verifier = (rows: ReadonlyMap<string, ReturnType<typeof countdownRow>>): VerifyAnswer => {
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
