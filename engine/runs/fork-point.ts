/**
 * Where a rollout diverges from a sibling with another answer: their longest common beginning, and the tokens that were
 * drawn after it. Nothing is stored for this: rollouts of a group with the same beginning were drawn from one
 * distribution, so each of them contributes an alternative with its probability. Pure.
 */
import { countOfTokenTexts, tokenOffset, tokenText } from '../protocol/cut-tokens.ts';
import type { GroupDetail, Rollout } from '../protocol/group.ts';

/** The siblings that a rollout is compared with: by the reference, or without one by the vote. */
export type ForkAgainst = 'correct' | 'wrong' | 'majority' | 'minority';

/** A token that was drawn after the common beginning. */
export interface DrawnToken {
  /** null: the response ended here. */
  text: string | null;
  /** At the sampling temperature; null if it was not recorded. */
  probability: number | null;
  /** The number of rollouts that drew it, and how many of those are correct (null without a reference). */
  rollouts: number;
  correct: number | null;
  /** The rollout itself and the sibling. */
  isOwn: boolean;
  isSibling: boolean;
}

export interface ForkPoint {
  against: ForkAgainst;
  /** Index of the sibling in the group. */
  sibling: number;
  /** The unit of the comparison: words if the tokens are unknown. */
  unit: 'token' | 'word';
  /** Length of the common beginning, which is the place of divergence. */
  shared: number;
  /** The same in UTF-16 units of the response. */
  offset: number;
  /** The likeliest first; those without a probability by how often they were drawn. */
  drawn: DrawnToken[];
  /** Probability of what no rollout drew; null where probabilities are not known. */
  rest: number | null;
  /** Probability of the most likely token if no rollout drew it; null if one did, or if it is unknown. */
  undrawnTop: number | null;
}

/** Why a rollout has no fork point. */
export type NoFork = 'no-vote' | 'no-correct' | 'no-wrong' | 'no-majority' | 'no-minority';

/** Probabilities are float32 numbers of one distribution. */
const PROBABILITY_TOLERANCE = 1e-4;

interface Sequence {
  keys: readonly (string | number)[] | Int32Array;
  /** null beyond the end. */
  textAt(place: number): string | null;
  /** Position of a unit in the response, in UTF-16 units. */
  offsetOf(place: number): number;
}

/** Tokens if both rollouts have them, otherwise words, for runs whose trainer kept only the texts. */
function sequences(rollouts: readonly Rollout[]): { unit: ForkPoint['unit']; of: Sequence[] } {
  const counts = rollouts.map(countOfTokenTexts);
  if (counts.every((count) => count !== null)) {
    const withIds = rollouts.every(({ ids }, i) => ids?.length === counts[i]);
    return {
      unit: 'token',
      of: rollouts.map((rollout) => ({
        keys: withIds ? rollout.ids! : rollout.tokenTexts!,
        textAt: (place) => tokenText(rollout, place) ?? null,
        offsetOf: (place) => tokenOffset(rollout, place),
      })),
    };
  }
  const words = rollouts.map(({ text }) => text.match(/\s*\S+|\s+$/g) ?? []);
  return { unit: 'word', of: words.map(sequenceOf) };
}

function sequenceOf(texts: readonly string[]): Sequence {
  return {
    keys: texts,
    textAt: (place) => texts[place] ?? null,
    offsetOf: (place) => texts.slice(0, place).reduce((sum, { length }) => sum + length, 0),
  };
}

function sharedLength({ keys: a }: Pick<Sequence, 'keys'>, { keys: b }: Pick<Sequence, 'keys'>): number {
  const most = Math.min(a.length, b.length);
  let shared = 0;
  while (shared < most && a[shared] === b[shared]) shared++;
  return shared;
}

/** The siblings that a rollout is compared with. */
function comparedSiblings(
  rollouts: readonly Rollout[],
  index: number,
): { against: ForkAgainst; of: number[] } | NoFork {
  const { correct, cluster } = rollouts[index]!;
  const others = (is: (rollout: Rollout) => boolean) =>
    [...rollouts.keys()].filter((i) => i !== index && is(rollouts[i]!));
  if (correct !== null) {
    const against = correct ? 'wrong' : 'correct';
    const of = others((rollout) => rollout.correct === !correct);
    return of.length > 0 ? { against, of } : `no-${against}`;
  }
  if (!rollouts.some((rollout) => rollout.cluster === 0)) return 'no-vote';
  const against = cluster === 0 ? 'minority' : 'majority';
  const of = others((rollout) => (rollout.cluster === 0) !== (cluster === 0));
  return of.length > 0 ? { against, of } : `no-${against}`;
}

