/** One problem: its vote, its clusters, and statistics of its rollouts. */
import { DASH } from '../../protocol/format.ts';
import type { Rollout } from '../../protocol/group.ts';
import { valueNames, valueText } from '../../protocol/named-values.ts';
import { quantityText, withUnit } from '../../protocol/quantities.ts';
import { referenceText } from '../../protocol/reference.ts';
import { describeRun, type RunFile } from '../../protocol/run-file.ts';
import { oneLine, originText, verdictText } from '../../protocol/texts.ts';
import { VOTE_TITLES, type VoteStatus } from '../../protocol/verdict.ts';
import { storedReward } from '../../reward/index.ts';
import { notRewarded } from '../../runs/explanations.ts';
import type { Output } from '../output.ts';
import { table } from '../table.ts';
import { type ShownGroup, whereFrom } from './group.ts';

/**
 * Prints one group: text, reference, majority, clusters and one row per rollout; with `--json` also all other stored
 * fields.
 */
export function showProblem(output: Output, group: ShownGroup): void {
  const { problem, view, columns, row, detail } = group;
  const update = columns.updateOf(row);
  output.print(`${problem.id}  (${whereFrom(group)})`);
  output.print(`\n${problem.text}\n`);
  output.print(`reference: ${referenceText(problem) ?? DASH}`);
  output.print(`majority:  ${majorityText(group)}`);
  if (update) {
    const { kl, clipFraction } = update;
    output.print(
      `update:    KL to the reference policy ${withUnit('kl', kl)}, clip fraction ${quantityText('clipFraction', clipFraction)}`,
    );
  }
  output.print(`\n${clusterTable(group)}`);
  output.print(`\n${rolloutTable(detail.rollouts)}`);
  output.print(`\n${rewardText(group)}`);
  output.result({
    problem,
    step: view.step,
    phase: view.phase,
    status: view.status,
    majority: detail.majority,
    since: view.since,
    kl: update?.kl ?? null,
    clipFraction: update?.clipFraction ?? null,
    clusters: detail.clusters.map((cluster) => ({ ...cluster, members: numbers(cluster.members) })),
    rollouts: detail.rollouts.map(({ ids: _, tokenTexts: __, statistics: ___, ...facts }, i) => ({
      rollout: i + 1,
      ...facts,
    })),
  });
}

function majorityText({ view }: ShownGroup): string {
  if (view.answer === null) return `${DASH} (unanswered: no answer extracted from any rollout)`;
  const verdict = view.verdict === 'unknown' ? DASH : view.verdict;
  const standing = view.status === 'majority' ? verdict : `${VOTE_TITLES[view.status as VoteStatus]}: no majority`;
  return `${view.answer} (share ${quantityText('share', view.share)}, raw share ${quantityText('share', view.rawShare)}, ${standing})`;
}

/** Rollout numbers, counted from 1. */
function numbers(members: readonly number[]): number[] {
  return members.map((member) => member + 1);
}

function clusterTable({ detail: { clusters, rollouts } }: ShownGroup): string {
  const rows = clusters.map(({ answer, members, correct }, i) => [
    String(i + 1),
    oneLine(answer, 32),
    `${members.length}/${rollouts.length}`,
    verdictText(correct),
    numbers(members).join(' '),
  ]);
  return table(['cluster', 'answer', 'votes', 'verdict', 'rollouts'], rows, [0, 2]);
}

function rolloutTable(rollouts: readonly Rollout[]): string {
  const { rewards, foreign } = valueNames(rollouts);
  const rows = rollouts.map((rollout, i) => [
    String(i + 1),
    rollout.answer === null ? DASH : oneLine(rollout.answer, 20),
    verdictText(rollout.correct),
    quantityText('reward', rollout.reward),
    ...rewards.map((name) => quantityText('reward', rollout.rewards[name])),
    quantityText('advantage', rollout.advantage),
    rollout.tokens === null ? DASH : String(rollout.tokens),
    quantityText('tokenProbability', rollout.logprob === null ? null : Math.exp(rollout.logprob)),
    quantityText('entropy', rollout.entropy),
    rollout.finish ?? DASH,
    ...foreign.map((name) => oneLine(valueText(rollout.foreign[name]), 20)),
    oneLine(rollout.text, 40),
  ]);
  const header = [
    'rollout',
    'answer',
    'verdict',
    'reward',
    ...rewards,
    'advantage',
    'tokens',
    'confidence',
    'entropy',
    'finish',
    ...foreign,
    'text',
  ];
  // Up to the entropy, all columns but answer and verdict are numbers.
  const right = [...header.keys()].filter((i) => i === 0 || (i > 2 && i < rewards.length + 8));
  return table(header, rows, right);
}

/** The reward formula of a group, and whether the group contributed to the update. */
function rewardText({ file, detail: { phase, rollouts } }: ShownGroup): string {
  if (rollouts.every(({ reward }) => reward === null)) return `${notRewarded(phase)}.`;
  const rule = ruleOf(file);
  const recorded = rollouts.some(({ advantage }) => advantage !== null);
  if (!file.config) return recorded ? rule : `${rule} Advantages were not recorded.`;
  const trains = rollouts.some(({ advantage }) => advantage !== null && advantage !== 0);
  return trains ? rule : `${rule}\nAll rewards are equal: zero advantages, no gradient from this problem at this step.`;
}

/** The training reward: its formula, or the name that another trainer recorded. */
function ruleOf(file: RunFile): string {
  const { config, origin } = file;
  if (config) return `Reward: ${storedReward(config)?.formula ?? config.reward}.`;
  return `Reward: ${describeRun(file).reward ?? DASH}, as ${originText(origin)} recorded it.`;
}
