/** The parts of a long response, for reading: tokens with their positions, thoughts, surprising tokens. Pure. */

export interface TextRange {
  /** UTF-16 units of the response, `end` exclusive. */
  start: number;
  end: number;
}

/** Where each token begins in the response; at the end, the length of the response. */
export function tokenStarts(tokenTexts: readonly string[]): Int32Array {
  const starts = new Int32Array(tokenTexts.length + 1);
  tokenTexts.forEach((text, t) => {
    starts[t + 1] = starts[t]! + text.length;
  });
  return starts;
}

/** Index of the token that contains a character; beyond the end, the last token. */
export function tokenAt(starts: Int32Array, offset: number): number {
  let [low, high] = [0, Math.max(0, starts.length - 2)];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (starts[middle]! <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}

const TAGS = /<(\/?)(?:think|thinking|thought|reasoning)>/gi;

/**
 * The thoughts of a response, `<think>` to `</think>` with the tags. One that only ends began in the prompt, as chat
 * templates do it; one that does not end reaches to the end of the response.
 */
export function thoughts(text: string): TextRange[] {
  const found: TextRange[] = [];
  let open: number | null = null;
  let isFirst = true;
  for (const { index, 0: tag, 1: slash } of text.matchAll(TAGS)) {
    if (slash === '') open ??= index;
    else if (open !== null || isFirst) {
      found.push({ start: open ?? 0, end: index + tag.length });
      open = null;
    }
    isFirst = false;
  }
  if (open !== null) found.push({ start: open, end: text.length });
  return found;
}

/** Indices of the `most` least probable tokens, the least probable first; those that are as good as certain never. */
export function mostSurprising(logprob: Float32Array | null, most: number): number[] {
  if (!logprob) return [];
  const CERTAIN = Math.log(0.99);
  return [...logprob.keys()]
    .filter((t) => logprob[t]! < CERTAIN)
    .sort((a, b) => logprob[a]! - logprob[b]!)
    .slice(0, most);
}

/** Positions of a text in a response, ignoring case; at most `most`. [] for an empty text. */
export function occurrences(text: string, wanted: string, most: number): TextRange[] {
  if (wanted === '') return [];
  const lower = text.toLowerCase();
  // A letter whose lower case is longer would move the places.
  const isSame = lower.length === text.length;
  const [where, what] = isSame ? [lower, wanted.toLowerCase()] : [text, wanted];
  const found: TextRange[] = [];
  for (let at = where.indexOf(what); at >= 0 && found.length < most; at = where.indexOf(what, at + what.length)) {
    found.push({ start: at, end: at + what.length });
  }
  return found;
}
