/** A group of another trainer's rollouts as the journal stores it. Pure. */
import { type GradingRules, problemGrader } from '../grading/grader.ts';
import { type JudgedAnswers, judgeAnswersBy, type Reference } from '../grading/judge.ts';
import {
  type ForeignValue,
  type GroupDetail,
  type GroupId,
  NO_STATISTICS,
  type Rollout,
  type RolloutStatistics,
} from '../protocol/group.ts';
import { majorityOf, tokenFacts } from '../protocol/group-facts.ts';
import { finiteOrNull, finiteValues } from './finite.ts';

/** The part of a problem that grading needs. */
export interface GradedProblem {
  index: number;
  reference: Reference;
  rule: string | undefined;
}

/**
 * What a trainer recorded about one rollout. Absent values were not recorded; numbers that are not finite count as
 * missing.
 */
export interface ForeignRollout {
  /** The response. */
  text: string;
  /** The text to search for an answer: the assistant's last turn in a conversation; by default, the whole text. */
  said?: string;
  /**
   * The answer that the trainer extracted, in all rollouts of the group or in none; by default, it is extracted here.
   */
  answer?: string | null;
  /** The reward that trains. */
  reward?: number | null;
  /** Rewards by function name. */
  rewards?: Record<string, number | null>;
  advantage?: number | null;
  /** Other values, under their own names. */
  foreign?: Record<string, ForeignValue>;
  finish?: Rollout['finish'];
  /** Number of tokens, and means over them in nats, if the tokens themselves are unknown. */
  tokens?: number | null;
  logprob?: number | null;
  entropy?: number | null;
  ids?: Int32Array;
  tokenTexts?: string[];
  statistics?: Partial<RolloutStatistics>;
}

/** Judges the rollouts of a problem: answers, clusters of equal ones, the vote, right and wrong, as the engine does. */
export function foreignGroup(
  id: Omit<GroupId, 'problem'>,
  { index, reference, rule }: GradedProblem,
  rollouts: readonly ForeignRollout[],
  rules?: GradingRules,
): GroupDetail {
  const grader = problemGrader({ rule }, rules);
  const extracted = rollouts.every(({ answer }) => answer !== undefined);
  const judged = extracted
    ? judgeAnswersBy(
        grader.cluster,
        rollouts.map(({ answer }) => answer ?? null),
        reference,
      )
    : grader.judge(
        rollouts.map(({ text, said }) => said ?? text),
        reference,
      );
  const { clusters } = judged;
  const all = rollouts.map((rollout, i) => withFacts(judged.rollouts[i]!, rollout));
  return {
    ...id,
    problem: index,
    clusters,
    majority: majorityOf({ clusters, rollouts: all }),
    rollouts: all,
    evidence: {},
  };
}

/** One object literal, since this runs for every rollout of a dump. */
function withFacts({ answer, cluster, correct }: JudgedAnswers['rollouts'][number], rollout: ForeignRollout): Rollout {
  const { text, ids = null, tokenTexts = null, finish = null } = rollout;
  const statistics = rollout.statistics ? { ...NO_STATISTICS, ...rollout.statistics } : NO_STATISTICS;
  const facts = tokenFacts(ids, statistics);
  return {
    text,
    answer,
    cluster,
    correct,
    ids,
    tokenTexts,
    statistics,
    finish,
    reward: finiteOrNull(rollout.reward),
    rewards: rollout.rewards ? finiteValues(rollout.rewards) : {},
    advantage: finiteOrNull(rollout.advantage),
    foreign: rollout.foreign ? finiteValues(rollout.foreign) : {},
    // Explanations belong to rewards that this engine computed.
    why: [],
    tokens: facts.tokens ?? finiteOrNull(rollout.tokens) ?? tokenTexts?.length ?? null,
    logprob: facts.logprob ?? finiteOrNull(rollout.logprob),
    entropy: facts.entropy ?? finiteOrNull(rollout.entropy),
    repetition: facts.repetition,
  };
}
