/**
 * prime-rl's run folder: its file monitor writes `rollouts/step_<n>/{train,eval}/{all,effective}/traces.jsonl`, one episode of
 * `verifiers` per line, and `metrics.jsonl`. `effective` is the batch that was trained on; `all` has what came before it was
 * chosen, and is read where a step has nothing else. A `traces.jsonl` on its own is what an evaluation with `verifiers` leaves.
 */
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Phase } from '../../protocol/group.ts';
import type { Dump, Importer, ReadContext } from '../importer.ts';
import { groupsOfLines } from '../line-entries.ts';
import { firstLine } from '../line-index.ts';
import { MetricsLines, plainMetrics } from '../metrics-lines.ts';
import { RowReader } from '../rows.ts';
import { nameWithin, type StepFile, stepFiles, WholeFiles } from '../step-files.ts';
import { endsLine } from '../whole-file.ts';
import { type EpisodeOrigin, entriesOf, originOf } from './verifiers.ts';

const STEP_FOLDER = /^step_(\d+)$/;
const TRACES = 'traces.jsonl';
/** The subsets of a step in order of preference. */
const SUBSETS = ['effective', 'all'];
const KINDS = [
  { folder: 'train', phase: 'train' },
  { folder: 'eval', phase: 'evaluation' },
] as const satisfies { folder: string; phase: Phase }[];

export const primeRl: Importer = {
  name: 'prime-rl',
  title: "prime-rl's run folder with rollouts/step_<n>, or a traces.jsonl of verifiers",
  checked: 'prime-rl 0.8.0, verifiers 0.4.0',
  detect: async (root) => (await firstOrigin(root)) !== null,
  open,
};

async function open(root: string): Promise<Dump> {
  const whole = new WholeFiles();
  const first = await firstOrigin(root);
  const folder = await rolloutsIn(root);
  const output = folder !== null && folder !== root ? root : path.dirname(root);
  const log = new MetricsLines(path.join(output, 'metrics.jsonl'), 'metrics.jsonl', plainMetrics);
  return {
    origin: { engine: 'prime-rl', version: null, files: [root] },
    run: {
      model: first?.model ?? null,
      dataset: first?.env ?? null,
      reward: null,
      steps: null,
      settings: first?.sampling ?? {},
    },
    created: null,
    async scan(_, following) {
      const files = folder === null ? [await soleFile(root)] : await filesIn(folder, following);
      const { parts, waiting } = await whole.choose(files, following, new RowReader(), endsLine);
      const paths = new Map(files.map((file) => [file.name, file.path]));
      const groups = (file: string) => (context: ReadContext) =>
        groupsOfLines(file, nameWithin(root, file), context, entriesOf);
      return { parts: parts.map((part) => ({ ...part, groups: groups(paths.get(part.name)!) })), waiting };
    },
    ...(folder !== null && { metrics: (context) => log.read(context) }),
  };
}

/** The folder that contains the step folders; null if there is none. */
async function rolloutsIn(root: string): Promise<string | null> {
  for (const folder of [path.join(root, 'rollouts'), root])
    if ((await stepFiles(folder, STEP_FOLDER)).length > 0) return folder;
  return null;
}

/**
 * The files to read: for each step and kind, what was trained on or measured, otherwise everything that was sampled.
 */
async function filesIn(folder: string, following: boolean): Promise<StepFile[]> {
  const files: StepFile[] = [];
  const steps = await stepFiles(folder, STEP_FOLDER);
  for (const { name: stepName, step } of steps) {
    for (const { folder: kind, phase } of KINDS) {
      const subsets: string[] = await readdir(path.join(folder, stepName, kind)).catch(() => []);
      const subset = SUBSETS.find((candidate) => subsets.includes(candidate));
      // While more may come, an evaluation, or the last step without its batch, is incomplete.
      const isOpen = following && subset === 'all' && (kind === 'eval' || stepName === steps.at(-1)!.name);
      if (!subset || isOpen) continue;
      // The same name for both, so that the batch replaces what was read before it was chosen.
      files.push({ path: path.join(folder, stepName, kind, subset, TRACES), name: `${stepName}/${kind}`, step, phase });
    }
  }
  return files;
}

/** A single file is an evaluation, unless its first episode says that it was used for training. */
async function soleFile(file: string): Promise<StepFile> {
  const work = (await firstOrigin(file))?.work;
  return { path: file, name: path.basename(file), step: work?.step ?? 0, phase: work?.phase ?? 'evaluation' };
}

async function firstOrigin(root: string): Promise<EpisodeOrigin | null> {
  const folder = await rolloutsIn(root);
  const isFile = (await stat(root).catch(() => null))?.isFile() ?? false;
  const files = folder === null ? (isFile ? [root] : []) : (await filesIn(folder, false)).map((file) => file.path);
  for (const file of files) {
    const values = await firstLine(file);
    const origin = values && originOf(values);
    if (origin) return origin;
  }
  return null;
}
