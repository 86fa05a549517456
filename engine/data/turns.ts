/** Work on many rows that lets others have their turn: Ctrl+C, progress, the other clients of an engine. */

/** Rows after which others get their turn. */
const ROWS = 500;

/** What `work` makes of each row, in their order. Throws what it throws. */
export async function inTurns<T, R>(rows: readonly T[], work: (row: T, at: number) => R): Promise<R[]> {
  const made: R[] = [];
  for (let at = 0; at < rows.length; at++) {
    if (at % ROWS === ROWS - 1) await new Promise((resolve) => setImmediate(resolve));
    made.push(work(rows[at]!, at));
  }
  return made;
}
