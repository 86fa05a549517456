/** `rollscope export`: converts a run to the format of another tool. */
import path from 'node:path';
import { EXPORT_FORMATS, type ExportFormat, type ExportFormatName } from '../export-formats.ts';
import { EXIT, Output } from '../output.ts';
import { placesOf } from '../places.ts';
import { findRun } from '../runs.ts';

interface ExportOptions {
  format: ExportFormatName;
  out: string;
  perToken?: boolean;
  runs?: string;
  json?: boolean;
}

/**
 * Writes to the path or address of `--out`. Exit code 0. Throws `disk`, and the errors of the format if the run lacks
 * required data.
 */
export async function exportRun(run: string, options: ExportOptions): Promise<number> {
  const { format, perToken = false } = options;
  const output = new Output(options.json === true);
  const { runsFolder } = await placesOf(options.runs);
  const folder = await findRun(run, runsFolder);
  const chosen: ExportFormat = EXPORT_FORMATS[format];
  const out = chosen.address ? options.out : path.resolve(options.out);
  const { text, path: where = out, counts, note } = await chosen.write(folder, out, { perToken });
  output.print(`Wrote ${text} to ${where}.`);
  if (note) output.print(note);
  output.result({ run: path.basename(folder), format, path: where, ...counts, ...(note && { note }) });
  return EXIT.ok;
}
