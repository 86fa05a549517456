/**
 * Columns in transit to a view or a file: plain objects of typed arrays that can be copied between threads. A view gets
 * everything once, and then what is new since its mark. Pure.
 */
import { RunColumns } from './columns.ts';
import type { Head } from './head.ts';
import type { PackedSeries } from './series.ts';
import type { PackedTable } from './table.ts';

/** How much of some columns the receiver has. */
export interface ColumnsMark {
  epoch: number;
  groups: number;
  clusters: number;
  updates: number;
  texts: number;
  steps: number;
  head: Head;
}

export interface PackedColumns {
  /** true for everything, which replaces what the receiver has; false for what follows it. */
  whole: boolean;
  seq: number;
  step: number;
  groups: PackedTable;
  clusters: PackedTable;
  updates: PackedTable;
  texts: string[];
  series: PackedSeries;
  /** Absent when it is as it was. */
  head?: Head;
}

/** The mark of a view that has everything up to now. */
export function markOf(columns: RunColumns): ColumnsMark {
  return {
    epoch: columns.epoch,
    groups: columns.groups.length,
    clusters: columns.clusters.length,
    updates: columns.updates.length,
    texts: columns.texts.length,
    steps: columns.series.steps.length,
    head: columns.head,
  };
}

/** Everything, or what is new since a mark; everything again if rows that the receiver has no longer count. */
export function pack(columns: RunColumns, since: ColumnsMark | null = null): PackedColumns {
  const from = since?.epoch === columns.epoch ? since : null;
  return {
    whole: from === null,
    seq: columns.seq,
    step: columns.step,
    groups: columns.groups.pack(from?.groups),
    clusters: columns.clusters.pack(from?.clusters),
    updates: columns.updates.pack(from?.updates),
    texts: columns.texts.pack(from?.texts),
    series: columns.series.pack(from?.steps),
    ...(from?.head !== columns.head && { head: columns.head }),
  };
}

/** Everything, with the tables of the columns themselves instead of copies: to be read before the columns change. */
export function viewOf(columns: RunColumns): PackedColumns {
  const { seq, step, head, texts, series, groups, clusters, updates } = columns;
  const tables = { groups: groups.view(), clusters: clusters.view(), updates: updates.view() };
  return { whole: true, seq, step, head, ...tables, texts: texts.pack(), series: series.pack() };
}

/** Columns made of packed ones that contain everything; takes over their tables instead of copying them. */
export function adopt(packed: PackedColumns): RunColumns {
  const columns = new RunColumns();
  columns.groups.adopt(packed.groups);
  columns.clusters.adopt(packed.clusters);
  columns.updates.adopt(packed.updates);
  return withRest(columns, packed, 0);
}

/** The columns after packed ones have arrived: new columns if they contain everything, otherwise the extended ones. */
export function unpack(packed: PackedColumns, known: RunColumns | null): RunColumns {
  const columns = packed.whole || !known ? new RunColumns() : known;
  const first = columns.groups.length;
  columns.groups.append(packed.groups);
  columns.clusters.append(packed.clusters);
  columns.updates.append(packed.updates);
  return withRest(columns, packed, first);
}

/** @param first row of the groups that are new */
function withRest(columns: RunColumns, packed: PackedColumns, first: number): RunColumns {
  columns.texts.append(packed.texts);
  columns.series.append(packed.series);
  columns.seq = packed.seq;
  columns.step = packed.step;
  if (packed.head) columns.head = packed.head;
  columns.indexRows(first);
  return columns;
}
