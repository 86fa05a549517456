/** Line plots over the steps of runs, for the reports of experiments. */
import type { LinePlot, PlotSeries } from '../report/plots.ts';

/** Lines over the steps. @param y the label of the y-axis, with its unit */
export function stepPlot(title: string, y: string, series: readonly PlotSeries[]): LinePlot {
  return { kind: 'lines', title, x: 'step', y, series };
}

/** Shares between 0 and 1. */
export function sharePlot(title: string, series: readonly PlotSeries[], y = 'share'): LinePlot {
  return { ...stepPlot(title, y, series), yRange: [0, 1] };
}
