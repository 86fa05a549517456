/** The order of the list of problems, and its groups. Pure. */

import { shareGain } from '../engine/runs/moves.ts';
import type { DataColumns } from '../engine/runs/panel-contract.ts';
import { PROBLEM_GROUPINGS, type PROBLEM_SORTS, type ProblemOrder } from '../engine/runs/panel-state.ts';
import type { AnyQuadrant } from '../engine/runs/problem-view.ts';
import type { ProblemRow } from './problem-row.ts';

export const FIRST_ORDER: ProblemOrder = { sort: 'flipped', grouping: 'quadrant' };

export const SORT_TITLES: Readonly<Record<(typeof PROBLEM_SORTS)[number], string>> = {
  flipped: 'last changed',
  share: 'majority share',
  gain: 'gain in share',
  forecast: 'predicted P(correct)',
  id: 'id',
  file: 'file order',
};

const GROUPING_TITLES: Readonly<Record<(typeof PROBLEM_GROUPINGS)[number], string>> = {
  quadrant: 'quadrant',
  prefix: 'id prefix',
  none: 'none',
};

/** The quadrants, those first that are searched for. */
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

/** Group of the problems whose row has no value in a column. */
const NO_VALUE = 'Without a value';

const DIGITS = '0123456789';
/** Separators between the parts of an id. */
const BETWEEN = '-_/.:# ';

/** A line of the list: the title of a group, or a problem by its index. */
export type ListItem = { kind: 'group'; title: string; count: number } | { kind: 'problem'; index: number };

type Value = number | string | null;

/** Largest first, but for ids and places in the file. */
const VALUES: Readonly<Record<ProblemOrder['sort'], { value(row: ProblemRow): Value; ascending?: true }>> = {
  // Without a reference it is the answer that changes.
  flipped: { value: ({ view }) => (view.verdict === 'unknown' ? view.since.answer : (view.flip?.since ?? null)) },
  share: { value: ({ view }) => view.share },
  gain: { value: shareGain },
  forecast: { value: ({ view }) => view.prediction?.right ?? null, ascending: true },
  id: { value: ({ problem }) => problem.id, ascending: true },
  file: { value: ({ problem }) => problem.index, ascending: true },
};

/** `a-9` before `a-10`. */
function compareTexts(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}

/**
 * @param rows at the latest step, so that problems keep their places while another step is selected
 * @param data columns of the dataset; problems without a value come last
 * @returns indices of the problems in list order, each with the title of its group
 */
export function ordered(
  rows: readonly ProblemRow[],
  { sort, grouping }: ProblemOrder,
  data: DataColumns = {},
): { index: number; group: string }[] {
  const { value, ascending } = VALUES[sort];
  const keyed = rows.map((row) => ({ row, key: value(row), group: groupOf(row, grouping, data) }));
  keyed.sort((a, b) => compare(a.key, b.key, ascending === true) || a.row.problem.index - b.row.problem.index);
  const groups =
    grouping === 'quadrant' ? QUADRANT_ORDER.map(([, title]) => title) : [...new Set(keyed.map(({ group }) => group))];
  if (grouping !== 'quadrant')
    groups.sort((a, b) => Number(a === NO_VALUE) - Number(b === NO_VALUE) || compareTexts(a, b));
  const places = new Map(groups.map((title, place) => [title, place]));
  keyed.sort((a, b) => places.get(a.group)! - places.get(b.group)!);
  return keyed.map(({ row, group }) => ({ index: row.problem.index, group }));
}

/**
 * The lines of the list: the matching problems, below the titles of their groups.
 * @param matching indices; null for all problems
 */
export function listItems(
  order: readonly { index: number; group: string }[],
  matching: ReadonlySet<number> | null,
): ListItem[] {
  const items: ListItem[] = [];
  let open: Extract<ListItem, { kind: 'group' }> | undefined;
  for (const { index, group } of order) {
    if (matching?.has(index) === false) continue;
    if (group !== '' && open?.title !== group) {
      open = { kind: 'group', title: group, count: 0 };
      items.push(open);
    }
    if (open) open.count++;
    items.push({ kind: 'problem', index });
  }
  return items;
}

/** Values that do not exist come last. */
function compare(a: Value, b: Value, ascending: boolean): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null);
  const order = typeof a === 'string' || typeof b === 'string' ? compareTexts(String(a), String(b)) : a - b;
  return ascending ? order : -order;
}

function groupOf({ problem, view }: ProblemRow, grouping: ProblemOrder['grouping'], data: DataColumns): string {
  const column = columnOf(grouping);
  if (column !== null) return data[column] ? (data[column][problem.index] ?? NO_VALUE) : '';
  if (grouping === 'none') return '';
  if (grouping === 'quadrant') return QUADRANT_ORDER.find(([quadrant]) => quadrant === view.quadrant)![1];
  // The part before the number, or the first part of a path.
  const { id } = problem;
  let end = id.length;
  while (end > 0 && DIGITS.includes(id[end - 1]!)) end--;
  while (end > 0 && BETWEEN.includes(id[end - 1]!)) end--;
  return id.slice(0, end) || id;
}

const COLUMN = 'column:';

/** The column of the dataset that problems are grouped by; null for another grouping. */
export function columnOf(grouping: ProblemOrder['grouping']): string | null {
  return grouping.startsWith(COLUMN) ? grouping.slice(COLUMN.length) : null;
}

/** What the problems can be grouped by, with titles: quadrants and ids, then columns of the dataset. */
export function groupings(data: DataColumns): [grouping: ProblemOrder['grouping'], title: string][] {
  return [
    ...PROBLEM_GROUPINGS.map((grouping): [ProblemOrder['grouping'], string] => [grouping, GROUPING_TITLES[grouping]]),
    ...Object.keys(data).map((name): [ProblemOrder['grouping'], string] => [`${COLUMN}${name}`, name]),
  ];
}
