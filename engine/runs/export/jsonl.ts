/** Exports as JSON lines: rollouts, and metrics (which Weights & Biases and others import). */
import { portableJson } from '../../protocol/well-formed.ts';
import { streamAside } from '../../system/aside.ts';
import { type RolloutExportOptions, rolloutRows } from './rows.ts';
import { runScalars } from './scalars.ts';

/** Writes one line per rollout; returns their number. */
export async function exportRolloutsJsonl(
  folder: string,
  path: string,
  options: RolloutExportOptions = {},
): Promise<number> {
  return writeJsonLines(path, rolloutRows(folder, options));
}

/** Writes one line per step and per evaluation; returns their number. A value that does not exist is null. */
export async function exportMetricsJsonl(folder: string, path: string): Promise<number> {
  const lines = async function* () {
    for await (const { kind, step, time, values } of runScalars(folder)) yield { kind, step, time, ...values };
  };
  return writeJsonLines(path, lines());
}

/** Writes one value per line; returns their number. */
export async function writeJsonLines(path: string, values: AsyncIterable<object>): Promise<number> {
  let count = 0;
  const lines = async function* () {
    for await (const value of values) {
      count++;
      yield `${portableJson(value)}\n`;
    }
  };
  await streamAside(path, lines());
  return count;
}
