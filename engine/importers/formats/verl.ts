/**
 * verl's dumps: `trainer.rollout_data_dir` and `trainer.validation_data_dir` hold a file for each step, `<step>.jsonl`, with
 * `input`, `output`, `gts`, `score` and what the reward function returned beside the score. Special tokens are stripped from
 * the texts, groups are known by equal inputs, and TTRL's fork writes no `gts`. Its file logger writes the metrics.
 */
import { readdir } from 'node:fs/promises';
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
const EVALUATION = /val|eval|test/i;
/** Columns as verl names them; what else a row has is the reward's. */
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
  return {
    origin: { engine: 'verl', version: null, files: [root] },
    run: { model: null, dataset: null, reward: 'score', steps: null, settings: {} },
    created: null,
    async look(_, following) {
      const files: StepFile[] = [];
      for (const { folder, phase } of await foldersIn(root)) {
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
    const [first] = await stepFiles(folder, STEP_FILE);
    if (!first || !(await isDump(path.join(folder, first.name)))) continue;
    // Training begins with step 1, the evaluation before it is step 0.
    const evaluated = EVALUATION.test(path.basename(folder)) || first.step === 0;
    found.push({ folder, phase: evaluated ? 'evaluation' : 'train' });
  }
  return found;
}

async function subfolders(root: string): Promise<string[]> {
  const entries = await readdir(root, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory()).map((entry) => path.join(root, entry.name));
}

async function isDump(file: string): Promise<boolean> {
  const values = await firstLine(file);
  return values !== null && typeof values.input === 'string' && typeof values.output === 'string' && 'score' in values;
}

/** The file logger (`trainer.logger=["file"]`) writes `{"step": 1, "data": {...}}`, one per line. */
class FileLogs {
  /** By path; null for a file that has something else in it. */
  private readonly known = new Map<string, MetricsLines | null>();

  constructor(private readonly root: string) {}

  async read(context: ReadContext): Promise<ForeignMetrics[]> {
    const found: ForeignMetrics[] = [];
    for (const folder of [this.root, ...(await subfolders(this.root))]) {
      const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
      for (const entry of entries) {
        if (!entry.name.endsWith('.jsonl') || STEP_FILE.test(entry.name) || entry.isDirectory()) continue;
        found.push(...((await (await this.logOf(path.join(folder, entry.name)))?.read(context)) ?? []));
      }
    }
    return found;
  }

  private async logOf(file: string): Promise<MetricsLines | null> {
    const known = this.known.get(file);
    if (known !== undefined) return known;
    const first = await firstLine(file);
    // Nothing is known of a file without a line.
    if (first === null) return null;
    const log = isObject(first.data) ? new MetricsLines(file, nameWithin(this.root, file), fileLogger) : null;
    this.known.set(file, log);
    return log;
  }
}

function fileLogger({ step, data }: RowValues): ForeignMetrics | null {
  return isObject(data) ? metricsWithin(step, data) : null;
}
