/**
 * TRL's completions (`log_completions=True`): `<output_dir>/completions/completions_<step>.parquet` with prompt, completion,
 * a column for each reward function, others that they log, and the advantage. `trainer_state.json` has the metrics, in the
 * output folder at the end and in each checkpoint before.
 */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { isObject } from '../../protocol/values.ts';
import { numberIn } from '../cells.ts';
import type { Dump, DumpOptions, DumpPart, Importer, LoggedGroup, ReadContext } from '../importer.ts';
import type { ForeignMetrics } from '../metrics.ts';
import { RowReader } from '../rows.ts';
import { stepFiles, WholeFiles } from '../step-files.ts';
import { isWholeParquet } from '../whole-file.ts';
import { phasesOf } from './trl-rows.ts';

const STEP_FILE = /^completions_(\d+)\.parquet$/;
const COLUMNS = { prompt: 'prompt', response: 'completion', step: 'step', advantage: 'advantage' } as const;
const CHECKPOINT = /^checkpoint-(\d+)$/;
/** The log's name for the mean of a reward function. */
const REWARD_MEAN = /^rewards\/(.+)\/mean$/;
/** A logged mean and one of float32 numbers from a file. */
const SAME_MEAN = 1e-3;

export const trl: Importer = {
  name: 'trl',
  title: "TRL's output folder with completions (log_completions)",
  checked: 'TRL 1.16.0',
  detect: async (root) => (await stepFiles(await completionsIn(root), STEP_FILE)).length > 0,
  open,
};

async function open(root: string, { map }: DumpOptions): Promise<Dump> {
  const folder = await completionsIn(root);
  const output = folder === root ? path.dirname(root) : root;
  const state = await newestState(output);
  const functions = state ? rewardFunctions(state.log_history) : null;
  const whole = new WholeFiles();
  /** As of the last look, since the log of a long run is large. */
  let log: ForeignMetrics[] = [];
  // Without a log, numbers between the completion and the advantage are rewards.
  const rows = new RowReader({ ...COLUMNS, ...map }, (name, value) => functions?.has(name) ?? numberIn(value) !== null);
  return {
    origin: { engine: 'TRL', version: null, files: [root] },
    run: {
      model: await modelOf(output),
      dataset: null,
      reward: functions && functions.size > 0 ? [...functions].join(' + ') : null,
      steps: numberIn(state?.max_steps),
      settings: state ? settingsOf(state) : {},
    },
    created: null,
    async scan(_, following) {
      log = await metricsIn(output);
      const logged = new Map(log.map(({ step, values }) => [step, values]));
      const found = (await stepFiles(folder, STEP_FILE)).map(({ name, step }) => ({
        name,
        step,
        path: path.join(folder, name),
      }));
      const files = found.flatMap((file, i) =>
        phasesOf(file, found[i - 1]?.path ?? null, logged.get(file.step) ?? null),
      );
      const { parts, waiting } = await whole.choose(files, following, rows, isWholeParquet);
      const meanOf = ({ step, phase }: DumpPart) => logged.get(step)?.[phase === 'train' ? 'reward' : 'eval_reward'];
      return { parts: parts.map((part) => withTotals(part, meanOf(part) ?? null)), waiting };
    },
    metrics: async () => log,
  };
}

async function completionsIn(root: string): Promise<string> {
  const inside = path.join(root, 'completions');
  return (await stepFiles(inside, STEP_FILE)).length > 0 ? inside : root;
}

interface TrainerState extends Record<string, unknown> {
  log_history: Record<string, unknown>[];
}

/** The trainer's state at the end, or at the latest checkpoint. */
async function newestState(output: string): Promise<TrainerState | null> {
  const checkpoints = (await readdir(output).catch(() => []))
    .flatMap((name) => CHECKPOINT.exec(name) ?? [])
    .filter((name) => CHECKPOINT.test(name))
    .sort((a, b) => Number(b.slice(11)) - Number(a.slice(11)));
  const states: TrainerState[] = [];
  for (const folder of ['.', ...checkpoints.slice(0, 1)]) {
    const found = await readObject(path.join(output, folder, 'trainer_state.json'));
    if (found && Array.isArray(found.log_history)) states.push(found as TrainerState);
  }
  return states.sort((a, b) => b.log_history.length - a.log_history.length)[0] ?? null;
}