/**
 * The fork point of a rollout, by index, or why there is none. The sibling is the one with the longest common beginning
 * (the first of equal ones) among the correct rollouts if this one is wrong, and among the wrong ones if it is correct;
 * without a reference, the majority takes the place of the correct ones.
 */
export function forkPoint({ rollouts }: Pick<GroupDetail, 'rollouts'>, index: number): ForkPoint | NoFork {
  const found = comparedSiblings(rollouts, index);
  if (typeof found === 'string') return found;
  const { unit, of } = sequences(rollouts);
  const own = of[index]!;
  const shared = of.map((other) => sharedLength(own, other));
  const sibling = found.of.reduce((best, i) => (shared[i]! > shared[best]! ? i : best));
  const at = shared[sibling]!;
  const drawn = new Map<string | number | null, DrawnToken>();
  rollouts.forEach((rollout, i) => {
    if (i !== index && shared[i]! < at) return;
    const { keys, textAt } = of[i]!;
    const key = keys[at] ?? null;
    const logprob = unit === 'token' ? (rollout.statistics.logprob?.[at] ?? null) : null;
    const known = drawn.get(key);
    const isRight = Number(rollout.correct === true);
    drawn.set(key, {
      text: textAt(at),
      probability: known?.probability ?? (logprob === null ? null : Math.exp(logprob)),
      rollouts: (known?.rollouts ?? 0) + 1,
      correct: rollout.correct === null ? (known?.correct ?? null) : (known?.correct ?? 0) + isRight,
      isOwn: i === index || known?.isOwn === true,
      isSibling: i === sibling || known?.isSibling === true,
    });
  });
  const likeliest = [...drawn.values()].sort(
    (a, b) => (b.probability ?? 0) - (a.probability ?? 0) || b.rollouts - a.rollouts,
  );
  return {
    against: found.against,
    sibling,
    unit,
    shared: at,
    offset: own.offsetOf(at),
    drawn: likeliest,
    ...undrawnMass(likeliest, unit === 'token' ? (rollouts[index]!.statistics.top1?.[at] ?? null) : null),
  };
}

/** The probability left for tokens that no rollout drew. */
function undrawnMass(drawn: readonly DrawnToken[], top1: number | null): Pick<ForkPoint, 'rest' | 'undrawnTop'> {
  const probabilities = drawn.flatMap(({ probability }) => probability ?? []);
  if (probabilities.length < drawn.length) return { rest: null, undrawnTop: null };
  const rest = Math.max(0, 1 - probabilities.reduce((sum, p) => sum + p, 0));
  return { rest, undrawnTop: top1 !== null && top1 > Math.max(...probabilities) + PROBABILITY_TOLERANCE ? top1 : null };
}

/** The number of tokens that two rollouts begin with alike; null if unknown. */
function sharedTokens(a: Rollout, b: Rollout): number | null {
  const [keys, others] = a.ids && b.ids ? [a.ids, b.ids] : [a.tokenTexts, b.tokenTexts];
  return keys && others && sharedLength({ keys }, { keys: others });
}

/**
 * Log-probability of each token of a rollout under the policy that sampled other rollouts of its problem, in nats, one
 * per token: known as long as one of them begins in the same way, NaN after that. null if the rollout's tokens are
 * unknown.
 */
export function logprobUnder(rollout: Rollout, others: readonly Rollout[]): Float32Array | null {
  if (!rollout.tokenTexts) return null;
  const found = new Float32Array(rollout.tokenTexts.length).fill(Number.NaN);
  for (const other of others) {
    const { logprob } = other.statistics;
    if (!logprob) continue;
    const shared = sharedTokens(rollout, other);
    if (shared !== null) found.set(logprob.subarray(0, shared));
  }
  return found;
}

const AGAINST_TEXTS: Readonly<Record<ForkAgainst, string>> = {
  correct: 'the correct',
  wrong: 'the wrong',
  majority: 'the majority’s',
  minority: 'the dissenting',
};
const NO_FORK_TEXTS: Readonly<Record<NoFork, string>> = {
  'no-vote': 'no rollout of the group has an answer',
  'no-correct': 'no rollout of the group is correct',
  'no-wrong': 'no rollout of the group is wrong',
  'no-majority': 'no other rollout has the majority answer',
  'no-minority': 'all rollouts have the majority answer',
};

/** The fork point in words: `Diverges from the correct rollout 5 at token 37`, or why there is none. */
export function forkText(fork: ForkPoint | NoFork): string {
  if (typeof fork === 'string') return `No fork point: ${NO_FORK_TEXTS[fork]}.`;
  const { against, sibling, unit, shared } = fork;
  return `Diverges from ${AGAINST_TEXTS[against]} rollout ${sibling + 1} at ${unit} ${shared + 1}`;
}
