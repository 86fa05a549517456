/** Runs a few programs in parallel. */
import os from 'node:os';

/** Maximum number of parallel programs: one per core, up to four. */
const MAX_PARALLEL = Math.max(1, Math.min(4, os.availableParallelism()));

/** Results of `work` on all items, in order. The first error stops it, once the running items have ended. */
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
  await Promise.all(Array.from({ length: MAX_PARALLEL }, lane));
  if (failures.length > 0) throw failures[0];
  return results;
}
