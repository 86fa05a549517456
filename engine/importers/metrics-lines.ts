/** Metrics that a trainer writes as JSON Lines, each with its step: what several lines say of one step belongs together. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { ReadContext } from './importer.ts';
import { scanLines } from './line-index.ts';
import type { ForeignMetrics } from './metrics.ts';
import { numberIn } from './rows.ts';

/** Values of a line that are no metrics. */
const NOT_METRICS = new Set(['step', 'time', '_timestamp', '_step', '_runtime']);

/** [] without such a file. Of two values of one name at one step the later counts. */
export async function mergedMetrics(file: string, context: ReadContext): Promise<ForeignMetrics[]> {
  if (!existsSync(file)) return [];
  const bySteps = new Map<number, ForeignMetrics>();
  // What a trainer is still writing waits: the last line counts once it is whole.
  for await (const { values } of scanLines(file, path.basename(file), { offset: 0, lines: 0 }, context, false)) {
    const step = numberIn(values.step);
    if (step === null || !Number.isSafeInteger(step)) continue;
    const numbers = Object.entries(values).flatMap(([name, value]) => {
      const number = numberIn(value);
      return NOT_METRICS.has(name) || number === null ? [] : [[name, number] as const];
    });
    const before = bySteps.get(step)?.values;
    bySteps.set(step, { step, values: { ...before, ...Object.fromEntries(numbers) } });
  }
  return [...bySteps.values()];
}
