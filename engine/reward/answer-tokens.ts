/** Which tokens of a response hold its answer. */
import { locateAnswer } from '../grading/index.ts';
import { type TokenSpan, tokenSpan } from '../protocol/spans.ts';

/** The tokens whose text overlaps the extracted answer; null where no answer is found, or the tokens are not known. */
export function answerTokens({ text, pieces }: { text: string; pieces: readonly string[] | null }): TokenSpan | null {
  const place = pieces && locateAnswer(text, 'strict');
  return place && tokenSpan(pieces, place);
}
