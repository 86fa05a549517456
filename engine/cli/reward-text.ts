/** Why a rollout got its reward, in sentences. */
import type { RunConfig } from '../protocol/config.ts';
import type { GroupRecord } from '../protocol/records.ts';
import { number, share } from './format.ts';

const UNREWARDED = { train: 'this phase', evaluation: 'an evaluation', greedy: 'greedy decoding', probe: 'a probe' };

/** Explains the rewards of a group, or with `index` that of one rollout. */
export function explainReward(reward: RunConfig['reward'] | null, group: GroupRecord, index?: number): string {
  if (group.rollouts.every((rollout) => rollout.reward === null)) {
    return `No rewards are given in ${UNREWARDED[group.phase]}: these rollouts do not train.`;
  }
  const rule = ruleOf(reward, group);
  return index === undefined ? `${rule} ${advantageOfGroup(group)}` : `${rule} ${verdictOf(reward, group, index)}`;
}

function ruleOf(reward: RunConfig['reward'] | null, { majority, rollouts, clusters }: GroupRecord): string {
  if (reward === 'ground-truth') return 'Reward 1 for an answer equal to the reference, else 0.';
  if (!majority) return 'No rollout has an answer, so there is no majority and every reward is 0.';
  const votes = clusters[0]!.members.length;
  return `Reward 1 for the majority's answer, ${majority.answer} (${votes} of ${rollouts.length} rollouts, share ${share(majority.share)}), else 0.`;
}

function advantageOfGroup({ rollouts }: GroupRecord): string {
  const trained = rollouts.filter(({ advantage }) => advantage !== null);
  if (trained.every(({ advantage }) => advantage === 0)) {
    return 'All rewards of the rollouts that train are equal, so the problem did not train at this step.';
  }
  return 'The advantage is the reward minus the mean of the group, over its standard deviation unless switched off.';
}

function verdictOf(reward: RunConfig['reward'] | null, group: GroupRecord, index: number): string {
  const { answer, cluster, advantage, correct } = group.rollouts[index]!;
  const parts: string[] = [];
  if (answer === null) parts.push('This rollout has no answer: it does not vote and earns nothing.');
  else if (reward === 'ground-truth') parts.push(`Its answer ${answer} is ${correct ? 'right' : 'wrong'}.`);
  else if (cluster === 0) parts.push(`Its answer ${answer} is in the majority's cluster.`);
  else {
    const votes = group.clusters[cluster!]?.members.length ?? 0;
    parts.push(`Its answer ${answer} got ${votes} of ${group.rollouts.length} votes.`);
  }
  if (advantage === null) parts.push('It was not drawn into the subset that trains.');
  else if (advantage === 0) parts.push('Its advantage is 0: it did not change the model.');
  else
    parts.push(
      `Its advantage is ${number(advantage)}: the update made it ${advantage > 0 ? 'likelier' : 'less likely'}.`,
    );
  return parts.join(' ');
}
