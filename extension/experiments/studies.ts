/** The experiments that the command line knows, and how one is run as a task. Editor-free. */
import path from 'node:path';
import { PLAIN_NODE } from '../../engine/system/node-child.ts';
import type { Program } from '../engine/cli.ts';

/** What `rollscope experiment --json` says of one. */
export interface StudyInfo {
  name: string;
  title: string;
  question: string;
  finding: string;
  /** About how long it takes on the embedded model, on two cores. */
  minutes: number;
}

/** From the output of `rollscope experiment --json`; what is no study is passed over. */
export function parseStudies(output: string): StudyInfo[] {
  const line = output.trim().split('\n').at(-1) ?? '';
  const { experiments } = JSON.parse(line) as { experiments?: unknown };
  return Array.isArray(experiments) ? experiments.filter(isStudy) : [];
}

function isStudy(value: unknown): value is StudyInfo {
  const study = (value ?? {}) as Partial<Record<keyof StudyInfo, unknown>>;
  const texts = [study.name, study.title, study.question, study.finding];
  return texts.every((text) => typeof text === 'string') && typeof study.minutes === 'number';
}

/** What a task of type `rollscope` says, here and in `tasks.json`. */
export interface ExperimentTask {
  type: 'rollscope';
  experiment: string;
  /** Further words of the command line: a dataset, options. */
  args?: string[];
}

export const TASK_TYPE = 'rollscope';

export function isExperimentTask(definition: { type: string; [key: string]: unknown }): boolean {
  const { type, experiment, args = [] } = definition;
  const words = Array.isArray(args) && args.every((word) => typeof word === 'string');
  return type === TASK_TYPE && typeof experiment === 'string' && /^[a-z][a-z0-9-]*$/.test(experiment) && words;
}

/** The process that a task starts. */
export function processOf({ node, cli }: Program, task: ExperimentTask, home: string | undefined) {
  return {
    process: node,
    args: [cli, 'experiment', task.experiment, ...(task.args ?? [])],
    env: { ...PLAIN_NODE, ...(home && { ROLLSCOPE_HOME: home }) },
  };
}

/** The folder that a task was told to write to; null for the usual one. */
export function outOf({ args = [] }: ExperimentTask, workingFolder: string): string | null {
  const at = args.findIndex((word) => word === '--out' || word.startsWith('--out='));
  const out = args[at]?.startsWith('--out=') ? args[at].slice('--out='.length) : args[at + 1];
  return at < 0 || !out ? null : path.resolve(workingFolder, out);
}
