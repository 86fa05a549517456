/**
 * Finding rollouts of a run by their text, answer, end, reward and phase. Reads one group at a time and keeps counts per
 * step and the first matches only, so that memory does not grow with the run.
 */
import { withStepLimit } from '../grading/meter.ts';
import { BadPattern, compilePattern } from '../grading/pattern.ts';
import { readGroup } from '../journal/groups.ts';
import { RollscopeError, toErrorData } from '../protocol/errors.ts';
import type { GroupDetail, Rollout } from '../protocol/group.ts';
import { PHASES } from '../protocol/group-id.ts';
import type { RunColumns } from './columns.ts';
import type { Excerpt, FindProgress, FindQuery, FindResult, StepHits } from './find-query.ts';

export interface FindOptions {
  /** The number of matches to keep (default: 200). */
  limit?: number;
  signal?: AbortSignal;
  /** Told after each group. */
  onProgress?: (progress: FindProgress) => void;
}

const DEFAULT_LIMIT = 200;
/** Matching steps per response; a response that needs more is counted as given up. */
export const FIND_STEPS = 300_000;
/** Characters of an excerpt before, of and after the match. */
const EXCERPT_LENGTHS = { before: 40, match: 80, after: 100 };

type Place = { start: number; end: number } | null;
type Search = (text: string) => Place;

/**
 * Searches the groups that count, in step order.
 * @throws RollscopeError `usage` for an invalid regular expression, `canceled` after `signal`
 */
export async function findRollouts(
  folder: string,
  columns: RunColumns,
  query: FindQuery,
  { limit = DEFAULT_LIMIT, signal, onProgress }: FindOptions = {},
): Promise<FindResult> {
  const searches = searchesOf(query);
  const rows = rowsOf(columns, query);
  const found = new Found(limit);
  for (const [done, row] of rows.entries()) {
    if (signal?.aborted) {
      throw new RollscopeError('canceled', 'The search was canceled.', undefined, { details: { reason: 'search' } });
    }
    const id = columns.idOf(row);
    const frame = columns.frameOf(row);
    if (frame) {
      const group = await readGroup(folder, { ...id, frame }).catch((error: unknown) => found.cannotRead(error));
      if (group) found.add(group, query, searches);
    } else found.result.notStored++;
    onProgress?.({ done: done + 1, of: rows.length, hits: found.result.total });
  }
  return found.result;
}

/** The results so far. */
class Found {
  readonly result: FindResult = {
    hits: [],
    total: 0,
    groups: 0,
    problems: 0,
    rollouts: 0,
    steps: [],
    notStored: 0,
    unreadable: 0,
    fault: null,
    givenUp: 0,
  };
  private readonly problems = new Set<number>();

  constructor(private readonly limit: number) {}

  cannotRead(error: unknown): null {
    this.result.unreadable++;
    this.result.fault ??= toErrorData(error).message;
    return null;
  }

  add(group: GroupDetail, query: FindQuery, searches: readonly Search[]): void {
    const { result } = this;
    const { phase, step, problem, rollouts } = group;
    let hits = 0;
    for (const [index, rollout] of rollouts.entries()) {
      if (!fits(group, rollout, query)) continue;
      const places = this.placesIn(rollout.text, searches);
      if (!places) continue;
      hits++;
      if (result.hits.length >= this.limit) continue;
      const { answer, correct, reward } = rollout;
      const place = places[0] ?? null;
      const excerpt = excerptOf(rollout.text, place ?? { start: 0, end: 0 });
      result.hits.push({
        phase,
        step,
        problem,
        rollout: index,
        answer,
        correct,
        reward,
        at: place ? place.start : null,
        excerpt,
      });
    }
    result.rollouts += rollouts.length;
    result.total += hits;
    this.count({ phase, step, hits, rollouts: rollouts.length });
    if (hits === 0) return;
    result.groups++;
    this.problems.add(problem);
    result.problems = this.problems.size;
  }

