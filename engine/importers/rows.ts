/**
 * Converts a row of a log into a rollout, by trainers' or the user's names for its columns. Values under other names
 * are kept under those names.
 */
import { ChatFault, chatInText, promptOf } from '../data/chat.ts';
import { columnValue, type RowValues } from '../data/fields.ts';
import type { ForeignValue, Phase } from '../protocol/group.ts';
import type { Turn } from '../protocol/problem.ts';
import { cellText, isObject } from '../protocol/values.ts';
import { finishOf, numberIn, phaseOf } from './cells.ts';
import { COMMON_NAMES, type ColumnMap, ROLLOUT_COLUMNS, type RolloutColumn } from './columns.ts';
import { responseOf } from './conversation.ts';
import type { ForeignRollout } from './group.ts';
import type { LoggedProblem } from './importer.ts';
import { withoutPadding } from './padding.ts';
import { RowFault } from './row-fault.ts';
import { separateRows } from './separate-rows.ts';
import { isTokenColumn, numbersOf, textsOf, tokenFields } from './token-columns.ts';

/** The step and phase in a row. */
export interface StepAndPhase {
  /** null if the row does not contain it. */
  step: number | null;
  phase: Phase | null;
}

/** How to read the rows of a file. */
export interface RowFileOptions {
  /** Of the file, within what is imported. */
  name: string;
  /** Step and phase for rows that contain none. */
  step: number;
  phase: Phase;
  /** Whether the file's name determines step and phase, and those in the rows are ignored. */
  fixed?: boolean;
  rows: RowReader;
  /** Which of the rows count, from the first to just after the last, where not all do; of tables only. */
  range?: RowRange;
}

export type RowRange = (rows: readonly RowValues[]) => Promise<{ from: number; to: number }>;

/** Steps are stored as 32-bit integers; a larger number counts something else, such as nanoseconds. */
const LAST_STEP = 2 ** 31 - 1;

/** Reads rows by the names of their columns. */
export class RowReader {
  private last: { values: RowValues; names: Partial<Record<RolloutColumn, string>> } | null = null;
  private readonly mapped: ReadonlySet<string>;

  /**
   * @param map names of columns that are not guessed
   * @param isReward whether another column has the values of a reward function
   */
  constructor(
    private readonly map: ColumnMap = {},
    private readonly isReward: (name: string, value: unknown) => boolean = namesReward,
  ) {
    this.mapped = new Set(Object.values(map));
  }

  has(values: RowValues, column: RolloutColumn): boolean {
    return this.nameOf(values, column) !== undefined;
  }

  /** The name of a column in this row; undefined without it. */
  nameOf(values: RowValues, column: RolloutColumn): string | undefined {
    return this.namesIn(values)[column];
  }

  /** The names of the row that was requested last are kept, since every column of a row is requested. */
  private namesIn(values: RowValues): Partial<Record<RolloutColumn, string>> {
    if (this.last?.values === values) return this.last.names;
    const names: Partial<Record<RolloutColumn, string>> = {};
    for (const column of ROLLOUT_COLUMNS) {
      const name = this.find(values, column);
      if (name !== undefined) names[column] = name;
    }
    this.last = { values, names };
    return names;
  }

  private find(values: RowValues, column: RolloutColumn): string | undefined {
    const mapped = this.map[column];
    if (mapped !== undefined) return columnValue(values, mapped) === undefined ? undefined : mapped;
    return COMMON_NAMES[column].find(
      (name) => Object.hasOwn(values, name) && !this.mapped.has(name) && isPlausible(column, values[name]),
    );
  }

  value(values: RowValues, column: RolloutColumn): unknown {
    const name = this.nameOf(values, column);
    return name === undefined ? undefined : columnValue(values, name);
  }

  /** The rollouts of a row, each as a row of its own; usually just the row. */
  rolloutRows(values: RowValues): RowValues[] {
    const { prompt, response = this.map.response, reward, reference, id, step } = this.namesIn(values);
    return separateRows(values, { prompt, response, reward, shared: [reference, id, step], mapped: this.mapped });
  }

  /** @throws RowFault for an invalid step */
  stepAndPhase(values: RowValues): StepAndPhase {
    const step = this.value(values, 'step');
    const number = step === undefined || step === null ? null : (numberIn(step) ?? Number.NaN);
    if (number !== null && !(Number.isSafeInteger(number) && number >= 0 && number <= LAST_STEP)) {
      throw new RowFault('bad-rollout', `${this.nameOf(values, 'step')} is not a step: ${cellText(step)}`, 'step');
    }
    return { step: number, phase: phaseOf(this.value(values, 'phase')) };
  }