async function readObject(file: string): Promise<Record<string, unknown> | null> {
  try {
    const value: unknown = JSON.parse((await readFile(file, 'utf8')).replace(/\b-?(?:NaN|Infinity)\b/g, 'null'));
    return isObject(value) ? value : null;
  } catch {
    // Missing, or still being written; the next look reads it.
    return null;
  }
}

async function metricsIn(output: string): Promise<ForeignMetrics[]> {
  const state = await newestState(output);
  const bySteps = new Map<number, ForeignMetrics>();
  for (const entry of state?.log_history.filter(isObject) ?? []) {
    const { step, ...rest } = entry;
    const at = numberIn(step);
    if (at === null) continue;
    const values = Object.fromEntries(Object.entries(rest).map(([name, value]) => [name, numberIn(value)] as const));
    bySteps.set(at, { step: at, values: { ...bySteps.get(at)?.values, ...values } });
  }
  return [...bySteps.values()];
}

function rewardFunctions(history: TrainerState['log_history']): Set<string> | null {
  const names = history.flatMap((entry) => Object.keys(entry)).flatMap((key) => REWARD_MEAN.exec(key)?.[1] ?? []);
  return names.length > 0 ? new Set(names) : null;
}

function settingsOf(state: TrainerState): Dump['run']['settings'] {
  const names = ['max_steps', 'num_train_epochs', 'train_batch_size', 'logging_steps', 'save_steps'];
  return Object.fromEntries(
    names.flatMap((name) => (numberIn(state[name]) === null ? [] : [[name, numberIn(state[name])]])),
  );
}

async function modelOf(output: string): Promise<string | null> {
  const adapter = await readObject(path.join(output, 'adapter_config.json'));
  if (typeof adapter?.base_model_name_or_path === 'string') return adapter.base_model_name_or_path;
  const card = await readFile(path.join(output, 'README.md'), 'utf8').catch(() => '');
  return /^base_model: *(\S+) *$/m.exec(card.slice(0, 10_000))?.[1] ?? null;
}

/**
 * TRL writes each function's reward and not their weighted sum. With one function that is it; with several the plain sum is
 * taken where the log's mean of that step confirms it, else the total is not known.
 */
function withTotals(part: DumpPart, logged: number | null): DumpPart {
  return {
    ...part,
    async *groups(context: ReadContext) {
      const groups: LoggedGroup[] = [];
      for await (const group of part.groups(context)) groups.push(group);
      const sums = groups.flatMap(({ rollouts }) => rollouts.map(({ rewards = {} }) => sumOf(Object.values(rewards))));
      const functions = new Set(
        groups.flatMap(({ rollouts }) => rollouts.flatMap(({ rewards = {} }) => Object.keys(rewards))),
      );
      const mean = sums.reduce<number>((total, sum) => total + (sum ?? 0), 0) / sums.length;
      const isSum = functions.size === 1 || (logged !== null && Math.abs(mean - logged) <= SAME_MEAN);
      for (const { problem, rollouts } of groups) {
        const total = (rewards = {} as Record<string, number | null>) => (isSum ? sumOf(Object.values(rewards)) : null);
        yield {
          problem,
          rollouts: rollouts.map((rollout) => ({ ...rollout, reward: rollout.reward ?? total(rollout.rewards) })),
        };
      }
    },
  };
}

/** The sum as TRL computes it: a function without a value counts as 0; null if no function has a value. */
function sumOf(values: readonly (number | null)[]): number | null {
  const known = values.filter((value): value is number => value !== null && !Number.isNaN(value));
  return known.length > 0 ? known.reduce((a, b) => a + b, 0) : null;
}
