/** TensorBoard event files as metrics: each look reads only what is new. */
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import type { ReadContext } from '../importer.ts';
import { fileState } from '../line-index.ts';
import type { ForeignMetrics } from '../metrics.ts';
import { nameWithin } from '../step-files.ts';
import { scalarsIn } from './event.ts';
import { BrokenRecord, recordsFrom } from './records.ts';

const EVENTS = /tfevents/;
/** Folders below which trainers make one for each start: transformers' `runs/<date>_<host>`. */
const NESTED = /^(?:runs|tensorboard|tb|logs?)/i;

/** The event files of a folder and its subfolders, or the file itself, in the order in which they were begun. */
export async function eventFilesIn(root: string): Promise<string[]> {
  if ((await stat(root).catch(() => null))?.isFile()) return EVENTS.test(path.basename(root)) ? [root] : [];
  const found = await filesBelow(root, 0);
  return found.sort((a, b) => beginOf(a) - beginOf(b) || a.localeCompare(b));
}

/** Their names contain the second at which they were begun. */
function beginOf(file: string): number {
  return Number(/tfevents\.(\d+)/.exec(file)?.[1] ?? 0);
}

async function filesBelow(folder: string, depth: number): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const files: string[] = [];
  for (const entry of entries) {
    const at = path.join(folder, entry.name);
    if (entry.isFile() && EVENTS.test(entry.name)) files.push(at);
    if (entry.isDirectory() && (depth === 0 || NESTED.test(path.basename(folder)))) {
      if (depth < 2) files.push(...(await filesBelow(at, depth + 1)));
    }
  }
  return files;
}

/** The event files below a folder, each read from where the last look ended. */
export class EventFiles {
  /** How far each file was read; null for one that cannot be read any further. */
  private readonly positions = new Map<string, number | null>();
  private readonly bySteps = new Map<number, ForeignMetrics>();

  constructor(private readonly root: string) {}

  /** All scalars so far; of two for the same name and step, the later one counts. */
  async read(context: ReadContext): Promise<ForeignMetrics[]> {
    for (const file of await eventFilesIn(this.root)) await this.readNew(file, context);
    return [...this.bySteps.values()].sort((a, b) => a.step - b.step);
  }

  private async readNew(file: string, { check, faults }: ReadContext): Promise<void> {
    let position = this.positions.get(file) ?? 0;
    const size = (await fileState(file))?.size ?? 0;
    if (this.positions.get(file) === null || size <= position) return;
    try {
      for await (const { data, end } of recordsFrom(file, position)) {
        check();
        const event = scalarsIn(data);
        if (event && event.step >= 0) this.add(event.step, event.scalars);
        position = end;
        this.positions.set(file, position);
      }
    } catch (error) {
      if (!(error instanceof BrokenRecord || error instanceof RangeError)) throw error;
      this.positions.set(file, null);
      faults.add(nameWithin(this.root, file), error.message, 'broken-events');
    }
  }

  private add(step: number, scalars: readonly (readonly [string, number])[]): void {
    const before = this.bySteps.get(step)?.values;
    this.bySteps.set(step, { step, values: { ...before, ...Object.fromEntries(scalars) } });
  }
}
