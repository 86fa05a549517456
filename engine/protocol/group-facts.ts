/**
 * Everything that follows from the rollouts of a group: its majority, the contents of its record, and the numbers of a
 * rollout. Pure.
 */
import type {
  Cluster,
  GroupId,
  GroupSummary,
  JudgedGroup,
  Majority,
  RolloutFacts,
  RolloutStatistics,
  TokenColumns,
} from './group.ts';
import { mean } from './values.ts';
import { voteOf } from './vote.ts';

/** The majority of a group as its record states it. */
export function majorityOf({
  clusters,
  rollouts,
}: {
  clusters: readonly Cluster[];
  rollouts: readonly Pick<RolloutFacts, 'answer' | 'logprob'>[];
}): Majority | null {
  const vote = voteOf(
    rollouts.map(({ answer }) => answer),
    clusters,
  );
  if (!vote) return null;
  const { answer, share, rawShare, tied, members } = vote;
  const logprob = mean(members.map((member) => rollouts[member]!.logprob));
  return { answer, share, rawShare, correct: clusters[0]!.correct, tied, logprob };
}

/** The contents of a group's record about its rollouts. */
export function groupSummary({
  phase,
  step,
  problem,
  clusters,
  majority,
  rollouts,
}: GroupId & Pick<JudgedGroup, 'clusters' | 'rollouts'> & { majority: Majority | null }): GroupSummary {
  return {
    phase,
    step,
    problem,
    clusters: clusters.map(({ answer, members, correct }) => ({ answer, count: members.length, correct })),
    majority,
    rollouts: rollouts.length,
    unanswered: rollouts.filter(({ cluster }) => cluster === null).length,
    truncated: rollouts.every(({ finish }) => finish === null)
      ? null
      : rollouts.filter(({ finish }) => finish === 'length').length,
    means: {
      reward: mean(rollouts.map(({ reward }) => reward)),
      correct: mean(rollouts.map(({ correct }) => (correct === null ? null : Number(correct)))),
      tokens: mean(rollouts.map(({ tokens }) => tokens)),
      logprob: mean(rollouts.map(({ logprob }) => logprob)),
      entropy: mean(rollouts.map(({ entropy }) => entropy)),
    },
  };
}

/** The numbers of a rollout that follow from its tokens. */
export function tokenFacts(
  ids: ArrayLike<number> | null,
  { logprob, entropy }: Pick<RolloutStatistics, 'logprob' | 'entropy'>,
): Pick<RolloutFacts, 'tokens' | 'logprob' | 'entropy' | 'repetition'> {
  return {
    tokens: ids?.length ?? logprob?.length ?? entropy?.length ?? null,
    logprob: logprob && meanOfColumn(logprob),
    entropy: entropy && meanOfColumn(entropy),
    repetition: ids && repeatedTrigrams(ids),
  };
}

/** Mean of a column; null if it is empty. */
function meanOfColumn(values: Float32Array): number | null {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i]!;
  return values.length === 0 ? null : total / values.length;
}

/** Shared by all calls: a new table for each response would be most of a group's memory. */
let table = new Int32Array();

/**
 * Repetition in a response: the share of its token trigrams that occurred before, 1 - distinct / all. 0: none is
 * repeated; towards 1: a loop. null for fewer than three tokens. One pass.
 */
export function repeatedTrigrams(tokens: ArrayLike<number>): number | null {
  const all = tokens.length - 2;
  if (all < 1) return null;
  // A hash table with open addressing, at most half full: for each distinct trigram, its first position + 1.
  const size = 2 ** Math.ceil(Math.log2(2 * all));
  const mask = size - 1;
  if (size > table.length) table = new Int32Array(size);
  else table.fill(0, 0, size);
  let distinct = 0;
  for (let i = 0; i < all; i++) {
    const [a, b, c] = [tokens[i]!, tokens[i + 1]!, tokens[i + 2]!];
    let slot = hash(a, b, c) & mask;
    for (let place = table[slot]!; place !== 0; place = table[slot]!) {
      if (tokens[place - 1] === a && tokens[place] === b && tokens[place + 1] === c) break;
      slot = (slot + 1) & mask;
    }
    if (table[slot] !== 0) continue;
    table[slot] = i + 1;
    distinct++;
  }
  return 1 - distinct / all;
}

function hash(a: number, b: number, c: number): number {
  const mixed = Math.imul(Math.imul(Math.imul(a, 0x9e3779b1) ^ b, 0x85ebca6b) ^ c, 0xc2b2ae35);
  return mixed ^ (mixed >>> 15);
}

/** Whether all numbers about a response's tokens are finite: they are not once weights are not, or logits overflow. */
export function hasFiniteTokens({
  logprob,
  entropy,
  logsumexp,
}: Pick<TokenColumns, 'logprob' | 'entropy' | 'logsumexp'>): boolean {
  return [logprob, entropy, logsumexp].every((values) => values.every(Number.isFinite));
}
