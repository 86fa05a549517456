/** The order of the list of problems, and its groups. Pure. */

import type { PROBLEM_GROUPINGS, PROBLEM_SORTS, ProblemOrder } from '../engine/runs/panel-state.ts';
import type { AnyQuadrant } from '../engine/runs/problem-view.ts';
import { gainOf, type ProblemRow } from './problem-row.ts';

export const FIRST_ORDER: ProblemOrder = { sort: 'flipped', grouping: 'quadrant' };

export const SORT_TITLES: Readonly<Record<(typeof PROBLEM_SORTS)[number], string>> = {
  flipped: 'last changed',
  share: 'majority share',
  gain: 'gain in share',
  forecast: 'predicted P(correct)',
  id: 'id',
  file: 'order of the file',
};

export const GROUPING_TITLES: Readonly<Record<(typeof PROBLEM_GROUPINGS)[number], string>> = {
  quadrant: 'quadrant',
  prefix: 'beginning of the id',
  none: 'nothing',
};

/** The quadrants, those first that are looked for. */
export const QUADRANT_ORDER: readonly [AnyQuadrant, string][] = [
  ['confident-wrong', 'Confident & wrong'],
  ['uncertain-wrong', 'Uncertain & wrong'],
  ['uncertain-correct', 'Uncertain & correct'],
  ['confident-correct', 'Confident & correct'],
  ['confident', 'Confident'],
  ['uncertain', 'Uncertain'],
  ['unanswered', 'No answer'],
  ['none', 'Not sampled yet'],
];

const DIGITS = '0123456789';
/** What stands between the parts of an id. */
const BETWEEN = '-_/.:# ';

/** A line of the list: the title of a group, or a problem. */
export type ListItem = { kind: 'group'; title: string; count: number } | { kind: 'problem'; row: ProblemRow };

type Value = number | string | null;

/** Largest first, but for ids and places in the file. */
const VALUES: Readonly<Record<ProblemOrder['sort'], { value(row: ProblemRow): Value; ascending?: true }>> = {
  flipped: { value: ({ view }) => view.flip?.since ?? null },
  share: { value: ({ view }) => view.share },
  gain: { value: gainOf },
  forecast: { value: ({ view }) => view.prediction?.right ?? null, ascending: true },
  id: { value: ({ problem }) => problem.id, ascending: true },
  file: { value: ({ problem }) => problem.index, ascending: true },
};

/** `a-9` before `a-10`. */
function compareTexts(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}

/**
 * @param rows at the latest step: problems keep their places while another step is looked at
 * @returns indices of the problems in their order, with the title of the group that each is in
 */
export function ordered(
  rows: readonly ProblemRow[],
  { sort, grouping }: ProblemOrder,
): { index: number; group: string }[] {
  const { value, ascending } = VALUES[sort];
  const keyed = rows.map((row) => ({ row, key: value(row), group: groupOf(row, grouping) }));
  keyed.sort((a, b) => compare(a.key, b.key, ascending === true) || a.row.problem.index - b.row.problem.index);
  const groups =
    grouping === 'quadrant' ? QUADRANT_ORDER.map(([, title]) => title) : [...new Set(keyed.map(({ group }) => group))];
  if (grouping === 'prefix') groups.sort(compareTexts);
  const places = new Map(groups.map((title, place) => [title, place]));
  keyed.sort((a, b) => places.get(a.group)! - places.get(b.group)!);
  return keyed.map(({ row, group }) => ({ index: row.problem.index, group }));
}

/** The lines of the list: the problems that match, under the titles of their groups. */
export function listItems(
  order: readonly { index: number; group: string }[],
  matching: ReadonlyMap<number, ProblemRow>,
): ListItem[] {
  const items: ListItem[] = [];
  let open: Extract<ListItem, { kind: 'group' }> | undefined;
  for (const { index, group } of order) {
    const row = matching.get(index);
    if (!row) continue;
    if (group !== '' && open?.title !== group) {
      open = { kind: 'group', title: group, count: 0 };
      items.push(open);
    }
    if (open) open.count++;
    items.push({ kind: 'problem', row });
  }
  return items;
}

/** Values that do not exist come last. */
function compare(a: Value, b: Value, ascending: boolean): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null);
  const order = typeof a === 'string' || typeof b === 'string' ? compareTexts(String(a), String(b)) : a - b;
  return ascending ? order : -order;
}

function groupOf({ problem, view }: ProblemRow, grouping: ProblemOrder['grouping']): string {
  if (grouping === 'none') return '';
  if (grouping === 'quadrant') return QUADRANT_ORDER.find(([quadrant]) => quadrant === view.quadrant)![1];
  // What stands before the number, or the first part of a path.
  const { id } = problem;
  let end = id.length;
  while (end > 0 && DIGITS.includes(id[end - 1]!)) end--;
  while (end > 0 && BETWEEN.includes(id[end - 1]!)) end--;
  return id.slice(0, end) || id;
}
