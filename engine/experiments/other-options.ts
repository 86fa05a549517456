/** Options that differ from the experiment's own: the result is then that of the changed recipe. Pure. */
import { valueAt } from '../config/objects.ts';
import { SETTINGS } from '../config/settings.ts';
import type { RunConfig } from '../protocol/index.ts';

/** What decides the results. */
export interface ExperimentRecipe {
  base: RunConfig;
  seeds: readonly number[];
  against: readonly string[];
}

export interface OtherOption {
  /** The option on the command line, or else the path in the configuration. */
  name: string;
  /** The value of this run, and the experiment's own. */
  value: string;
  usual: string;
}

/** Settings that affect only the speed, and the seed, which `seeds` replaces. */
const IRRELEVANT: ReadonlySet<string> = new Set(['threads', 'memoryLimit', 'seed']);

/**
 * Each changed option with its value and the experiment's own; empty for an unchanged experiment. Options that cannot change
 * a number (devices, threads) do not count.
 */
export function otherOptions(given: ExperimentRecipe, usual: ExperimentRecipe): OtherOption[] {
  const options = SETTINGS.flatMap(({ path, setting }) => {
    if (IRRELEVANT.has(path)) return [];
    return otherOption(setting.flag ?? path, valueAt(given.base, path), valueAt(usual.base, path));
  });
  return [
    ...options,
    ...otherOption('seeds', given.seeds, usual.seeds),
    ...otherOption('--against', given.against, usual.against),
  ];
}

function otherOption(name: string, given: unknown, usual: unknown): OtherOption[] {
  const [value, own] = [textOf(given), textOf(usual)];
  return value === own ? [] : [{ name, value, usual: own }];
}

function textOf(value: unknown): string {
  if (value === undefined || value === null) return 'none';
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.map(textOf).join(', ');
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** `--steps 5 (250), --lr 0.001 (0.0001)`; the experiment's own value is in parentheses. */
export function otherOptionsText(options: readonly OtherOption[]): string {
  return options.map(({ name, value, usual }) => `${name} ${shortText(value)} (${shortText(usual)})`).join(', ');
}

function shortText(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line === '' ? "''" : line.length > 60 ? `${line.slice(0, 59)}…` : line;
}
