/** The shared part of `import --score-with` and `rollscope statistics`: the model, progress, and results. */
import type { Journal } from '../../journal/journal.ts';
import { readRunFile } from '../../journal/reader.ts';
import { DEVICE_CHOICES } from '../../protocol/devices.ts';
import { integer, plural } from '../../protocol/format.ts';
import { openColumns } from '../../runs/open.ts';
import { TokenReader } from '../../training/token-reader.ts';
import type { Output } from '../output.ts';
import { ProgressLine } from '../progress-line.ts';
import { decimal, oneOf, wholeNumber } from '../values.ts';
import { addStatistics, type StatisticsReport } from './add.ts';
import { SKIP_REASONS, type SkipReason } from './fill.ts';

export interface StatisticsOptions {
  scoreWith?: string;
  temperature?: string;
  device?: string;
  threads?: string;
}

/** Opens the model. */
export async function openReader(
  { scoreWith, temperature, device = 'auto', threads }: StatisticsOptions & { scoreWith: string },
  signal?: AbortSignal,
): Promise<TokenReader> {
  temperatureOf(temperature, undefined);
  const line = new ProgressLine(process.stderr);
  try {
    return await TokenReader.open(scoreWith, {
      device: oneOf('--device', device, Object.keys(DEVICE_CHOICES) as (keyof typeof DEVICE_CHOICES)[]),
      threads: wholeNumber('--threads', threads) ?? 0,
      memoryLimit: null,
      onProgress: (message) => line.show(message),
      ...(signal && { signal }),
    });
  } finally {
    line.end();
  }
}

/** The given temperature, else the trainer's, else 1. */
function temperatureOf(given: string | undefined, logged: unknown): number {
  const hint = 'Give the temperature at which the trainer sampled.';
  const value = decimal('--temperature', given, { above: 0, hint }) ?? logged;
  return typeof value === 'number' && Number.isFinite(value) && value > 0 ? value : 1;
}

/** Computes statistics for a run whose journal is open. @param options `lines`: also prints progress as JSON Lines */
export async function computeStatistics(
  output: Output,
  { folder, journal, reader }: { folder: string; journal: Journal; reader: TokenReader },
  options: {
    lines: boolean;
    temperature?: string;
    note: () => Promise<void>;
    signal: AbortSignal;
    /** As in `addStatistics`. */
    seen?: Set<string>;
  },
): Promise<StatisticsReport> {
  const { lines, note, signal, seen } = options;
  const { foreign } = await readRunFile(folder);
  reader.temperature = temperatureOf(options.temperature, foreign?.settings.temperature);
  const line = new ProgressLine(process.stderr);
  const begun = performance.now();
  const columns = await openColumns(folder);
  try {
    return await addStatistics({
      ...{ folder, journal, columns, reader, signal, note, ...(seen && { seen }) },
      onProgress: ({ groups, total, rollouts, tokens }) => {
        if (lines) output.line({ statistics: { groups, total, rollouts, tokens } });
        const speed = (tokens / (performance.now() - begun)) * 1000;
        line.show(
          `token statistics: ${groups} of ${plural(total, 'group')} · ${plural(rollouts, 'rollout')} · ${integer(speed)} tokens/s`,
        );
      },
    });
  } finally {
    line.end();
  }
}

/** Prints the results. */
export function printStatistics(
  output: Output,
  report: StatisticsReport,
  { scoredBy: by }: Pick<TokenReader, 'scoredBy'>,
): void {
  const { rollouts, tokens, left, known } = report;
  const what =
    rollouts > 0
      ? `Computed token statistics of ${plural(rollouts, 'rollout')} (${plural(tokens, 'token')}) with ${by.model} at temperature ${by.temperature}.`
      : 'No token statistics were computed.';
  output.print(`${what}${known > 0 ? ` ${plural(known, 'rollout')} had them already.` : ''}`);
  for (const [reason, count] of Object.entries(left)) {
    output.print(`Not computed for ${plural(count, 'rollout')}: ${SKIP_REASONS[reason as SkipReason]}.`);
  }
}
