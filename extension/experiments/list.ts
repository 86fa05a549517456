/** The experiments of the command line, and how one runs as a task. Does not import VS Code. */
import path from 'node:path';
import { PLAIN_NODE } from '../../engine/system/node-child.ts';
import type { Program } from '../../engine/view/command-line.ts';

/** An experiment as `rollscope experiment --json` prints it. */
export interface ExperimentInfo {
  name: string;
  title: string;
  question: string;
  finding: string;
  /** Approximate duration on two cores with the embedded model. */
  minutes: number;
}

/** From the output of `rollscope experiment --json`; skips entries that are not experiments. */
export function parseExperiments(output: string): ExperimentInfo[] {
  const line = output.trim().split('\n').at(-1) ?? '';
  const { experiments } = JSON.parse(line) as { experiments?: unknown };
  return Array.isArray(experiments) ? experiments.filter(isExperiment) : [];
}

function isExperiment(value: unknown): value is ExperimentInfo {
  const experiment = (value ?? {}) as Partial<Record<keyof ExperimentInfo, unknown>>;
  const texts = [experiment.name, experiment.title, experiment.question, experiment.finding];
  return texts.every((text) => typeof text === 'string') && typeof experiment.minutes === 'number';
}

/** Definition of a task of type `rollscope`, here and in `tasks.json`. */
export interface ExperimentTask {
  type: 'rollscope';
  experiment: string;
  /** More command-line arguments: a dataset, options. */
  args?: string[];
}

export const TASK_TYPE = 'rollscope';

/** Whether a task of `tasks.json` can be run: a name that is a plain word, and options that are texts. */
export function isExperimentTask(definition: { type: string; [key: string]: unknown }): boolean {
  const { type, experiment, args = [] } = definition;
  const strings = Array.isArray(args) && args.every((word) => typeof word === 'string');
  return type === TASK_TYPE && typeof experiment === 'string' && /^[a-z][a-z0-9-]*$/.test(experiment) && strings;
}

/** The process of a task. */
export function processOf({ node, cli }: Program, task: ExperimentTask, home: string | undefined) {
  return {
    process: node,
    args: [cli, 'experiment', task.experiment, ...(task.args ?? [])],
    env: { ...PLAIN_NODE, ...(home && { ROLLSCOPE_HOME: home }) },
  };
}

/** The output folder of a task (--out); null for the default. */
export function outputFolderOf({ args = [] }: ExperimentTask, workingFolder: string): string | null {
  const at = args.findIndex((word) => word === '--out' || word.startsWith('--out='));
  const out = args[at]?.startsWith('--out=') ? args[at].slice('--out='.length) : args[at + 1];
  return at < 0 || !out ? null : path.resolve(workingFolder, out);
}
