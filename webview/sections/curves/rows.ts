/** How many charts are next to each other. Pure. */

/** Between two charts, CSS pixels. */
export const GAP = 18;
/**
 * Least width of a chart and its title when there are several per row, in CSS pixels: without units, and with the whole
 * name if charts were added.
 */
export const MIN_CHART_WIDTH = 224;
const MIN_DENSE_CHART_WIDTH = 184;

/**
 * How many of `count` charts fit into a row of this width, in CSS pixels. Charts that were added stay visible if
 * possible.
 */
export function chartColumns(width: number, charts: number): number {
  const fits = (columns: number, narrowest: number) => width >= columns * narrowest + (columns - 1) * GAP;
  if (charts > 4 && fits(5, MIN_DENSE_CHART_WIDTH)) {
    const most = Math.floor((width + GAP) / (MIN_DENSE_CHART_WIDTH + GAP));
    return Math.ceil(charts / Math.ceil(charts / most));
  }
  return [4, 2].find((columns) => fits(columns, MIN_CHART_WIDTH)) ?? 1;
}
