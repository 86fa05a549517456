/**
 * Which rows of TRL's files of completions are new. TRL keeps the rollouts of the last generation and writes them whenever it
 * logs: again after each further update that they are used for (`num_iterations`, `steps_per_generation`), and together with
 * those of an evaluation at the same step, which come after them.
 */
import type { RowValues } from '../../data/fields.ts';
import { readTable } from '../../data/readers.ts';
import type { ForeignMetrics } from '../metrics.ts';
import type { RowRange } from '../rows.ts';
import type { StepFile } from '../step-files.ts';

type Logged = ForeignMetrics['values'];

/**
 * The rollouts of a file that train, and those of an evaluation if there was one.
 * @param before the file of the previous step
 * @param logged the step's entry in the log; null if it is not there yet
 */
export function phasesOf(
  file: Omit<StepFile, 'phase' | 'range'>,
  before: string | null,
  logged: Logged | null,
): StepFile[] {
  const evaluated = logged === null ? 0 : evaluatedIn(logged);
  const isNew = (rows: readonly RowValues[]) => sampledForTraining(rows, before, logged);
  const train: RowRange = async (rows) => ({
    from: 0,
    to: (await isNew(rows)) ? rows.length - evaluationRows(rows, evaluated) : 0,
  });
  const evaluation: RowRange = async (rows) => ({
    from: rows.length - evaluationRows(rows, evaluated),
    to: rows.length,
  });
  return [
    { ...file, phase: 'train', range: train },
    ...(evaluated > 0
      ? [{ ...file, name: `${file.name}, evaluation`, phase: 'evaluation' as const, range: evaluation }]
      : []),
  ];
}

/** Problems that were evaluated, as the log counts them; 0 without an evaluation of the rollouts' rewards. */
function evaluatedIn({ eval_reward, eval_runtime, eval_samples_per_second }: Logged): number {
  if (eval_reward === undefined || !eval_runtime || !eval_samples_per_second) return 0;
  return Math.max(1, Math.round(eval_runtime * eval_samples_per_second));
}

/** The evaluated rows at the end: the last rows have one prompt, which gives the number of rollouts per problem. */
function evaluationRows(rows: readonly RowValues[], problems: number): number {
  if (problems === 0) return 0;
  const prompts = rows.map(({ prompt }) => keyOf(prompt));
  const last = prompts.at(-1);
  const group = rows.length - 1 - prompts.findLastIndex((prompt) => prompt !== last);
  return Math.min(rows.length, problems * group);
}

/**
 * Whether rollouts were sampled for training since the previous file: if so, the log has a reward; without a log, the
 * rows are compared.
 */
async function sampledForTraining(
  rows: readonly RowValues[],
  before: string | null,
  logged: Logged | null,
): Promise<boolean> {
  if (logged && Object.keys(logged).some((name) => name === 'loss' || name === 'eval_reward'))
    return 'reward' in logged;
  if (before === null) return true;
  const earlier = await readTable(before).then(
    (table) => table.rows.map(({ values }) => values),
    () => [],
  );
  // If all advantages are 0, a new generation can look the same.
  const learns = rows.some(({ advantage }) => typeof advantage === 'number' && advantage !== 0);
  const isSame = earlier.length === rows.length && rows.every((row, i) => contentOf(row) === contentOf(earlier[i]!));
  return !(learns && isSame);
}

function contentOf({ step: _, ...rest }: RowValues): string {
  return keyOf(rest);
}

function keyOf(value: unknown): string {
  return JSON.stringify(value, (_, item) => (typeof item === 'bigint' ? Number(item) : item)) ?? '';
}
