/** Places in a response, as tokens. */

/** The tokens of a rollout that contain its answer, from `start` to before `end`. */
export interface TokenSpan {
  start: number;
  end: number;
}

/**
 * The tokens that overlap characters `start` to before `end` of a response; null if none does.
 * @param tokenTexts the tokens' texts; joined, they give the response
 */
export function tokenSpan(
  tokenTexts: readonly string[],
  { start, end }: { start: number; end: number },
): TokenSpan | null {
  let [first, last, at] = [-1, -1, 0];
  tokenTexts.forEach((tokenText, t) => {
    const next = at + tokenText.length;
    if (at < end && next > start) {
      if (first < 0) first = t;
      last = t;
    }
    at = next;
  });
  return first < 0 ? null : { start: first, end: last + 1 };
}
