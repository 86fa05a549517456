/** Which tokens of a response hold its answer. */
import type { Grader } from '../grading/index.ts';
import { type TokenSpan, tokenSpan } from '../protocol/spans.ts';

/** The tokens whose text overlaps the extracted answer; null where no answer is found, or the tokens are not known. */
export function answerTokens(
  { text, tokenTexts }: { text: string; tokenTexts: readonly string[] | null },
  grader: Grader,
): TokenSpan | null {
  const place = tokenTexts && grader.locate(text);
  return place && tokenSpan(tokenTexts, place);
}
