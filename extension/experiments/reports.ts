/** The reports of experiments on disk. Does not import VS Code. */
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import {
  experimentName,
  REPRODUCTION_TEXT,
  REPRODUCTIONS,
  type Reproduction,
} from '../../engine/protocol/experiments.ts';

export interface ExperimentReport {
  /** `report.html`. */
  file: string;
  /** Name of the experiment, or of its folder if the result cannot be read. */
  experiment: string;
  /** null if the result cannot be read, or is none that this version knows. */
  reproduction: Reproduction | null;
  /** Whether it was run with options other than the experiment's own. */
  changed: boolean;
  runs: number | null;
  seconds: number | null;
  /** When it was written: milliseconds since 1970. */
  written: number;
}

/** Reports in the folders below `root`, newest first; none if `root` does not exist. */
export async function listReports(root: string): Promise<ExperimentReport[]> {
  const entries = await readdir(root, { withFileTypes: true }).catch(() => []);
  const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => path.join(root, name));
  const found = await Promise.all(folders.map((folder) => reportIn(folder)));
  return found.filter((report) => report !== null).sort((a, b) => b.written - a.written);
}

/** The report in an experiment's folder; null if there is none yet. */
export async function reportIn(folder: string): Promise<ExperimentReport | null> {
  const file = path.join(folder, 'report.html');
  const stats = await stat(file).catch(() => null);
  if (!stats) return null;
  // Older results have the name under `study`, and the result under `verdict`.
  const { study, experiment = study, verdict, reproduction = verdict, changed, runs, seconds } = await resultIn(folder);
  const number = (value: unknown) => (typeof value === 'number' ? value : null);
  return {
    file,
    experiment: typeof experiment === 'string' ? experimentName(experiment) : path.basename(folder),
    reproduction: REPRODUCTIONS.find((name) => name === reproduction) ?? null,
    changed: Array.isArray(changed) && changed.length > 0,
    runs: number(runs),
    seconds: number(seconds),
    written: stats.mtimeMs,
  };
}

async function resultIn(folder: string): Promise<Record<string, unknown>> {
  try {
    return JSON.parse(await readFile(path.join(folder, 'result.json'), 'utf8')) ?? {};
  } catch {
    return {};
  }
}

/** The result in words; mentions it if the experiment ran with options other than its own. */
export function reproductionText({ reproduction, changed }: ExperimentReport): string {
  if (reproduction === null) return 'no result';
  return `${REPRODUCTION_TEXT[reproduction]}${changed ? ' with other options' : ''}`;
}
