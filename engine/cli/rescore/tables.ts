/** The output of `rollscope rescore`: the rewards, their pairs, their top-1 rollouts, and the best reward. */
import { type RescoredGroup, type Rescoring, winnerOf } from '../../analysis/rescore.ts';
import { DASH, integer, plural } from '../../protocol/format.ts';
import { quantityText } from '../../protocol/quantities.ts';
import { compareEstimates } from '../../protocol/reward-comparison.ts';
import { verdictText } from '../../protocol/texts.ts';
import { table } from '../table.ts';

/**
 * One row per reward, best agreement with correctness first. Shares, AUROC and accuracies range from 0 to 1; a dash
 * without labels.
 */
export function rewardTable({ rewards }: Rescoring): string {
  const rows = rewards.map((r) => [
    r.reward,
    integer(r.groups),
    quantityText('reward', r.mean),
    r.range ? `${quantityText('reward', r.range[0])} to ${quantityText('reward', r.range[1])}` : DASH,
    quantityText('share', r.equal),
    quantityText('auroc', r.auroc),
    quantityText('accuracy', r.top1Accuracy?.mean),
    quantityText('accuracy', r.signAccuracy),
    quantityText('accuracy', r.accuracy),
  ]);
  const header = [
    'reward',
    'groups',
    'mean',
    'range',
    'all equal',
    'AUROC within problems',
    'top-1 accuracy',
    'advantage-sign accuracy',
    'accuracy',
  ];
  return table(header, rows, [1, 2, 4, 6, 7, 8]);
}

/** Pairs that include the training reward; all pairs if it was not computed. */
export function pairTable({ pairs }: Rescoring, trained: string): string {
  const with_ = pairs.filter(({ rewards }) => rewards.includes(trained));
  const rows = (with_.length > 0 ? with_ : pairs).map(
    ({ rewards: [a, b], kendall, spearman, top1Disagreement, signDisagreement }) => [
      a,
      b,
      quantityText('rankCorrelation', kendall?.mean),
      quantityText('rankCorrelation', spearman?.mean),
      quantityText('share', top1Disagreement?.mean),
      quantityText('share', signDisagreement),
    ],
  );
  return table(['reward', 'vs.', 'Kendall', 'Spearman', 'top-1 disagreement', 'sign disagreement'], rows, [2, 3, 4, 5]);
}

/**
 * One row per group and reward: the top-1 rollout, its answer and verdict. Omits rewards that cannot be computed.
 */
export function winnersTable(groups: readonly RescoredGroup[], rewards: readonly string[]): string {
  const rows = groups.flatMap(({ step, group, rewards: of }) =>
    rewards.flatMap((text) => {
      const scores = of[text];
      if (!scores || scores.rewards.length === 0) return [];
      const best = winnerOf(scores);
      const { answer, correct } = group.rollouts[best]!;
      return [
        [
          String(step),
          text,
          String(best + 1),
          answer ?? DASH,
          verdictText(correct),
          scores.rewards.map((v) => quantityText('reward', v)).join(' '),
        ],
      ];
    }),
  );
  return table(['step', 'reward', 'top-1', 'answer', 'verdict', 'rewards by rollout'], rows, [0, 2]);
}

/**
 * The reward with the highest AUROC among those that do not read labels, and the ones whose intervals overlap its
 * interval, so that they do not clearly differ; or why there is no ranking.
 */
export function conclusionText({ rewards }: Rescoring): string {
  const judged = rewards.filter(({ reward, auroc }) => auroc !== null && reward !== 'ground-truth');
  if (judged.length === 0)
    return 'No ranking: there are no labels, or the rollouts of each problem are all correct or all wrong.';
  const [best, ...others] = judged;
  const { reward, auroc } = best!;
  const measured = `AUROC ${quantityText('auroc', auroc)} within problems (chance: 0.5), over ${plural(auroc!.groups, 'group')} with both correct and wrong rollouts`;
  const alike = others.filter((other) => compareEstimates(other.auroc, auroc) === 'no difference');
  if (alike.length === 0) return `Best agreement with correctness: ${reward}, ${measured}.`;
  const names = alike.map((other) => other.reward).join(', ');
  return `Highest agreement with correctness: ${reward}, ${measured}. No clear difference from ${names}: the 95% intervals overlap.`;
}
