/** The data of a run: the problems of training and evaluation, and their prompts. */
import { loadDataset, type PromptParts } from '../../data/dataset.ts';
import type { DataReading, Problem, RunConfig } from '../../protocol/index.ts';
import { placeholders } from '../../protocol/template.ts';
import { rewardOf } from '../../reward/index.ts';
import { uniform } from '../../rollout/philox.ts';

export interface Material {
  problems: Problem[];
  training: Problem[];
  evaluation: Problem[];
  /** Number of problems from which the evaluation's are a random sample; null if they are not a sample. */
  sampledFrom: number | null;
  /** For all problems, in order. */
  prompts: PromptParts[];
  /** How the data was read. */
  data: DataReading[];
  fingerprint: string;
  warnings: string[];
}

/** The columns that are kept for the reward, and for the template if the reward uses it for questions. */
function rewardColumnsOf({ reward, rewardOptions, dataset }: RunConfig): { required: string[]; optional: string[] } {
  const { columns, throughTemplate } = rewardOf(reward, rewardOptions);
  if (!throughTemplate) return columns;
  return { ...columns, optional: [...columns.optional, ...placeholders(dataset.template)] };
}

/**
 * Reads the problems of training and evaluation. Separate evaluation problems are numbered after the others.
 * @param signal cancels a download; null if only the end of the process does
 */
export async function loadMaterial(config: RunConfig, signal: AbortSignal | null): Promise<Material> {
  const own = await loadDataset(config.dataset, rewardColumnsOf(config), signal);
  const { dataset } = config.evaluation;
  if (config.job === 'probe' || !dataset) {
    const drawn = evaluationSample(own.problems, config.evaluation);
    return {
      problems: own.problems,
      training: own.problems,
      evaluation: drawn.map((at) => own.problems[at]!),
      sampledFrom: sampledFrom(drawn, own.problems, config.evaluation),
      prompts: own.prompts,
      data: [own.reading],
      fingerprint: own.fingerprint,
      warnings: own.warnings,
    };
  }
  const other = await loadDataset(dataset, undefined, signal);
  const drawn = evaluationSample(other.problems, config.evaluation);
  const evaluation = drawn.map((at, i) => ({ ...other.problems[at]!, index: own.problems.length + i }));
  return {
    problems: [...own.problems, ...evaluation],
    training: own.problems,
    evaluation,
    sampledFrom: sampledFrom(drawn, other.problems, config.evaluation),
    prompts: [...own.prompts, ...drawn.map((at) => other.prompts[at]!)],
    data: [own.reading, other.reading],
    fingerprint: `${own.fingerprint}+${other.fingerprint}`,
    warnings: [...own.warnings, ...other.warnings],
  };
}

/**
 * Positions of the evaluation problems, ascending: all, the first, or a sample. A file may be sorted by kind or
 * difficulty, so its first problems may not be representative. The sample does not depend on the run's seed, so that
 * runs are comparable.
 */
function evaluationSample(
  problems: readonly Problem[],
  { limit = problems.length, draw }: RunConfig['evaluation'],
): number[] {
  const all = problems.map((_, at) => at);
  if (draw !== 'random') return all.slice(0, limit);
  const keys = all.map((at) => uniform(0, 'draw', 0, at, 0, 0));
  return all
    .sort((a, b) => keys[a]! - keys[b]! || a - b)
    .slice(0, limit)
    .sort((a, b) => a - b);
}

function sampledFrom(
  drawn: readonly number[],
  problems: readonly Problem[],
  { draw }: RunConfig['evaluation'],
): number | null {
  return draw === 'random' && drawn.length < problems.length ? problems.length : null;
}

/** `file:12`, or `file, row 12` in binary files. */
export function placeOf({ source, line, row }: Problem): string {
  return line === null ? `${source}, row ${row + 1}` : `${source}:${line}`;
}

/** The same and the problem's id as details of an error; rows are counted from 1. */
export function problemDetails({ source, line, row, id }: Problem): {
  file: string;
  line: number | null;
  row: number;
  problem: string;
} {
  return { file: source, line, row: row + 1, problem: id };
}
