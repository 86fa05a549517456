/** The rollouts of a step: sampled, judged, rewarded, with advantages, recorded. */
import type { JudgedGroup } from '../protocol/group.ts';
import type { Problem } from '../protocol/index.ts';
import { isGroupwise } from './advantages.ts';
import type { RunContext } from './context.ts';
import type { OutsideTrainer } from './outside.ts';
import type { TrainedResponse } from './policy/responses.ts';
import { recordGroup, sample, withEvidence } from './sample.ts';
import { randomSubset } from './schedule.ts';
import {
  type Judged,
  judgedGroup,
  type Scored,
  score,
  type WithAdvantages,
  type WithEvidence,
  withAdvantages,
} from './stages.ts';

/** The part of a group that the update and the metrics need; texts and the other statistics are in the journal. */
export interface Collected {
  problem: Problem;
  measured: JudgedGroup;
  /** The rollouts that train. */
  responses: TrainedResponse[];
}

/**
 * Samples `config.votes` rollouts of each of a step's problems, of which `config.group` train. Groups are recorded as soon
 * as their advantages are known: at once where the reward needs nothing beyond the rollouts and no advantage compares
 * groups.
 */
export async function collect(context: RunContext, step: number, batch: readonly Problem[]): Promise<Collected[]> {
  const { config, reward, vocabulary, outside } = context;
  const place = { phase: 'train', step } as const;
  const collected: Collected[] = [];
  const finish = (groups: readonly WithEvidence[]) => {
    const scored = groups.map((group) => {
      const train = randomSubset(config.seed, step, group.problem.index, group.rollouts.length, config.group);
      return score(group, reward, vocabulary, train);
    });
    for (const group of outside
      ? withOutsideAdvantages(outside, step, scored)
      : withAdvantages(scored, config.loss.advantage)) {
      recordGroup(context, place, group);
      collected.push(updateInput(group));
    }
  };
  const atOnce = outside !== null || (reward.evidence.length === 0 && isGroupwise(config.loss.advantage));
  const waiting: Judged[] = [];
  await sample(context, batch, { ...place, rows: config.votes, sampling: config.sampling }, (group) => {
    if (atOnce) finish([{ ...group, evidence: outside?.groupOf(step, group.problem.index).evidence ?? {} }]);
    else waiting.push(group);
  });
  if (waiting.length > 0) finish(await withEvidence(context, step, waiting));
  return collected;
}

/** Adds the rewards and advantages that the outside trainer used. */
function withOutsideAdvantages(outside: OutsideTrainer, step: number, groups: readonly Scored[]): WithAdvantages[] {
  return groups.map((group) => {
    const { rewards, advantages } = outside.groupOf(step, group.problem.index);
    return { ...group, scores: { ...group.scores, rewards: [...rewards] }, advantages };
  });
}

function updateInput(group: WithAdvantages): Collected {
  const { problem, rollouts, trains, advantages } = group;
  const responses = trains.map((i) => {
    const { tokens, logprob, finish } = rollouts[i]!;
    return { tokens, logprob, advantage: advantages[i] ?? 0, truncated: finish === 'length' };
  });
  return { problem, measured: judgedGroup(group), responses };
}
