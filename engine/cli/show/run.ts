/** A run: what it is, before and after, its curves and its problems. */
import { bytes, DASH, number, whole } from '../../protocol/format.ts';
import { STEP_METRICS, type StepMetric } from '../../protocol/metrics.ts';
import type { Problem } from '../../protocol/records.ts';
import type { RunInfo } from '../../protocol/rpc.ts';
import type { RunColumns } from '../../runs/columns.ts';
import { readRunInfo } from '../../runs/list.ts';
import type { Metric } from '../../runs/series.ts';
import type { Output } from '../output.ts';
import { problemResults, problemTable } from '../problem-table.ts';
import { beforeAfterTable, type RunSummary, summarize } from '../summary.ts';
import { sparkline, table } from '../table.ts';

const CURVE_COLUMNS = 48;
/** The metrics whose curves fit on a screen. */
const CURVES: readonly StepMetric[] = [
  'proxyReward',
  'groundTruthReward',
  'rewardAccuracy',
  'labelAccuracy',
  'majorityShare',
  'entropy',
  'length',
  'gradientNorm',
];
/** Warnings that are shown, the latest. */
const WARNINGS = 5;

interface ShownRun {
  folder: string;
  problems: readonly Problem[];
  columns: RunColumns;
  /** Each problem as it was at or before this step. */
  step: number | undefined;
}

export async function showRun(output: Output, { folder, problems, columns, step }: ShownRun): Promise<void> {
  const info = await readRunInfo(folder);
  const summary = summarize(columns);
  const { series, head } = columns;
  output.print(table(['run', info.run], factRows(folder, info, columns, summary)));
  const before = beforeAfterTable(columns);
  if (before) output.print(`\n${before}`);
  if (series.steps.length > 0) output.print(`\n${curves(columns)}`);
  const results = problemResults(problems, columns, step);
  if (results.length > 0) output.print(`\n${problemTable(results)}`);
  for (const warning of head.warnings.slice(-WARNINGS)) output.print(`warning: ${warning.message}`);
  const all = series.names.map((name) => [name, valuesOf(columns, name as Metric)]);
  output.result({
    ...info,
    ...summary,
    series: { step: series.steps, ...Object.fromEntries(all) },
    problems: results,
  });
}

function factRows(folder: string, info: RunInfo, { head }: RunColumns, summary: RunSummary): string[][] {
  const model = head.run?.model;
  const sizes = model ? ` (${whole(model.parameters)} parameters, ${whole(model.trainable)} trained)` : '';
  return [
    ['job', info.job],
    ['status', info.status + (head.end?.error ? `: ${head.end.error.message}` : '')],
    ['model', `${info.model}${sizes}`],
    ['dataset', `${info.dataset} (${head.run?.problems ?? DASH} problems)`],
    ...(info.job === 'train'
      ? [
          ['reward', info.reward],
          ['steps', `${info.step} of ${info.steps}`],
        ]
      : []),
    ['device', head.run?.device ?? DASH],
    [
      'speed',
      `${whole(summary.rolloutTokensPerSecond)} rollout tokens/s · peak memory ${bytes(summary.peakMemoryBytes)}`,
    ],
    ['folder', folder],
  ];
}

function curves(columns: RunColumns): string {
  const { steps } = columns.series;
  const rows = CURVES.flatMap((metric) => {
    const { title, unit } = STEP_METRICS[metric];
    const values = valuesOf(columns, metric);
    const known = values.filter((value) => value !== null);
    if (known.length === 0) return [];
    // Most rewards are shares, and then both rewards have one axis.
    const range = unit === 'share' || metric === 'proxyReward' ? { low: 0, high: 1 } : undefined;
    const [first, last] = [known[0]!, known.at(-1)!];
    return [[title.toLowerCase(), number(first, 2), sparkline(values, CURVE_COLUMNS, range), number(last, 2)]];
  });
  return table(['metric', 'first', `steps ${steps[0]} to ${columns.step}`, 'last'], rows, [1, 3]);
}

/** null where a value does not exist. */
function valuesOf({ series }: RunColumns, metric: Metric): (number | null)[] {
  return (series.of(metric) ?? []).map((value) => (Number.isNaN(value) ? null : value));
}
