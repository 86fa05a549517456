/**
 * The tools with which an agent can inspect and start runs, for `rollscope mcp` and for language models in VS Code.
 * Each is a command of the command line with `--json`, so that agents get the same numbers as people. Pure, without
 * schemas.
 */
import { addressText } from './address.ts';
import { RollscopeError } from './errors.ts';
import { PHASES } from './group-id.ts';
import { visibleJson } from './visible.ts';
import { wellFormed } from './well-formed.ts';

type Json = Record<string, unknown>;
interface Parameter {
  type: 'string' | 'integer' | 'number' | 'boolean' | 'array';
  description: string;
  enum?: readonly string[];
  items?: Json;
  minItems?: number;
  maxItems?: number;
  minimum?: number;
}

export interface ToolDefinition {
  name: string;
  title: string;
  description: string;
  /** By name, in the order of their options. */
  parameters: Readonly<Record<string, Parameter>>;
  required: readonly string[];
  /** false if it starts something, which needs a confirmation. */
  readOnly: boolean;
  /** Arguments of the command line, without `--json`; null if the tool needs no command. */
  args(input: Json): string[] | null;
  /** The part of the command's result that the agent gets. */
  shape?(result: Json, input: Json): unknown;
}

const RUN: Parameter = { type: 'string', description: "Name or folder of the run, or 'latest'." };
const STEP: Parameter = { type: 'integer', description: 'Step (default: the latest).', minimum: 0 };
const PHASE: Parameter = { type: 'string', description: 'Phase of the rollouts.', enum: PHASES };
const LIMIT: Parameter = { type: 'integer', description: 'How many to list (default: 50).', minimum: 1 };
const PROBLEM: Parameter = { type: 'string', description: 'Id of the problem.' };

/** Options by name, for the values that are given. */
function options(input: Json, names: Readonly<Record<string, string>>): string[] {
  return Object.entries(names).flatMap(([name, flag]) => {
    const value = input[name];
    if (value === undefined || value === null || value === false) return [];
    // As one argument, since a value may begin with a dash.
    return value === true ? [flag] : [`${flag}=${String(value)}`];
  });
}

/** A positional argument, which may not be read as an option. */
const text = (value: unknown) => String(value ?? '').replace(/^-+/, '');

interface ListedProblem extends Json {
  id: string;
  correct?: boolean | null;
  share?: number | null;
}

const verdictOf = ({ correct }: ListedProblem) =>
  correct === true ? 'correct' : correct === false ? 'wrong' : 'unknown';

