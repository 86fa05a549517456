/** Which tokens of a response contain its answer. */
import type { Grader } from '../grading/index.ts';
import { type TokenSpan, tokenSpan } from '../protocol/spans.ts';

/** The tokens whose text overlaps the extracted answer; null if no answer is found, or the tokens are unknown. */
export function answerTokens(
  { text, tokenTexts }: { text: string; tokenTexts: readonly string[] | null },
  grader: Grader,
): TokenSpan | null {
  const place = tokenTexts && grader.locate(text);
  return place && tokenSpan(tokenTexts, place);
}
