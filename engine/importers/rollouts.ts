/**
 * Rollouts as JSON Lines, one per line, whoever wrote them: prompt and completion, and where the file has them step, reward,
 * rewards by name, advantage, reference answer and id. Numbers and texts under other names are kept under those names.
 */
import { chatText, promptOf } from '../data/chat.ts';
import { RollscopeError } from '../protocol/errors.ts';
import type { ForeignValue } from '../protocol/group.ts';
import { cellText } from '../protocol/values.ts';
import type { ForeignRollout } from './group.ts';
import type { Importer, ReadRun } from './importer.ts';
import { type JsonLine, readJsonLines } from './json-lines.ts';
import { LoggedProblems } from './problems.ts';
import type { ImportedRun } from './run.ts';

/** Names of each column in use, the likeliest first. */
const COLUMNS = {
  prompt: ['prompt', 'input', 'question', 'problem'],
  completion: ['completion', 'output', 'response'],
  step: ['step', 'global_step'],
  reward: ['reward', 'score'],
  rewards: ['rewards'],
  advantage: ['advantage'],
  reference: ['reference', 'ground_truth', 'gts', 'solution', 'label', 'answer'],
  id: ['id', 'problem_id'],
} as const;
type Column = keyof typeof COLUMNS;

export const rollouts: Importer = {
  name: 'rollouts',
  title: 'JSON Lines with prompt, completion, reward and step',
  async detect(path) {
    if (!/\.(jsonl|ndjson)$/i.test(path)) return false;
    try {
      for await (const { values } of readJsonLines(path)) {
        return columnIn(values, 'prompt') !== undefined && columnIn(values, 'completion') !== undefined;
      }
    } catch {
      // Whoever reads it says what is wrong.
    }
    return false;
  },
  read,
};

interface Group {
  step: number;
  problem: number;
  rollouts: ForeignRollout[];
}

async function read(path: string): Promise<ReadRun> {
  const problems = new LoggedProblems();
  const groups = new Map<string, Group>();
  for await (const row of readJsonLines(path)) {
    const text = promptIn(row, path);
    const label = cellText(columnIn(row.values, 'reference'));
    const id = cellText(columnIn(row.values, 'id')) ?? undefined;
    const { index } = problems.take({ text, label, ...(id !== undefined && { id }), source: path, line: row.line });
    const step = stepIn(row, path);
    const key = `${step} ${index}`;
    const group = groups.get(key) ?? { step, problem: index, rollouts: [] };
    groups.set(key, group);
    group.rollouts.push(rolloutIn(row, path));
  }
  if (groups.size === 0) {
    throw new RollscopeError('dataset', `${path} contains no rollouts.`, 'Each line is one rollout.', {
      details: { reason: 'empty', file: path },
    });
  }
  return {
    contents: {
      origin: { engine: 'JSON Lines', version: null, files: [path] },
      run: { job: 'train', model: null, dataset: null, reward: null, steps: null, settings: {} },
      problems: problems.all,
      // Whether they are the prompts as the model got them, with its template, is not known.
      prompts: null,
      created: null,
    },
    write: (run) => writeSteps(run, [...groups.values()]),
  };
}

/** Step by step; within a step as in the file. */
function writeSteps(run: ImportedRun, groups: readonly Group[]): void {
  const bySteps = groups.toSorted((a, b) => a.step - b.step);
  for (const [i, { step, problem, rollouts: members }] of bySteps.entries()) {
    run.group('train', step, problem, members);
    if (bySteps[i + 1]?.step !== step) run.step({ step });
  }
}

/** The first of a column's names that the row has. */
function nameOf(values: JsonLine['values'], column: Column): string | undefined {
  return COLUMNS[column].find((name) => Object.hasOwn(values, name));
}

function columnIn(values: JsonLine['values'], column: Column): unknown {
  const name = nameOf(values, column);
  return name === undefined ? undefined : values[name];
}

function promptIn({ values, line }: JsonLine, file: string): string {
  return promptOf(columnIn(values, 'prompt'))?.text ?? refuse(file, line, 'prompt', 'a text, or a list of messages');
}

/** A text, or messages, of which the contents are taken. A completion may be empty. */
function completionIn({ values, line }: JsonLine, file: string): string {
  const value = columnIn(values, 'completion');
  if (typeof value === 'string') return value;
  return chatText(value) ?? refuse(file, line, 'completion', 'a text, or a list of messages');
}

/** The first step where the file does not count them. */
function stepIn({ values, line }: JsonLine, file: string): number {
  const value = columnIn(values, 'step') ?? 1;
  return Number.isSafeInteger(value) && Number(value) >= 0 ? Number(value) : refuse(file, line, 'step', 'an integer');
}

function rolloutIn(row: JsonLine, file: string): ForeignRollout {
  const { values } = row;
  return {
    text: completionIn(row, file),
    reward: numberIn(columnIn(values, 'reward')),
    advantage: numberIn(columnIn(values, 'advantage')),
    rewards: rewardsIn(values),
    foreign: othersIn(values),
  };
}

function numberIn(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}

/** Those of an object, and columns that say that they are rewards: `rewards/accuracy`, `format_reward`. */
function rewardsIn(values: JsonLine['values']): Record<string, number | null> {
  const named = columnIn(values, 'rewards');
  const inside = typeof named === 'object' && named !== null && !Array.isArray(named) ? Object.entries(named) : [];
  const beside = Object.entries(values).filter(([name]) => isReward(name));
  return Object.fromEntries([...inside, ...beside].map(([name, value]) => [name, numberIn(value)]));
}

const isReward = (name: string) => /^rewards\/|_reward$/.test(name);

/** Numbers, texts and truth values that are none of the columns. */
function othersIn(values: JsonLine['values']): Record<string, ForeignValue> {
  const taken = new Set((Object.keys(COLUMNS) as Column[]).map((column) => nameOf(values, column)));
  const others = Object.entries(values).filter(
    (entry): entry is [string, ForeignValue] => !taken.has(entry[0]) && !isReward(entry[0]) && isScalar(entry[1]),
  );
  return Object.fromEntries(others);
}

function isScalar(value: unknown): value is ForeignValue {
  return value === null || ['number', 'string', 'boolean'].includes(typeof value);
}

function refuse(file: string, line: number, column: Column, expected: string): never {
  const names = COLUMNS[column].join(', ');
  throw new RollscopeError(
    'dataset',
    `${file}:${line}: ${column} is missing or not ${expected}.`,
    `A rollout has a prompt and a completion, and may have a step, a reward and a reference. Names of this column: ${names}.`,
    { details: { reason: 'bad-rollout', file, line, column } },
  );
}
