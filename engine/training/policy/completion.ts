/** Where a response is complete by its text: after a stop text, or after a final answer. */
import type { SamplingConfig } from '../../protocol/index.ts';

/** End (exclusive) of the first balanced `\boxed{...}` or of the first finished `#### x` line; -1 when there is none. */
function answerEnd(text: string): number {
  const ends: number[] = [];
  for (let mark = text.indexOf('####'), end = 0; mark >= 0; mark = text.indexOf('####', mark + 1)) {
    if (end <= mark) end = text.indexOf('\n', mark);
    if (end < 0) break;
    if (!/^[ \t]*\S/.test(text.slice(mark + 4, end))) continue;
    ends.push(end + 1);
    break;
  }
  const boxed = text.indexOf('\\boxed{');
  if (boxed >= 0) {
    let depth = 0;
    for (let i = boxed + 6; i < text.length; i++) {
      if (text[i] === '{') depth++;
      else if (text[i] === '}' && --depth === 0) {
        ends.push(i + 1);
        break;
      }
    }
  }
  return ends.length > 0 ? Math.min(...ends) : -1;
}

/**
 * A function from a response's tokens to the smallest number of them after which it is complete, or null. Returns no
 * function if only the end token or the length limit ends a response.
 */
export function completionFinder(
  { stop, stopAtAnswer }: Pick<SamplingConfig, 'stop' | 'stopAtAnswer'>,
  decode: (tokens: readonly number[]) => string,
): ((tokens: readonly number[]) => number | null) | undefined {
  if (stop.length === 0 && !stopAtAnswer) return undefined;
  const complete = (text: string) => stop.some((s) => text.includes(s)) || (stopAtAnswer && answerEnd(text) >= 0);
  return (tokens) => {
    if (!complete(decode(tokens))) return null;
    let low = 0;
    let high = tokens.length;
    // A longer response contains everything that a shorter one contains.
    while (low + 1 < high) {
      const middle = (low + high) >> 1;
      if (complete(decode(tokens.slice(0, middle)))) high = middle;
      else low = middle;
    }
    return high;
  };
}
