/** What a rollout is read with: its tokens, thoughts, fork point, answer and most surprising tokens. Pure. */
import type { Rollout } from '../../../engine/protocol/group.ts';
import { type ForkPoint, forkPoint, type NoFork } from '../../../engine/runs/fork-point.ts';
import type { GroupPage } from '../../../engine/runs/panel-contract.ts';
import { mostSurprising, occurrences, type TextRange, thoughts, tokenAt } from '../../../engine/runs/response-parts.ts';
import { answerSpan, type TokenShades, tokenShades } from '../../../engine/runs/token-shades.ts';
import { type ResponseReading, readingOf, tokensOf } from './response.ts';

/** Number of tokens that a key jumps to. */
const MOST_SURPRISING = 20;
/** Places that are counted when something is searched. */
export const MOST_FOUND = 10_000;

/** What follows from a rollout alone. */
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
  /** Where the answer is, in tokens, and the rule that found it; null where it has none. */
  answer: { place: TextRange; rule: string } | null;
}

/** Prepares a rollout of a group for reading; undefined where the group has no such rollout. */
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
    surprising: mostSurprising(rollout.statistics.logprob, MOST_SURPRISING),
    answer: span && { place: tokensOf(reading, span), rule: place?.rule ?? 'its last occurrence' },
  };
}

/**
 * The shades of a rollout's tokens; null where there is nothing to shade by.
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

/** Where a text occurs in a response, in tokens; at most `MOST_FOUND` places. */
export function hitsOf({ rollout, reading }: PreparedRollout, wanted: string): TextRange[] {
  return occurrences(rollout.text, wanted, MOST_FOUND).map((place) => tokensOf(reading, place));
}

/** The token at which it parts from its sibling; null without. */
export function forkToken({ fork, reading }: PreparedRollout): number | null {
  return typeof fork === 'string' ? null : Math.min(fork.shared, reading.texts.length - 1);
}

/** The thoughts that a token is in, by their place in `thoughts`. */
export function thoughtsAt({ thoughts, reading: { starts } }: PreparedRollout, token: number): number[] {
  return [...thoughts.keys()].filter((i) => {
    const { start, end } = thoughts[i]!;
    return token >= tokenAt(starts, start) && starts[token]! < end;
  });
}
