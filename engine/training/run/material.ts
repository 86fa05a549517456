/** What a run works on: the problems of training and evaluation, with the prompts that are made of them. */
import { type Dataset, loadDataset } from '../../data/dataset.ts';
import { placeholders } from '../../data/template.ts';
import type { Problem, RunConfig } from '../../protocol/index.ts';
import { rewardOf } from '../../reward/index.ts';

export interface Material {
  problems: Problem[];
  training: Problem[];
  evaluation: Problem[];
  /** Of all problems, in their order. */
  prompts: { system?: string; user: string }[];
  fingerprint: string;
  warnings: string[];
}

/** Columns that are kept for the reward, and for the template where its questions are put by it. */
function columnsOf({ reward, rewardOptions, dataset }: RunConfig): { required: string[]; optional: string[] } {
  const { columns, throughTemplate } = rewardOf(reward, rewardOptions);
  if (!throughTemplate) return columns;
  return { ...columns, optional: [...columns.optional, ...placeholders(dataset.template)] };
}

/** Reads the problems of training and evaluation. Evaluation problems of their own are numbered after the others. */
export async function loadMaterial(config: RunConfig): Promise<Material> {
  const own = await loadDataset(config.dataset, columnsOf(config));
  const texts = (dataset: Dataset) => dataset.prompts.map((user) => ({ system: dataset.system, user }));
  const limited = <T>(items: T[]) => items.slice(0, config.evaluation.limit ?? items.length);
  const { dataset } = config.evaluation;
  if (config.job === 'probe' || !dataset) {
    return {
      problems: own.problems,
      training: own.problems,
      evaluation: limited(own.problems),
      prompts: texts(own),
      fingerprint: own.fingerprint,
      warnings: own.warnings,
    };
  }
  const other = await loadDataset(dataset);
  const evaluation = limited(other.problems).map((p, i) => ({ ...p, index: own.problems.length + i }));
  return {
    problems: [...own.problems, ...evaluation],
    training: own.problems,
    evaluation,
    prompts: [...texts(own), ...limited(texts(other))],
    fingerprint: `${own.fingerprint}+${other.fingerprint}`,
    warnings: [...own.warnings, ...other.warnings],
  };
}

/** `file:12`, or `file, row 12` in binary files. */
export function placeOf({ source, line, row }: Problem): string {
  return line === null ? `${source}, row ${row + 1}` : `${source}:${line}`;
}

/** The same and the problem's id as details of an error; rows are counted from 1. */
export function factsOf({ source, line, row, id }: Problem): {
  file: string;
  line: number | null;
  row: number;
  problem: string;
} {
  return { file: source, line, row: row + 1, problem: id };
}