  /** @throws RowFault without a prompt */
  problem(values: RowValues): Omit<LoggedProblem, 'source' | 'line'> {
    const cell = this.value(values, 'prompt');
    const asked = promptOf(cell);
    if (!asked) throw new RowFault('bad-rollout', missing(cell, 'prompt'), 'prompt');
    const id = cellText(this.value(values, 'id'));
    const label = this.value(values, 'reference');
    const { system, before } = asked;
    const turns: Turn[] = [
      ...(system === null ? [] : [{ role: 'system' as const, content: system }]),
      ...before,
      { role: 'user', content: asked.question },
    ];
    const isChat = typeof cell !== 'string' || asked.text !== cell;
    return {
      prompt: asked.text,
      ...(isChat && { text: asked.question, messages: turns }),
      label,
      ...(id !== null && { id }),
    };
  }

  /** @throws RowFault without a response */
  rollout(values: RowValues): ForeignRollout {
    const response = this.response(values);
    const token = (column: RolloutColumn) => this.value(values, column);
    const counted = token('tokens');
    return {
      ...response,
      reward: numberIn(this.value(values, 'reward')),
      advantage: numberIn(this.value(values, 'advantage')),
      rewards: this.rewards(values),
      foreign: this.foreignValues(values),
      finish: finishOf(this.value(values, 'finish')),
      tokens: Array.isArray(counted) ? counted.length : numberIn(counted),
      ...tokenFields(
        {
          logprobs: token('logprobs'),
          entropies: token('entropies'),
          ids: token('ids'),
          tokenTexts: token('tokenTexts'),
        },
        response.text,
      ),
    };
  }

  /** @throws RowFault without one */
  response(values: RowValues): Pick<ForeignRollout, 'text' | 'said'> {
    const cell = this.value(values, 'response');
    const response = typeof cell === 'object' ? responseOf(cell) : textResponse(cell);
    if (response === null) throw new RowFault('bad-rollout', missing(cell, 'response'), 'response');
    return response;
  }

  /** Rewards in an object, and in columns named as rewards: `rewards/accuracy`, `format_reward`. */
  private rewards(values: RowValues): Record<string, number | null> {
    const named = this.value(values, 'rewards');
    const inside = isObject(named) ? Object.entries(named) : [];
    const taken = this.usedColumns(values);
    const beside = Object.entries(values).filter(([name, value]) => !taken.has(name) && this.isReward(name, value));
    return Object.fromEntries([...inside, ...beside].map(([name, value]) => [name, numberIn(value)]));
  }

  /** Numbers, texts and truth values in other columns. */
  private foreignValues(values: RowValues): Record<string, ForeignValue> {
    const taken = this.usedColumns(values);
    const others: Record<string, ForeignValue> = {};
    for (const [name, value] of Object.entries(values)) {
      if (taken.has(name) || this.isReward(name, value)) continue;
      const scalar = typeof value === 'bigint' ? Number(value) : value;
      if (isScalar(scalar)) others[name] = scalar;
    }
    return others;
  }

  private usedColumns(values: RowValues): Set<string | undefined> {
    return new Set(Object.values(this.namesIn(values)));
  }
}

/** Tables store conversations as text, and a numeric response as a number. null for anything but text. */
function textResponse(cell: unknown): Pick<ForeignRollout, 'text' | 'said'> | null {
  if (typeof cell === 'number' || typeof cell === 'bigint') return Number.isNaN(cell) ? null : { text: String(cell) };
  if (typeof cell !== 'string') return null;
  return (/^\s*\[/.test(cell) ? chatResponse(cell) : null) ?? unpadded(cell);
}

function chatResponse(text: string): Pick<ForeignRollout, 'text' | 'said'> | null {
  try {
    return responseOf(chatInText(text));
  } catch (error) {
    if (error instanceof ChatFault) return null;
    throw error;
  }
}

/** Kept as it was logged; padding is not part of an answer. */
function unpadded(text: string): Pick<ForeignRollout, 'text' | 'said'> {
  const said = withoutPadding(text);
  return said === text ? { text } : { text, said };
}

/** Some names have other meanings elsewhere. */
function isPlausible(column: RolloutColumn, value: unknown): boolean {
  if (column === 'rewards') return isObject(value);
  if (column === 'phase') return phaseOf(value) !== null;
  if (column === 'finish') return finishOf(value) !== null;
  if (column === 'logprobs') return isTokenColumn(value);
  if (column === 'entropies' || column === 'ids') return numbersOf(value) !== null;
  if (column === 'tokenTexts') return textsOf(value) !== null;
  if (column === 'tokens') return Array.isArray(value) || numberIn(value) !== null;
  if (column === 'reward' || column === 'advantage') return value === null || numberIn(value) !== null;
  return value !== undefined;
}

function namesReward(name: string, value: unknown): boolean {
  return /^rewards\/|_reward(?:_func)?$|^reward_/.test(name) && (value === null || numberIn(value) !== null);
}

function isScalar(value: unknown): value is ForeignValue {
  return value === null || ['number', 'string', 'boolean'].includes(typeof value);
}

function missing(cell: unknown, column: RolloutColumn): string {
  return cell === undefined || cell === null ? `no ${column}` : `the ${column} is neither text nor a chat`;
}
