/** How many charts are next to each other. Pure. */

/** Between two charts, CSS pixels. */
export const GAP = 18;
/** Width that a chart with its title needs, where there are several in a row; without units and all of its name, where some were added. */
export const NARROWEST = 224;
const DENSEST = 184;

/** How many of so many charts are in a row of this width, CSS pixels. Those that were added stay in sight where they can. */
export function chartColumns(width: number, charts: number): number {
  const fits = (columns: number, narrowest: number) => width >= columns * narrowest + (columns - 1) * GAP;
  if (charts > 4 && fits(5, DENSEST)) {
    const most = Math.floor((width + GAP) / (DENSEST + GAP));
    return Math.ceil(charts / Math.ceil(charts / most));
  }
  return [4, 2].find((columns) => fits(columns, NARROWEST)) ?? 1;
}
