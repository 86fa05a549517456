/** Where runs are by default, and how they are named. */
import { existsSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import type { RunConfig } from '../protocol/config.ts';
import { rollscopeHome } from '../protocol/home.ts';

/** The folder that contains the runs. */
export function runsRoot(): string {
  return join(rollscopeHome(), 'runs');
}

/** Such as `majority-vote-problems-20261124-193012`: reward (or `probe`), dataset, local time. */
export function newRunName(config: Pick<RunConfig, 'job' | 'reward' | 'dataset'>, now: Date): string {
  return nameOf(config.job === 'probe' ? 'probe' : safeName(config.reward), config.dataset.path, now);
}

/** Such as `import-completions-20261124-193012`: the file that is imported, local time. */
export function importedRunName(path: string, now: Date): string {
  return nameOf('import', path, now);
}

const DEFAULT_END = /-\d{8}-\d{6}(?:-\d+)?$/;

/** Whether a run has the name that it was given where nobody chose one: it ends with the time of its start. */
export function isDefaultName(run: string): boolean {
  return DEFAULT_END.test(run);
}

/** What was imported, from a name that an import gives to a run; null for other names. */
export function importedSource(run: string): string | null {
  return isDefaultName(run) && run.startsWith('import-') ? run.replace(DEFAULT_END, '').slice('import-'.length) : null;
}

/** The name, with a number appended if there is such a file in `folder`. */
export function unusedName(name: string, folder: string): string {
  let candidate = name;
  for (let i = 2; existsSync(join(folder, candidate)); i++) candidate = `${name}-${i}`;
  return candidate;
}

function nameOf(what: string, path: string, now: Date): string {
  const file = basename(path.replaceAll('\\', '/'));
  return [what, safeName(basename(file, extname(file))) || 'dataset', timestamp(now)].join('-');
}

/** Safe in a file name on every system and in a shell, and short. */
function safeName(name: string): string {
  const words = name.normalize('NFKD').toLowerCase().replace(/\p{M}/gu, '');
  return words
    .replace(/[^\p{L}\p{N}]+/gu, '-')
    .replace(/^-|-$/g, '')
    .slice(0, 40);
}

function timestamp(now: Date): string {
  const two = (value: number) => String(value).padStart(2, '0');
  const day = `${now.getFullYear()}${two(now.getMonth() + 1)}${two(now.getDate())}`;
  return `${day}-${two(now.getHours())}${two(now.getMinutes())}${two(now.getSeconds())}`;
}
