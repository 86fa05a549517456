/**
 * verl's dumps: `trainer.rollout_data_dir` and `trainer.validation_data_dir` hold a file for each step, `<step>.jsonl`,
 * with `input`, `output`, `gts`, `score` and what the reward function returned in addition to the score. Special tokens
 * are stripped from the texts, groups are known by equal inputs, and TTRL's fork writes no `gts`. Its file logger
 * writes the metrics.
 */
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import type { RowValues } from '../../data/fields.ts';
import type { Phase } from '../../protocol/group.ts';
import { isObject } from '../../protocol/values.ts';
import type { Dump, DumpOptions, Importer, ReadContext } from '../importer.ts';
import { firstLine } from '../line-index.ts';
import type { ForeignMetrics } from '../metrics.ts';
import { MetricsLines, metricsWithin } from '../metrics-lines.ts';
import { RowReader } from '../rows.ts';
import { nameWithin, type StepFile, stepFiles, WholeFiles } from '../step-files.ts';
import { endsLine } from '../whole-file.ts';

const STEP_FILE = /^(\d+)\.jsonl$/;
/** A compressed step, which is reported instead of read. */
const COMPRESSED_STEP = /^(\d+)\.jsonl\.(?:gz|zst|bz2|xz|zip)$/;
/** How many empty files may precede the first one with a row; a trainer that was killed leaves such files. */
const MAX_EMPTY_FILES = 16;
const EVALUATION = /val|eval|test/i;
/** verl's names of the columns; any other column of a row comes from the reward function. */
const COLUMNS = { prompt: 'input', response: 'output', reward: 'score', reference: 'gts' } as const;

export const verl: Importer = {
  name: 'verl',
  title: "folders of verl's rollout_data_dir and validation_data_dir",
  checked: 'verl 0.9.1',
  detect: async (root) => (await foldersIn(root)).length > 0,
  open,
};

async function open(root: string, { map }: DumpOptions): Promise<Dump> {
  const rows = new RowReader({ ...COLUMNS, ...map });
  const whole = new WholeFiles();
  const logs = new FileLogs(root);
  const told = new Set<string>();
  return {
    origin: { engine: 'verl', version: null, files: [root] },
    run: { model: null, dataset: null, reward: 'score', steps: null, settings: {} },
    created: null,
    async scan(context, following) {
      const files: StepFile[] = [];
      for (const { folder, phase } of await foldersIn(root)) {
        for (const { name } of await stepFiles(folder, COMPRESSED_STEP)) {
          const place = nameWithin(root, path.join(folder, name));
          if (!told.has(place)) context.faults.add(place, 'compressed: unpack it first', 'compressed');
          told.add(place);
        }
        for (const { name, step } of await stepFiles(folder, STEP_FILE)) {
          const file = path.join(folder, name);
          files.push({ path: file, name: nameWithin(root, file), step, phase });
        }
      }
      return whole.choose(files, following, rows, endsLine);
    },
    metrics: (context) => logs.read(context),
  };
}

/** The folder itself, or those in it, with step files of verl's columns. */
async function foldersIn(root: string): Promise<{ folder: string; phase: Phase }[]> {
  const inside = await subfolders(root);
  const found: { folder: string; phase: Phase }[] = [];
  for (const folder of [root, ...inside]) {
    const steps = await stepFiles(folder, STEP_FILE);
    const packed = await stepFiles(folder, COMPRESSED_STEP);
    if (!(await hasRollouts(folder, steps)) && packed.length === 0) continue;
    // Training begins with step 1; the evaluation before it is step 0.
    const evaluated = EVALUATION.test(path.basename(folder)) || [...steps, ...packed].some(({ step }) => step === 0);
    found.push({ folder, phase: evaluated ? 'evaluation' : 'train' });
  }
  return found;
}

/** Links to folders count: dumps are large, and often are on another disk. */
async function subfolders(root: string): Promise<string[]> {
  const entries = await readdir(root, { withFileTypes: true }).catch(() => []);
  const folders: string[] = [];
  for (const entry of entries) {
    const folder = path.join(root, entry.name);
    const isFolder = entry.isDirectory() || (entry.isSymbolicLink() && (await isFolderAt(folder)));
    if (isFolder) folders.push(folder);
  }
  return folders;
}

async function isFolderAt(file: string): Promise<boolean> {
  return stat(file).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

/** Judges by the first row of the files, skipping empty ones. */
async function hasRollouts(folder: string, steps: readonly { name: string }[]): Promise<boolean> {
  for (const { name } of steps.slice(0, MAX_EMPTY_FILES)) {
    const values = await firstLine(path.join(folder, name));
    if (values === null) continue;
    return typeof values.input === 'string' && typeof values.output === 'string' && 'score' in values;
  }
  return false;
}

/** The file logger (`trainer.logger=["file"]`) writes `{"step": 1, "data": {...}}`, one per line. */
class FileLogs {
  /** By path; null for a file with other contents. */
  private readonly known = new Map<string, MetricsLines | null>();

  constructor(private readonly root: string) {}

  async read(context: ReadContext): Promise<ForeignMetrics[]> {
    const found: ForeignMetrics[] = [];
    for (const folder of [this.root, ...(await subfolders(this.root))]) {
      const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
      for (const entry of entries) {
        if (!entry.name.endsWith('.jsonl') || STEP_FILE.test(entry.name) || entry.isDirectory()) continue;
        const log = await this.logOf(path.join(folder, entry.name));
        for (const line of (await log?.read(context)) ?? []) found.push(line);
      }
    }
    return found;
  }

  private async logOf(file: string): Promise<MetricsLines | null> {
    const known = this.known.get(file);
    if (known !== undefined) return known;
    const first = await firstLine(file);
    // A file without a line can still become anything.
    if (first === null) return null;
    const log = isObject(first.data) ? new MetricsLines(file, nameWithin(this.root, file), fileLogger) : null;
    this.known.set(file, log);
    return log;
  }
}

function fileLogger({ step, data }: RowValues): ForeignMetrics | null {
  return isObject(data) ? metricsWithin(step, data) : null;
}
