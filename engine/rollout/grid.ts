/**
 * The rows that are sampled at a time: a grid of problems and rows, its arrays for the decode graph, what becomes of the
 * tokens that come back, and how it is packed when rows are done. Pure.
 */
import { byStatistic, TOKEN_STATISTICS, type TokenStatistic } from '../protocol/group.ts';
import type { TokenStatistics } from '../protocol/index.ts';

export interface SampledRollout extends TokenStatistics {
  finish: 'stop' | 'length';
}

/** A rollout while it grows. */
export interface GridRow {
  /** Names it among the rollouts of its problem in random numbers. */
  readonly index: number;
  readonly tokens: number[];
  readonly statistics: Record<TokenStatistic, number[]>;
  /** Null while it runs. */
  finish: 'stop' | 'length' | null;
}

/** null for a place without a row; what is computed there is ignored. */
type Place = GridRow | null;

/** A problem's prompt and its places; all problems of a grid have as many. */
export interface GridProblem {
  /** Names the problem in random numbers. */
  readonly problem: number;
  readonly prompt: Int32Array;
  readonly places: readonly Place[];
}

export type Grid = readonly GridProblem[];

/** Rows of a problem before their first token, numbered from `first`. */
export function newRows(first: number, count: number): GridRow[] {
  return Array.from({ length: count }, (_, i) => ({
    index: first + i,
    tokens: [],
    statistics: byStatistic(() => []),
    finish: null,
  }));
}

function isRunning(place: Place): place is GridRow {
  return place !== null && place.finish === null;
}

/** Number of places, of rows that run, and of tokens that each of these has. */
export function progressOf(grid: Grid): { places: number; running: number; length: number } {
  const places = grid.flatMap((problem) => problem.places);
  const running = places.filter(isRunning);
  return { places: places.length, running: running.length, length: running[0]?.tokens.length ?? 0 };
}

export interface GridArrays {
  /** The last token of each place, [P, G]. */
  readonly tokens: Int32Array;
  /** Its position, [P*G, 1]. */
  readonly position: BigInt64Array;
  /** 1 where no row is running, [P, G]. */
  readonly done: Uint8Array;
  /** Random numbers for `steps` tokens, [steps, P, G]. */
  readonly uniform: Float32Array;
}

/** Arrays for the next `steps` tokens; `random` gives the number for a token of a rollout of a problem. */
export function arraysOf(
  grid: Grid,
  steps: number,
  random: (problem: number, rollout: number, token: number) => number,
): GridArrays {
  const { places, length } = progressOf(grid);
  const G = places / grid.length;
  const tokens = new Int32Array(places);
  const position = new BigInt64Array(places);
  const done = new Uint8Array(places).fill(1);
  const uniform = new Float32Array(steps * places);
  grid.forEach(({ problem, prompt, places: own }, p) => {
    own.forEach((row, g) => {
      const at = p * G + g;
      tokens[at] = row?.tokens.at(-1) ?? prompt.at(-1)!;
      position[at] = BigInt(prompt.length - 1 + length);
      if (!isRunning(row)) return;
      done[at] = 0;
      for (let t = 0; t < steps; t++) uniform[t * places + at] = random(problem, row.index, length + t);
    });
  });
  return { tokens, position, done, uniform };
}

/** When a row is done. */
export interface EndRules {
  readonly eosIds: readonly number[];
  readonly maxTokens: number;
  /** Number of tokens after which a response is complete by its text, or null to continue. */
  readonly complete?: (tokens: readonly number[]) => number | null;
}

/** Appends the drawn tokens, [T, P, G] each, to the running rows. Returns the number of accepted tokens. */
export function appendTokens(
  grid: Grid,
  drawn: Int32Array,
  numbers: Readonly<Record<TokenStatistic, Float32Array>>,
  rules: EndRules,
): number {
  const places = grid.flatMap((problem) => problem.places);
  let taken = 0;
  places.forEach((row, place) => {
    if (!isRunning(row)) return;
    for (let at = place; at < drawn.length && row.finish === null; at += places.length) {
      const token = drawn[at]!;
      row.tokens.push(token);
      for (const name of TOKEN_STATISTICS) row.statistics[name].push(numbers[name][at]!);
      taken++;
      if (rules.eosIds.includes(token)) row.finish = 'stop';
      else if (row.tokens.length >= rules.maxTokens) row.finish = 'length';
    }
    truncateWhenComplete(row, rules);
  });
  return taken;
}

function truncateWhenComplete(row: GridRow, { complete }: EndRules): void {
  const length = complete?.(row.tokens) ?? null;
  // An end token right after the completing text stays: it was drawn.
  if (length === null || length > row.tokens.length - (row.finish === 'stop' ? 2 : 0)) return;
  row.tokens.length = length;
  for (const name of TOKEN_STATISTICS) row.statistics[name].length = length;
  row.finish = 'stop';
}

export interface PackedGrid {
  readonly grid: Grid;
  /** Rows of the prompts' caches [P*kv, ...] that stay. */
  readonly promptRows: number[];
  /** Rows of the generated caches [P*kv*G, ...] that stay. */
  readonly generatedRows: number[];
}

/** Leaves out what does not run, as far as the grid stays one: problems without a running row, and places. */
export function packGrid(grid: Grid, kvHeads: number): PackedGrid {
  const G = grid[0]!.places.length;
  const running = grid.map(({ places }) => places.flatMap((row, g) => (isRunning(row) ? [g] : [])));
  const problems = running.flatMap((places, p) => (places.length > 0 ? [p] : []));
  const width = Math.max(...problems.map((p) => running[p]!.length));
  const slots = Array.from({ length: width }, (_, g) => g);
  const heads = Array.from({ length: kvHeads }, (_, h) => h);
  return {
    grid: problems.map((p) => {
      const { places, ...problem } = grid[p]!;
      return { ...problem, places: slots.map((g) => places[running[p]![g] ?? -1] ?? null) };
    }),
    promptRows: problems.flatMap((p) => heads.map((h) => p * kvHeads + h)),
    // An empty place gets the cache of some other row.
    generatedRows: problems.flatMap((p) =>
      heads.flatMap((h) => slots.map((g) => (p * kvHeads + h) * G + (running[p]![g] ?? running[p]![0]!))),
    ),
  };
}

/** The rows of a problem. All of their arrays share one buffer, which can be handed to another thread as it is. */
export function finishedRollouts(rows: readonly GridRow[]): SampledRollout[] {
  const total = rows.reduce((sum, { tokens }) => sum + tokens.length, 0);
  const buffer = new ArrayBuffer(4 * total * (1 + TOKEN_STATISTICS.length));
  let at = 0;
  return rows.map((row) => {
    const place = () => {
      const offset = at;
      at += 4 * row.tokens.length;
      return [buffer, offset, row.tokens.length] as const;
    };
    const tokens = new Int32Array(...place());
    tokens.set(row.tokens);
    const numbers = byStatistic((name) => {
      const values = new Float32Array(...place());
      values.set(row.statistics[name]);
      return values;
    });
    return { tokens, ...numbers, finish: row.finish ?? 'length' };
  });
}
