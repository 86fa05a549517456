/** A run: its settings, evaluations before and after training, curves and problems. */
import { runName } from '../../journal/layout.ts';
import { liveWriter } from '../../journal/lock.ts';
import { readRunFile } from '../../journal/reader.ts';
import { readingText } from '../../protocol/data-text.ts';
import { diagnosisText } from '../../protocol/diagnosis.ts';
import { EMBEDDED } from '../../protocol/embedded.ts';
import { bytes, DASH, integer, plural } from '../../protocol/format.ts';
import type { RunInfo } from '../../protocol/listed-run.ts';
import { STEP_METRICS, type StepMetric, TERMINAL_METRICS } from '../../protocol/metrics.ts';
import { valueText } from '../../protocol/named-values.ts';
import type { Problem } from '../../protocol/problem.ts';
import { QUANTITIES, quantityText } from '../../protocol/quantities.ts';
import type { ForeignRun } from '../../protocol/run-file.ts';
import { scoredByText } from '../../protocol/scored-text.ts';
import { sparkline } from '../../protocol/sparkline.ts';
import { originText } from '../../protocol/texts.ts';
import type { RunColumns } from '../../runs/columns.ts';
import { diagnosisAt } from '../../runs/diagnosis.ts';
import { runFault } from '../../runs/run-fault.ts';
import { runInfo } from '../../runs/run-info.ts';
import { statusOf } from '../../runs/run-status.ts';
import { foreignName, isForeign, type Metric } from '../../runs/series.ts';
import type { Output } from '../output.ts';
import { problemResults, problemTable } from '../problem-table.ts';
import { beforeAfterTable, type RunSummary, runSummary } from '../summary.ts';
import { table } from '../table.ts';

const CURVE_COLUMNS = 48;
/** Number of latest warnings shown. */
const WARNINGS = 5;

interface ShownRun {
  folder: string;
  problems: readonly Problem[];
  columns: RunColumns;
  /** Shows problems as of this step. */
  step: number | undefined;
}

/**
 * Prints the run, as text and as the result of `--json`.
 * @param step the step at which problems are shown; undefined for the latest
 */
export async function showRun(output: Output, { folder, problems, columns, step }: ShownRun): Promise<void> {
  const file = await readRunFile(folder);
  const { series, head } = columns;
  const fault = runFault(folder, problems.length, columns);
  const info = runInfo(file, {
    run: runName(folder),
    folder,
    step: columns.step,
    status: statusOf(head, liveWriter(folder) !== null),
    evaluations: head.evaluations,
    skipped: head.skipped,
    warnings: head.warnings,
    fault,
  });
  const summary = runSummary(columns);
  output.print(table(['run', info.run], factRows(folder, info, columns, summary, file.foreign?.settings ?? {})));
  const before = beforeAfterTable(columns);
  if (before) output.print(`\n${before}`);
  if (series.steps.length > 0) output.print(`\n${curves(columns)}`);
  const results = problemResults(problems, columns, step);
  if (results.length > 0) output.print(`\n${problemTable(results)}`);
  if (fault) output.print(`warning: ${fault}`);
  for (const warning of head.warnings.slice(-WARNINGS)) output.print(`warning: ${warning.message}`);
  if (info.skipped) output.print(`warning: ${info.skipped.message}`);
  const all = series.names.map((name) => [name, valuesOf(columns, name)]);
  output.result({
    ...info,
    settings: file.foreign?.settings ?? null,
    scoredBy: head.scoredBy,
    ...summary,
    series: { step: series.steps, ...Object.fromEntries(all) },
    problems: results,
  });
}

