/** Programs a few at a time. */
import os from 'node:os';

/** Programs that run at once: as many as there are processors, four at most. */
const AT_ONCE = Math.max(1, Math.min(4, os.availableParallelism()));

/** Results of `work` on all items, in their order, a few at a time. The first error ends it, when what runs has ended. */
export async function inParallel<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results = new Array<R>(items.length);
  const failures: unknown[] = [];
  let next = 0;
  const lane = async () => {
    while (next < items.length && failures.length === 0) {
      const at = next++;
      try {
        results[at] = await work(items[at]!);
      } catch (error) {
        failures.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  if (failures.length > 0) throw failures[0];
  return results;
}
