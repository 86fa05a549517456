/**
 * Files of rollouts whose step is not in their rows but in their names, or in the names of their folders:
 * `rollouts_step3.jsonl`, `step_3/rank0.jsonl`, `3.parquet`.
 */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import type { Phase } from '../protocol/group.ts';
import type { DumpPart, DumpScan } from './importer.ts';
import { bySteps } from './line-file.ts';
import { joinedGroups } from './line-files.ts';
import { ROW_FILE } from './row-files.ts';
import type { RowReader } from './rows.ts';
import { isUnchanged, partOfFile, type StepFile } from './step-files.ts';
import { endsLine, isWholeParquet } from './whole-file.ts';

const STEP = /(?:^|[^a-z])(?:step|iter|iteration|update|round)s?[-_ ]?(\d+)|^(\d+)$/i;
/** Larger numbers are times. */
const LAST_STEP = 2 ** 31 - 1;
const EVALUATION = /(?:^|[^a-z])(?:val|valid|validation|eval|evaluation|test)(?:[^a-z]|$)/i;

/** How many subfolders without a step in their names, such as `train` and `eval`, are searched. */
const MAX_SUBFOLDERS = 16;

/** The files in the folder and its subfolders, by phase and step; [] if no name contains a step. */
export async function filesWithSteps(root: string): Promise<StepFile[]> {
  const entries = (await entriesOf(root)).filter(({ name }) => !name.startsWith('.') && name !== 'node_modules');
  const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  const others = folders.filter((name) => stepIn(name) === null).slice(0, MAX_SUBFOLDERS);
  const names = entries.filter((entry) => !entry.isDirectory()).map(({ name }) => name);
  for (const folder of folders.filter((name) => stepIn(name) !== null || others.includes(name))) {
    const inside = await entriesOf(path.join(root, folder));
    names.push(...inside.filter((entry) => !entry.isDirectory()).map(({ name }) => `${folder}/${name}`));
  }
  return names
    .flatMap((name): StepFile[] => {
      // Folders of checkpoints have large files of JSON.
      const isRollouts = ROW_FILE.test(name) && (!/\.json$/i.test(name) || stepIn(path.posix.basename(name)) !== null);
      const step = isRollouts ? stepIn(name) : null;
      const phase: Phase = EVALUATION.test(name) ? 'evaluation' : 'train';
      return step === null ? [] : [{ path: path.join(root, name), name, step, phase }];
    })
    .sort((a, b) => bySteps(a, b) || (a.name < b.name ? -1 : 1));
}

/** The step in a name: that of the file itself takes precedence over those of its folders. */
function stepIn(name: string): number | null {
  const stem = name.replace(ROW_FILE, '');
  for (const part of stem.split('/').reverse()) {
    const [, named, plain] = STEP.exec(part) ?? [];
    const step = named ?? plain;
    if (step !== undefined) return Number(step) <= LAST_STEP ? Number(step) : null;
  }
  return null;
}

interface FilePart {
  file: StepFile;
  part: DumpPart;
}

/** The steps of a folder that is looked at repeatedly. */
export class NamedSteps {
  private seen = new Map<string, string>();

  constructor(
    private readonly root: string,
    private readonly rows: RowReader,
  ) {}

  /** The complete steps; the last one of each phase once none of its files has changed between two looks. */
  async scan(following: boolean): Promise<DumpScan> {
    const files = await filesWithSteps(this.root);
    const parted = await Promise.all(files.map(async (file) => ({ file, part: await partOfFile(file, this.rows) })));
    const found = parted.filter((item): item is FilePart => item.part !== null);
    const all = joinedBySteps(found.map(({ part }) => part));
    const parts: DumpPart[] = [];
    let waiting = 0;
    for (const part of all) {
      const isLast = all.findLast(({ phase }) => phase === part.phase) === part;
      const own = found.filter(({ file: { phase, step } }) => phase === part.phase && step === part.step);
      const isOpen = isLast && (this.seen.get(part.name) !== part.stamp || !(await areWhole(own)));
      if (following && isOpen) waiting += part.bytes;
      else parts.push(part);
    }
    this.seen = new Map(all.map(({ name, stamp }) => [name, stamp]));
    return { parts, waiting };
  }
}

async function areWhole(files: readonly FilePart[]): Promise<boolean> {
  for (const { file, part } of files) {
    if (!(await isWhole(file.path)) || !(await isUnchanged(file, part))) return false;
  }
  return true;
}

async function isWhole(file: string): Promise<boolean> {
  if (/\.parquet$/i.test(file)) return isWholeParquet(file);
  return /\.json$/i.test(file) ? true : endsLine(file);
}

/** The parts of one step as one part, since each process of a trainer may have written a file. */
function joinedBySteps(parts: readonly DumpPart[]): DumpPart[] {
  const steps = new Map<string, DumpPart[]>();
  for (const part of parts) {
    const key = `${part.phase}-${part.step}`;
    steps.set(key, [...(steps.get(key) ?? []), part]);
  }
  return [...steps].map(([name, all]) => ({
    ...all[0]!,
    name,
    bytes: all.reduce((sum, { bytes }) => sum + bytes, 0),
    stamp: all.map((part) => `${part.name} ${part.stamp}`).join(', '),
    groups: (context) => joinedGroups(all, context),
  }));
}

async function entriesOf(folder: string) {
  return readdir(folder, { withFileTypes: true }).catch(() => []);
}
