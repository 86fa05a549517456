/**
 * Token texts that are cut out of their response on demand: a group of long responses has millions of tokens, and only
 * a few of them are looked at. Pure.
 */
import type { Rollout } from './group.ts';

/** Lengths of the tokens, UTF-16 units; joined they are the response. */
type Lengths = Uint16Array | Int32Array;

const LENGTHS = new WeakMap<object, Lengths>();

/** A rollout whose token texts are cut out of its text on first use, and then kept. */
export function withTokensOf(rollout: Rollout, lengths: readonly number[]): Rollout {
  const kept = lengths.every((length) => length < 2 ** 16) ? Uint16Array.from(lengths) : Int32Array.from(lengths);
  LENGTHS.set(rollout, kept);
  return Object.defineProperty(rollout, 'tokenTexts', {
    configurable: true,
    enumerable: true,
    get() {
      const tokenTexts = cut(rollout.text, kept);
      Object.defineProperty(rollout, 'tokenTexts', { value: tokenTexts, writable: true });
      return tokenTexts;
    },
  });
}

/** The texts of tokens by their lengths. */
export function cut(text: string, lengths: ArrayLike<number>): string[] {
  const tokenTexts = new Array<string>(lengths.length);
  let at = 0;
  for (let t = 0; t < lengths.length; t++) {
    tokenTexts[t] = text.slice(at, at + lengths[t]!);
    at += lengths[t]!;
  }
  return tokenTexts;
}

/** The number of a rollout's token texts, without cutting any; null if they are unknown. */
export function countOfTokenTexts(rollout: Pick<Rollout, 'tokenTexts'>): number | null {
  return LENGTHS.get(rollout)?.length ?? rollout.tokenTexts?.length ?? null;
}

/** Where a token begins in the response, in UTF-16 units; beyond the last token, the length of the response. */
export function tokenOffset(rollout: Pick<Rollout, 'tokenTexts'>, token: number): number {
  const lengths = LENGTHS.get(rollout);
  const count = Math.min(token, countOfTokenTexts(rollout) ?? 0);
  let at = 0;
  for (let t = 0; t < count; t++) at += lengths ? lengths[t]! : rollout.tokenTexts![t]!.length;
  return at;
}

/** The text of one token; undefined beyond the last token, and if the texts are unknown. */
export function tokenText(rollout: Pick<Rollout, 'text' | 'tokenTexts'>, token: number): string | undefined {
  const lengths = LENGTHS.get(rollout);
  if (!lengths) return rollout.tokenTexts?.[token];
  if (token >= lengths.length) return undefined;
  const start = tokenOffset(rollout, token);
  return rollout.text.slice(start, start + lengths[token]!);
}

/** A copy of a rollout without its token texts; none of them is cut for it. */
export function withoutTokenTexts(rollout: Rollout): Rollout {
  const tokenTexts = { value: null, configurable: true, enumerable: true, writable: true };
  return Object.defineProperties({}, { ...Object.getOwnPropertyDescriptors(rollout), tokenTexts }) as Rollout;
}