function factRows(
  folder: string,
  info: RunInfo,
  columns: RunColumns,
  summary: RunSummary,
  settings: ForeignRun['settings'],
): string[][] {
  const { head } = columns;
  const model = head.run?.model;
  const diagnosis = info.job === 'probe' ? null : diagnosisAt(columns).diagnosis;
  const counted = model ? [countText(model.parameters, 'parameters'), countText(model.trainable, 'trained')] : [];
  const sizes = counted.filter((text) => text !== null).join(', ');
  return [
    ...originRows(info),
    ...(info.parent ? [['forked from', `${info.parent.run}, step ${info.parent.step}`]] : []),
    ['job', info.job],
    ...(diagnosis ? [['diagnosis', diagnosisText(diagnosis)]] : []),
    ['status', info.status + (info.status === 'failed' && head.end?.error ? `: ${head.end.error.message}` : '')],
    ['model', `${info.model ?? DASH}${sizes && ` (${sizes})`}`],
    ['dataset', `${info.dataset ?? DASH} (${head.run ? plural(head.problems, 'problem') : `${DASH} problems`})`],
    ...(head.run?.data ?? [])
      .filter(({ source }) => source !== EMBEDDED)
      .map((reading) => ['columns', readingText(reading).slice(reading.source.length + 2)]),
    ...(info.job !== 'probe'
      ? [
          ['reward', info.reward ?? DASH],
          ['steps', `${info.step} of ${info.steps ?? DASH}`],
        ]
      : []),
    ...settingRows(settings),
    ...head.scoredBy.map((by) => [
      'token statistics',
      `${scoredByText(by)}, where ${originText(info.origin)} did not record them`,
    ]),
    ['device', head.run?.device ?? DASH],
    [
      'speed',
      `${integer(summary.rolloutTokensPerSecond)} rollout tokens/s · peak memory ${bytes(summary.peakMemoryBytes)}, measured after each step`,
    ],
    ['folder', folder],
  ];
}

/** The trainer of an imported run, and its source files. */
function originRows({ origin }: RunInfo): string[][] {
  if (origin.engine === 'rollscope') return [];
  return [
    ['imported from', [originText(origin), ...(origin.files.length > 0 ? [origin.files.join(', ')] : [])].join(': ')],
  ];
}

/** Another trainer's settings, under its own names. */
function settingRows(settings: ForeignRun['settings']): string[][] {
  const all = Object.entries(settings).map(([name, value]) => `${name} ${value ?? DASH}`);
  return all.length > 0 ? [['settings', all.join(', ')]] : [];
}

/** `152,512 parameters`; null if the count is unknown. */
function countText(count: number | null, what: string): string | null {
  return count === null ? null : `${integer(count)} ${what}`;
}

function curves(columns: RunColumns): string {
  const { steps, names } = columns.series;
  const foreign = names.filter(isForeign);
  const rows = [...TERMINAL_METRICS, ...foreign].flatMap((metric) => {
    const { title, quantity } = isForeign(metric) ? { title: foreignName(metric), quantity: null } : named(metric);
    const values = valuesOf(columns, metric);
    const known = values.filter((value) => value !== null);
    if (known.length === 0) return isForeign(metric) ? [[title, DASH, '', DASH]] : [];
    // Most rewards are shares, so that both rewards can use the same axis.
    const inRange = quantity !== null && (quantity === 'reward' || QUANTITIES[quantity].unit === 'share');
    const range = inRange ? { low: 0, high: 1 } : undefined;
    const [first, last] = [known[0]!, known.at(-1)!];
    const text = (value: number) => (quantity === null ? valueText(value) : quantityText(quantity, value));
    return [[title, text(first), sparkline(values, CURVE_COLUMNS, range), text(last)]];
  });
  return table(['metric', 'first', `steps ${steps[0]} to ${columns.step}`, 'last'], rows, [1, 3]);
}

function named(metric: StepMetric) {
  const { title, quantity } = STEP_METRICS[metric];
  return { title: title.toLowerCase(), quantity };
}

/** null for missing values. */
function valuesOf({ series }: RunColumns, metric: Metric): (number | null)[] {
  return (series.of(metric) ?? []).map((value) => (Number.isNaN(value) ? null : value));
}