  /** The first match of each search; null if one of them has none. */
  private placesIn(text: string, searches: readonly Search[]): NonNullable<Place>[] | null {
    const places: NonNullable<Place>[] = [];
    for (const search of searches) {
      const place = withStepLimit<Place | undefined>(
        FIND_STEPS,
        () => search(text),
        () => undefined,
      );
      if (place === undefined) this.result.givenUp++;
      if (!place) return null;
      places.push(place);
    }
    return places;
  }

  private count(more: StepHits): void {
    const last = this.result.steps.at(-1);
    if (last?.phase === more.phase && last.step === more.step) {
      last.hits += more.hits;
      last.rollouts += more.rollouts;
    } else this.result.steps.push({ ...more });
  }
}

/** The rows to read, ordered by step and phase, without those that the columns already rule out. */
function rowsOf(columns: RunColumns, { phase, firstStep, lastStep, problem }: FindQuery): number[] {
  const { step, phase: phases, problem: problems } = columns.groups.columns;
  const wanted = phase === undefined ? null : PHASES.indexOf(phase);
  return columns.countedRows
    .filter(
      (row) =>
        (wanted === null || phases[row] === wanted) &&
        (problem === undefined || problems[row] === problem) &&
        step[row]! >= (firstStep ?? 0) &&
        step[row]! <= (lastStep ?? Number.POSITIVE_INFINITY),
    )
    .sort((a, b) => step[a]! - step[b]! || phases[a]! - phases[b]! || a - b);
}

/** Whether a rollout meets the conditions that are not about its text. */
function fits({ clusters }: GroupDetail, rollout: Rollout, query: FindQuery): boolean {
  const { answer, correct, finish, leastReward, mostReward } = query;
  if (answer !== undefined && rollout.answer !== answer) {
    if (answer === null || rollout.cluster === null || clusters[rollout.cluster]?.answer !== answer) return false;
  }
  if (correct !== undefined && rollout.correct !== correct) return false;
  if (finish !== undefined && rollout.finish !== finish) return false;
  if (leastReward === undefined && mostReward === undefined) return true;
  const { reward } = rollout;
  if (reward === null) return false;
  return reward >= (leastReward ?? Number.NEGATIVE_INFINITY) && reward <= (mostReward ?? Number.POSITIVE_INFINITY);
}

/** @throws RollscopeError `usage` for a regular expression that cannot be read */
export function searchesOf({ text, regex, matchCase = false }: FindQuery): Search[] {
  return [
    ...(text === undefined ? [] : [textSearch(text, matchCase)]),
    ...(regex ? [regexSearch(regex, matchCase)] : []),
  ];
}

function textSearch(text: string, matchCase: boolean): Search {
  if (matchCase) {
    return (response) => {
      const start = response.indexOf(text);
      return start < 0 ? null : { start, end: start + text.length };
    };
  }
  // A text can change its length in lower case, and positions would no longer be those of the response.
  const literal = new RegExp(text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&'), 'i');
  return (response) => {
    const found = literal.exec(response);
    return found && { start: found.index, end: found.index + found[0].length };
  };
}

function regexSearch(source: string, matchCase: boolean): Search {
  const prefix = matchCase || source.startsWith('(?i)') ? '' : '(?i)';
  try {
    const matcher = compilePattern(prefix + source);
    return (response) => {
      for (const place of matcher.matches(response)) return place;
      return null;
    };
  } catch (error) {
    if (!(error instanceof BadPattern)) throw error;
    throw new RollscopeError('usage', `'${source}' is not a regular expression: ${error.message}.`, undefined, {
      details: { reason: 'bad-pattern', value: source },
    });
  }
}

function excerptOf(text: string, { start, end }: NonNullable<Place>): Excerpt {
  const first = Math.max(0, start - EXCERPT_LENGTHS.before);
  const last = Math.min(end, start + EXCERPT_LENGTHS.match);
  const after = Math.min(text.length, last + EXCERPT_LENGTHS.after);
  return {
    before: text.slice(first, start),
    match: text.slice(start, last),
    after: text.slice(last, after),
    cutBefore: first > 0,
    cutAfter: after < text.length,
  };
}