export const TOOLS: readonly ToolDefinition[] = [
  {
    name: 'list_runs',
    title: 'List runs',
    description:
      'Lists all runs, the newest first: status, diagnosis, accuracy before and after, model, dataset, parent.',
    parameters: {},
    required: [],
    readOnly: true,
    args: () => ['runs'],
  },
  {
    name: 'show_run',
    title: 'Show a run',
    description:
      'Shows a run: configuration, status, diagnosis, accuracies, the curve of each metric over the steps, notes.',
    parameters: { run: RUN },
    required: ['run'],
    readOnly: true,
    args: ({ run }) => ['show', text(run)],
    shape: ({ problems: _, ...rest }) => rest,
  },
  {
    name: 'list_problems',
    title: 'List problems',
    description:
      'Lists the problems of a run at a step, optionally filtered: majority answer, share, verdict, since when.',
    parameters: {
      run: RUN,
      step: STEP,
      verdict: { type: 'string', description: 'Whether the majority is right.', enum: ['correct', 'wrong', 'unknown'] },
      minShare: { type: 'number', description: 'Minimum majority share, 0 to 1.', minimum: 0 },
      contains: { type: 'string', description: 'Part of the id.' },
      limit: LIMIT,
    },
    required: ['run'],
    readOnly: true,
    args: ({ run, ...input }) => ['show', text(run), ...options(input, { step: '--step' })],
    shape: ({ problems }, { verdict, minShare, contains, limit = 50 }) => {
      const found = (problems as ListedProblem[]).filter(
        (item) =>
          (verdict === undefined || verdictOf(item) === verdict) &&
          (minShare === undefined || (item.share ?? -1) >= Number(minShare)) &&
          (contains === undefined || item.id.includes(String(contains))),
      );
      return { found: found.length, problems: found.slice(0, Number(limit)) };
    },
  },
  {
    name: 'show_problem',
    title: 'Show a problem',
    description: 'Shows a problem with its vote, clusters and rollouts in full text.',
    parameters: { run: RUN, problem: PROBLEM, step: STEP, phase: PHASE },
    required: ['run', 'problem'],
    readOnly: true,
    args: ({ run, ...input }) => [
      'show',
      text(run),
      ...options(input, { problem: '--problem', step: '--step', phase: '--phase' }),
    ],
  },
  {
    name: 'show_rollout',
    title: 'Show a rollout',
    description: 'Shows a rollout: text, answer, why it got its reward, and the probability and entropy of each token.',
    parameters: {
      run: RUN,
      problem: PROBLEM,
      rollout: { type: 'integer', description: 'Its number in the group, from 1.', minimum: 1 },
      step: STEP,
      phase: PHASE,
    },
    required: ['run', 'problem', 'rollout'],
    readOnly: true,
    args: ({ run, ...input }) => [
      'show',
      text(run),
      ...options(input, { problem: '--problem', rollout: '--rollout', step: '--step', phase: '--phase' }),
    ],
  },
  {
    name: 'find_rollouts',
    title: 'Find rollouts',
    description:
      'Searches all rollouts of a run by text, regular expression, answer, verdict or finish reason, with counts over the steps.',
    parameters: {
      run: RUN,
      text: { type: 'string', description: 'Text that the response contains, in any case.' },
      regex: { type: 'string', description: 'Regular expression that the response matches.' },
      answer: { type: 'string', description: 'The extracted answer.' },
      correct: { type: 'boolean', description: 'Correct rollouts only.' },
      wrong: { type: 'boolean', description: 'Wrong rollouts only.' },
      finish: { type: 'string', description: 'How the response ended.', enum: ['stop', 'length'] },
      phase: PHASE,
      from: { type: 'integer', description: 'First step.', minimum: 0 },
      to: { type: 'integer', description: 'Last step.', minimum: 0 },
      problem: PROBLEM,
      limit: LIMIT,
    },
    required: ['run'],
    readOnly: true,
    args: ({ run, text: searched, limit = 50, ...input }) => [
      'find',
      ...options(input, {
        ...{ regex: '--regex', answer: '--answer', correct: '--correct', wrong: '--wrong', finish: '--finish' },
        ...{ phase: '--phase', from: '--from', to: '--to', problem: '--problem' },
      }),
      `--limit=${Number(limit)}`,
      '--',
      text(run),
      ...(searched === undefined ? [] : [String(searched)]),
    ],
  },
  {
    name: 'compare_runs',
    title: 'Compare runs',
    description:
      'Compares two to six runs on the same problems: accuracies, paired differences with intervals, settings that differ.',
    parameters: {
      runs: { type: 'array', description: 'Names or folders.', items: { type: 'string' }, minItems: 2, maxItems: 6 },
    },
    required: ['runs'],
    readOnly: true,
    args: ({ runs }) => ['compare', ...(runs as unknown[]).map(text)],
  },
  {
    name: 'rescore_run',
    title: 'Rescore a run',
    description:
      'Computes what other rewards would have given the stored rollouts: agreement with the references, with intervals.',
    parameters: {
      run: RUN,
      reward: { type: 'string', description: 'A reward, or a sum or gate of rewards (default: every one).' },
      answer: { type: 'string', description: 'Another answer rule, such as last-number.' },
      step: STEP,
      phase: PHASE,
    },
    required: ['run'],
    readOnly: true,
    args: ({ run, ...input }) => [
      'rescore',
      text(run),
      ...options(input, { reward: '--reward', answer: '--answer', step: '--step', phase: '--phase' }),
    ],
  },
  {
    name: 'report',
    title: 'Report on a run',
    description: 'Writes a Markdown report in which every claim links to its evidence.',
    parameters: { run: RUN },
    required: ['run'],
    readOnly: true,
    args: ({ run }) => ['show', text(run), '--report'],
  },
  {
    name: 'link',
    title: 'Link to a place',
    description: 'Returns a link to a run, problem or rollout, which opens it in the panel of VS Code.',
    parameters: {
      folder: { type: 'string', description: 'Folder of the run, as returned by list_runs.' },
      problem: PROBLEM,
      step: STEP,
      phase: PHASE,
      rollout: { type: 'integer', description: 'Number of the rollout, from 1.', minimum: 1 },
    },
    required: ['folder'],
    readOnly: true,
    args: () => null,
    shape: (_, { folder, ...place }) => ({ link: addressText({ folder: String(folder), ...place }) }),
  },
  {
    name: 'start_run',
    title: 'Start a run',
    description: 'Starts training, or a fork of a run. The user is asked first. Ends when the run ends.',
    parameters: {
      dataset: { type: 'string', description: 'Problem file (default: the embedded problems).' },
      fork: { type: 'string', description: 'Run to fork, instead of a new run.' },
      checkpoint: { type: 'string', description: "Step of the checkpoint to fork, or 'healthy'." },
      model: { type: 'string', description: 'Model (default: the embedded one).' },
      steps: { type: 'integer', description: 'Optimizer steps.', minimum: 1 },
      lr: { type: 'number', description: 'Learning rate.', minimum: 0 },
      reward: { type: 'string', description: 'Reward.' },
      name: { type: 'string', description: 'Name of the run.' },
    },
    required: [],
    readOnly: false,
    args: ({ dataset, fork, ...input }) => [
      ...(fork === undefined ? ['train'] : ['fork', text(fork)]),
      ...(dataset === undefined ? [] : [text(dataset)]),
      ...options(input, {
        ...(fork === undefined ? {} : { checkpoint: '--step' }),
        ...{ model: '--model', steps: '--steps', lr: '--lr', reward: '--reward', name: '--name' },
      }),
    ],
  },
];

