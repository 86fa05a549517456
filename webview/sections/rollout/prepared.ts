/** A rollout prepared for reading: tokens, thoughts, fork point, answer and most surprising tokens. Pure. */
import type { Rollout } from '../../../engine/protocol/group.ts';
import { type ForkPoint, forkPoint, type NoFork } from '../../../engine/runs/fork-point.ts';
import type { GroupPage } from '../../../engine/runs/panel-contract.ts';
import { mostSurprising, occurrences, type TextRange, thoughts, tokenAt } from '../../../engine/runs/response-parts.ts';
import { answerSpan, type TokenShades, tokenShades } from '../../../engine/runs/token-shades.ts';
import { type ResponseReading, readingOf, tokensOf } from './response.ts';

/** Number of tokens that a key jumps to. */
const MAX_SURPRISING_TOKENS = 20;
/** The number of matches of a search that are counted. */
export const MAX_MATCHES = 10_000;

/** Everything that follows from the rollout alone. */
export interface PreparedRollout {
  rollout: Rollout;
  /** Counted from 0. */
  index: number;
  reading: ResponseReading;
  /** Characters, as `response-parts.ts` finds them. */
  thoughts: readonly TextRange[];
  fork: ForkPoint | NoFork;
  /** Tokens, the least probable first. */
  surprising: readonly number[];
  /** The position of the answer, in tokens, and the rule that found it; null if there is no answer. */
  answer: { place: TextRange; rule: string } | null;
}

/** Prepares a rollout of a group for reading; undefined if the group has no such rollout. */
export function prepared({ detail, places, whole }: GroupPage, index: number): PreparedRollout | undefined {
  const rollout = detail.rollouts[index];
  if (!rollout) return undefined;
  const reading = readingOf(rollout);
  const place = places[index] ?? null;
  const span = place ?? answerSpan(rollout.text, rollout.answer);
  return {
    rollout,
    index,
    reading,
    thoughts: thoughts(rollout.text),
    fork: whole?.fork ?? forkPoint(detail, index),
    surprising: mostSurprising(rollout.statistics.logprob, MAX_SURPRISING_TOKENS),
    answer: span && { place: tokensOf(reading, span), rule: place?.rule ?? 'its last occurrence' },
  };
}

/**
 * The shades of a rollout's tokens; null if the shading has no values.
 * @param before log-probabilities at A, for the shading by change
 */
export function shadesOf(
  { detail }: GroupPage,
  rollout: Rollout,
  shading: Parameters<typeof tokenShades>[1],
  before: Float32Array | null,
): TokenShades | null {
  const group = detail.rollouts.map(({ statistics, advantage }) => ({ logprob: statistics.logprob, advantage }));
  return tokenShades({ ...rollout.statistics, advantage: rollout.advantage, group, before }, shading);
}

/** Where a text occurs in a response, in tokens; at most `MAX_MATCHES` matches. */
export function hitsOf({ rollout, reading }: PreparedRollout, wanted: string): TextRange[] {
  return occurrences(rollout.text, wanted, MAX_MATCHES).map((place) => tokensOf(reading, place));
}

/** The token at which it diverges from its sibling; null if it does not. */
export function forkToken({ fork, reading }: PreparedRollout): number | null {
  return typeof fork === 'string' ? null : Math.min(fork.shared, reading.texts.length - 1);
}

/** The thoughts that contain a token, by their index in `thoughts`. */
export function thoughtsAt({ thoughts, reading: { starts } }: PreparedRollout, token: number): number[] {
  return [...thoughts.keys()].filter((i) => {
    const { start, end } = thoughts[i]!;
    return token >= tokenAt(starts, start) && starts[token]! < end;
  });
}
