/**
 * Metrics printed by verl's console logger for each step: `step:12 - actor/loss:np.float64(0.5) - timing_s/step:31.2`.
 * The job's log contains them even if verl's files cannot be read. Pure.
 */
import type { ForeignMetrics } from '../importers/metrics.ts';

// biome-ignore lint/suspicious/noControlCharactersInRegex: Ray colors the names of processes
const COLORS = /\u001b\[[\d;]*m/g;
const STEP = 'step:';
const LINE = /^(\d{1,9}) - (.*)$/;
const VALUE = /^(?:np\.\w+\()?(-?(?:\d[\d_.]*(?:e[+-]?\d+)?|inf)|nan|True|False)\)?$/i;

/** The metrics in a line of the log; null for any other line. */
export function consoleMetrics(line: string): ForeignMetrics | null {
  const [, step, rest] = LINE.exec(textAfterStep(line.replace(COLORS, '')) ?? '') ?? [];
  if (step === undefined || rest === undefined) return null;
  const values: Record<string, number | null> = {};
  for (const pair of rest.split(' - ')) {
    const at = pair.lastIndexOf(':');
    const value = at < 1 ? null : parseNumber(pair.slice(at + 1).trim());
    if (value !== null) values[pair.slice(0, at).trim()] = Number.isFinite(value) ? value : null;
  }
  return Object.keys(values).length === 0 ? null : { step: Number(step), values };
}

/** The text after the first standalone `step:`; the name of a process may precede it. */
function textAfterStep(line: string): string | null {
  for (let at = line.indexOf(STEP); at >= 0; at = line.indexOf(STEP, at + 1)) {
    if (at === 0 || ' \t)'.includes(line[at - 1]!)) return line.slice(at + STEP.length);
  }
  return null;
}

/** NaN for nan and infinity; null for text that is not a number. */
function parseNumber(text: string): number | null {
  const [, value] = VALUE.exec(text) ?? [];
  if (value === undefined) return null;
  if (/^true$/i.test(value)) return 1;
  if (/^false$/i.test(value)) return 0;
  return /nan|inf/i.test(value) ? Number.NaN : Number(value.replaceAll('_', ''));
}
