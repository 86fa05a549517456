/** Processes many rows without blocking other work: Ctrl+C, progress, the other clients of an engine. */

/** Number of rows between yields to the event loop. */
const ROWS = 500;

/** The results of `work` for each row, in order. Rethrows its errors. */
export async function mapInChunks<T, R>(rows: readonly T[], work: (row: T, at: number) => R): Promise<R[]> {
  const made: R[] = [];
  for (let at = 0; at < rows.length; at++) {
    if (at % ROWS === ROWS - 1) await new Promise((resolve) => setImmediate(resolve));
    made.push(work(rows[at]!, at));
  }
  return made;
}
