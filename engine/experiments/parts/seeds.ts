/** Values over seeds: means with intervals, as series, cells and texts. */
import { tInterval } from '../../analysis/seed-estimates.ts';
import { figure } from '../../protocol/format.ts';
import type { PlotPoint, PlotSeries } from '../report/plots.ts';
import type { Cell } from '../report/section.ts';
import type { Curve } from './curves.ts';

/**
 * Mean over seeds with Student's interval; for two values, whose interval would be 13 standard errors wide, with both
 * values as bounds. null without values.
 */
function meanOverValues(values: readonly number[]): ReturnType<typeof tInterval> {
  const estimate = tInterval(values);
  return estimate && values.length === 2
    ? { ...estimate, low: Math.min(...values), high: Math.max(...values) }
    : estimate;
}

/** Note on the bands of `overSeeds`. */
export const BANDS = 'Bands: 95% over seeds, or both values for two seeds.';

/** Mean over runs at each step that all of them have, with its interval if there are several runs. */
export function overSeeds(name: string, curves: readonly Curve[], dashed = false): PlotSeries {
  const byStep = new Map<number, number[]>();
  for (const curve of curves) {
    for (const { step, value } of curve) byStep.set(step, [...(byStep.get(step) ?? []), value]);
  }
  const points: PlotPoint[] = [...byStep]
    .filter(([, values]) => values.length === curves.length)
    .sort(([a], [b]) => a - b)
    .map(([step, values]) => {
      const { mean, low, high } = meanOverValues(values)!;
      return { x: step, y: mean, ...(low !== null && high !== null && { low, high }) };
    });
  return { name, points, ...(dashed && { dashed }) };
}

/** A mean over seeds as a cell, with its interval if there are several values. */
export function seedCell(values: readonly (number | null)[]): Cell {
  const known = values.filter((v) => v !== null);
  const estimate = meanOverValues(known);
  if (estimate === null) return null;
  const { mean, low, high } = estimate;
  return low === null || high === null ? mean : { mean, low, high };
}

export { mean as meanOf } from '../../protocol/values.ts';

/** `0.61`, or `0.61 (0.58 to 0.64)` over several seeds. */
export function seedText(values: readonly (number | null)[]): string {
  const cell = seedCell(values);
  return cell === null || typeof cell === 'number' || typeof cell === 'string'
    ? figure(cell as number | null)
    : `${figure(cell.mean)} (${figure(cell.low)} to ${figure(cell.high)})`;
}

/** Start, peak and end of one curve per seed. */
export function courseCells(curves: readonly Curve[]): [start: Cell, peak: Cell, end: Cell] {
  const values = curves.map((curve) => curve.map(({ value }) => value));
  return [
    seedCell(values.map((of) => of[0] ?? null)),
    seedCell(values.map((of) => (of.length === 0 ? null : Math.max(...of)))),
    seedCell(values.map((of) => of.at(-1) ?? null)),
  ];
}