/** The JSON schema of a tool's input. */
export function inputSchema({ parameters, required }: ToolDefinition) {
  return {
    type: 'object' as const,
    properties: { ...parameters },
    required: [...required],
    additionalProperties: false,
  };
}

/** Characters of a result that an agent gets; more would not fit its context. */
const MAX_RESULT_CHARACTERS = 200_000;

/** A result as JSON in which nothing is hidden. A long one is cut, and says so. */
export function toolResult(value: unknown): string {
  const all = visibleJson(value);
  return all.length <= MAX_RESULT_CHARACTERS
    ? all
    : `${wellFormed(all.slice(0, MAX_RESULT_CHARACTERS))}\n[cut: ${all.length} characters; ask for less]`;
}

/** @throws RollscopeError `usage` for a parameter that is missing, unknown, or of another type */
export function checkInput({ name, parameters, required }: ToolDefinition, input: Json): void {
  const refuse = (field: string, what: string) =>
    new RollscopeError('usage', `${name}: ${field} ${what}.`, `Parameters: ${Object.keys(parameters).join(', ')}.`, {
      details: { reason: 'bad-parameter', field },
    });
  for (const field of required) if (input[field] === undefined) throw refuse(field, 'is missing');
  for (const [field, value] of Object.entries(input)) {
    const parameter = Object.hasOwn(parameters, field) ? parameters[field] : undefined;
    if (!parameter) throw refuse(field, 'is not a parameter');
    const type = Array.isArray(value) ? 'array' : typeof value;
    const wanted = parameter.type === 'integer' ? 'number' : parameter.type;
    if (type !== wanted || (parameter.type === 'integer' && !Number.isInteger(value))) {
      throw refuse(field, `is not of type ${parameter.type}`);
    }
    if (parameter.enum && !parameter.enum.includes(value as string)) {
      throw refuse(field, `is not one of ${parameter.enum.join(', ')}`);
    }
  }
}
