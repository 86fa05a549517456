/**
 * verl's dumps: `trainer.rollout_data_dir` and `trainer.validation_data_dir` hold a file for each step, `<step>.jsonl`, with
 * `input`, `output`, `gts`, `score` and what the reward function returned beside the score. Special tokens are stripped from
 * the texts, groups are known by equal inputs, and TTRL's fork writes no `gts`. Its file logger writes the metrics.
 */
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Phase } from '../../protocol/group.ts';
import { isObject } from '../../protocol/values.ts';
import type { Dump, DumpOptions, Importer, ReadContext } from '../importer.ts';
import { firstLine, scanLines } from '../line-index.ts';
import type { ForeignMetrics } from '../metrics.ts';
import { numberIn, RowReader } from '../rows.ts';
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
    metrics: (context) => metricsIn(root, context),
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
async function metricsIn(root: string, context: ReadContext): Promise<ForeignMetrics[]> {
  const found: ForeignMetrics[] = [];
  for (const folder of [root, ...(await subfolders(root))]) {
    for (const name of await readdir(folder).catch(() => [])) {
      const file = path.join(folder, name);
      if (!name.endsWith('.jsonl') || STEP_FILE.test(name) || !(await stat(file)).isFile()) continue;
      if (!isObject((await firstLine(file))?.data)) continue;
      for await (const { values } of scanLines(file, nameWithin(root, file), { offset: 0, lines: 0 }, context, false)) {
        const step = numberIn(values.step);
        if (step === null || !isObject(values.data)) continue;
        const all = Object.entries(values.data).map(([key, value]) => [key, numberIn(value)] as const);
        found.push({ step, values: Object.fromEntries(all) });
      }
    }
  }
  return found;
}
