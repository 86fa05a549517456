/** Which tokens of a response hold its answer. */
import { locateAnswer } from '../grading/index.ts';
import type { StoredRollout } from '../protocol/records.ts';

/** The tokens whose text overlaps the extracted answer, `to` exclusive; null where no answer is found. */
export function answerTokens({
  text,
  pieces,
}: Pick<StoredRollout, 'text' | 'pieces'>): { from: number; to: number } | null {
  const place = locateAnswer(text, 'strict');
  if (!place) return null;
  let at = 0;
  let from = -1;
  let to = -1;
  pieces.forEach((piece, t) => {
    const end = at + piece.length;
    if (piece.length > 0 && at < place.end && end > place.start) {
      if (from < 0) from = t;
      to = t + 1;
    }
    at = end;
  });
  return from < 0 ? null : { from, to };
}
