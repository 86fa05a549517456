/** Which tokens of a response hold its answer. */
import { locateAnswer } from '../grading/index.ts';
import type { StoredRollout } from '../protocol/records.ts';
import { type TokenSpan, tokenSpan } from '../protocol/spans.ts';

/** The tokens whose text overlaps the extracted answer; null where no answer is found. */
export function answerTokens({ text, pieces }: Pick<StoredRollout, 'text' | 'pieces'>): TokenSpan | null {
  const place = locateAnswer(text, 'strict');
  return place && tokenSpan(pieces, place);
}
