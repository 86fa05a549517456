/** The reports of experiments on the disk. Editor-free. */
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';

export interface StudyReport {
  /** `report.html`. */
  file: string;
  /** Name of the experiment; of its folder where the result cannot be read. */
  study: string;
  /** `reproduced`, `partly` or `not`; null where the result cannot be read. */
  verdict: string | null;
  runs: number | null;
  seconds: number | null;
  /** Milliseconds since 1970 at which it was written. */
  written: number;
}

/** Reports of the folders below `root`, the newest first; none where there is no such folder. */
export async function listReports(root: string): Promise<StudyReport[]> {
  const entries = await readdir(root, { withFileTypes: true }).catch(() => []);
  const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => path.join(root, name));
  const found = await Promise.all(folders.map((folder) => reportIn(folder)));
  return found.filter((report) => report !== null).sort((a, b) => b.written - a.written);
}

/** The report of an experiment's folder; null before it has one. */
export async function reportIn(folder: string): Promise<StudyReport | null> {
  const file = path.join(folder, 'report.html');
  const stats = await stat(file).catch(() => null);
  if (!stats) return null;
  const { study, verdict, runs, seconds } = await resultIn(folder);
  const number = (value: unknown) => (typeof value === 'number' ? value : null);
  return {
    file,
    study: typeof study === 'string' ? study : path.basename(folder),
    verdict: typeof verdict === 'string' ? verdict : null,
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

const VERDICTS: Record<string, string> = {
  reproduced: 'reproduced',
  partly: 'partly reproduced',
  not: 'not reproduced',
};

export function verdictText({ verdict }: StudyReport): string {
  return verdict === null ? 'no verdict' : (VERDICTS[verdict] ?? verdict);
}
