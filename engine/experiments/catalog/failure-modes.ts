/** How each intrinsic reward fails: gradually, by length, or by repetition. */
import type { RunFailure } from '../../analysis/failure-mode.ts';
import { figure } from '../../protocol/format.ts';
import type { RewardName } from '../../reward/index.ts';
import type { Criterion, Experiment, Findings } from '../experiment.ts';
import { joinedWithAnd } from '../parts/criteria.ts';
import { INTRINSIC, type RewardRuns, runRewards } from '../parts/reward-runs.ts';
import { largeSetDefaults } from '../parts/runs.ts';
import { ASSIGNED, type RewardFailureSummary, summarizeFailures, TIMES } from './failure-modes/measures.ts';
import { plots, table } from './failure-modes/report.ts';

/** Rewards that fail late on the embedded models, and their learning-rate factor there; others fail within tens of steps. */
const LATE_FAILING_REWARDS: readonly RewardName[] = [
  'majority-vote',
  'co-reward',
  'rlccf',
  'empo',
  'trajectory-entropy',
  'probability',
];
const LATE_FAILING_LR_FACTOR = 3;

/** A criterion for each reward with a failure mode in the paper: more than half of its runs fail in that mode. */
export function findings(found: readonly RewardRuns[]): Findings {
  const all = found.map(summarizeFailures);
  const criteria = all.flatMap(({ reward, fates, mode }): Criterion[] => {
    const expected = ASSIGNED[reward];
    if (expected === undefined) return [];
    return [
      {
        expected: `Failure mode of ${reward}, in more than half of its runs: ${expected}.`,
        measured: fates.map(({ failure }) => (failure ? `${failure.mode} (${failure.reason})` : 'no steps')).join('; '),
        met: fates.every(({ failure }) => failure === null) ? null : mode === expected,
      },
    ];
  });
  const assigned = found.filter(({ reward }) => ASSIGNED[reward] !== undefined);
  const others = found.filter(({ reward }) => ASSIGNED[reward] === undefined);
  return { criteria, remarks: remarksOf(all), sections: [...plots(assigned, others), table(all)] };
}

function remarksOf(all: readonly RewardFailureSummary[]): string[] {
  const fates = all.flatMap((of) => of.fates.map((fate) => ({ reward: of.reward, ...fate })));
  const unhurt = fates.filter(({ failure }) => failure?.mode === 'none');
  const remarks: string[] = [];
  if (unhurt.length > 0) {
    remarks.push(
      `${unhurt.length} of ${fates.length} runs had not failed by their last step (${joinedWithAnd([...new Set(unhurt.map(({ reward }) => reward))])}). A higher learning rate (--lr) or more steps (--steps) would show how they fail.`,
    );
  }
  const missed = all.filter(({ reward, mode }) => ASSIGNED[reward] !== undefined && mode !== ASSIGNED[reward]);
  for (const { reward, fates: own } of missed) {
    const failed = own.flatMap(({ failure }) => failure ?? []);
    if (failed.length === 0) continue;
    const change = (of: (failure: RunFailure) => { start: number; end: number } | null) =>
      failed.map((failure) => of(failure)).map((ends) => `${figure(ends?.start)} to ${figure(ends?.end)}`);
    remarks.push(
      `${reward} did not fail as in the paper. By run: response length went from ${joinedWithAnd(change((f) => f.length))} tokens, repeated trigrams from ${joinedWithAnd(change((f) => f.repetition))}, the proxy reward from ${joinedWithAnd(change((f) => f.proxy))}.`,
    );
  }
  const changed = fates.filter(({ failure, atEnd }) => failure && atEnd && failure.mode !== atEnd.mode);
  if (changed.length > 0) {
    remarks.push(
      `The failure mode is judged up to twice the step at which the model was lost. Judged over all steps, it differs in ${joinedWithAnd(changed.map(({ reward, failure, atEnd, lost }) => `${reward} (${failure!.mode} by step ${TIMES * lost!}, ${atEnd!.mode} at the end)`))}.`,
    );
  }
  return remarks;
}

export const failureModes: Experiment = {
  name: 'failure-modes',
  title: 'Three failure modes',
  question: 'How does each intrinsic reward break the model?',
  finding:
    'Section 5, finding 2: self-certainty and majority voting fail gradually; the probability reward by length, since short answers win; token-level and trajectory-level entropy by repetition, since padding with likely tokens pays off.',
  method: `All intrinsic rewards train the same model on the same large set of problems, at learning rates at which they fail soon. Each run is classified from its curves by fixed rules, listed below the table. On the embedded models the voting rewards, trajectory-level entropy and probability, which fail late, train with ${LATE_FAILING_LR_FACTOR} times the learning rate of the others: with one rate for all, either they would not fail, or the others would break the model before their reward could change it.`,
  defaults: largeSetDefaults({ steps: 140, lr: 1.5e-4, save: 40 }),
  seeds: 2,
  minutes: 9,
  async run(context) {
    const late = { optimizer: { lr: Math.min(1, LATE_FAILING_LR_FACTOR * context.base.optimizer.lr) } };
    return findings(
      await runRewards(context, INTRINSIC, (reward) =>
        context.embedded && LATE_FAILING_REWARDS.includes(reward) ? late : {},
      ),
    );
  },
};
