/**
 * Collects the data for a page without a host, within a size: all columns of a run, and the most important rollouts.
 */
import { readPrompt } from '../journal/reader.ts';
import { toBytes } from '../messages/bytes.ts';
import { groupKey } from '../protocol/group-id.ts';
import type { RunColumns } from '../runs/columns.ts';
import type { InlinedRun } from '../runs/inlined-run.ts';
import { pack } from '../runs/packed.ts';
import type { GroupPage } from '../runs/panel-contract.ts';
import { problemView, viewBefore } from '../runs/problem-view.ts';
import { groupPage } from './group-page.ts';
import type { OpenRun } from './open-run.ts';

export interface Inlined {
  run: InlinedRun;
  /** Groups whose rollouts are in it, those whose rollouts cannot be read, and all. */
  groups: { taken: number; unreadable: number; all: number };
}

/**
 * @param run whose columns are read
 * @param bytes limit for the rollouts, before compression
 */
export async function inlineRun(run: OpenRun, bytes: number): Promise<Inlined> {
  const { columns, problems } = run;
  const rows = rowsByInterest(columns, problems.length);
  const groups: GroupPage[] = [];
  const prompts: InlinedRun['prompts'] = [];
  let [left, unreadable] = [bytes, 0];
  for (const row of rows) {
    const page = await groupPage(run, columns.idOf(row)).catch(() => null);
    if (!page) {
      unreadable++;
      continue;
    }
    left -= toBytes(page).length;
    if (left < 0) break;
    groups.push(page);
  }
  for (const { index } of problems) {
    const prompt = await readPrompt(run.folder, index).catch(() => null);
    if (!prompt) continue;
    left -= prompt.text.length;
    if (left < 0) break;
    prompts.push([index, prompt.text]);
  }
  const shown = {
    run: run.info,
    problems,
    progress: null,
    columns: pack(columns),
    loaded: 1,
    error: null,
    select: null,
  };
  return { run: { shown, groups, prompts }, groups: { taken: groups.length, unreadable, all: rows.length } };
}

/** Rows that count: of each problem the one at the end, the one before training, then the others, the latest first. */
function rowsByInterest(columns: RunColumns, problems: number): number[] {
  const all = Array.from({ length: problems }, (_, problem) => columns.rowsOf(problem));
  const first = all.flatMap((_, problem) => problemView(columns, problem).row ?? []);
  const before = all.flatMap((_, problem) => viewBefore(columns, problem, null).row ?? []);
  const { step } = columns.groups.columns;
  const rest = all.flat().sort((a, b) => step[b]! - step[a]! || a - b);
  const known = new Set<string>();
  return [...first, ...before, ...rest].filter((row) => {
    const key = groupKey(columns.idOf(row));
    return !known.has(key) && known.add(key);
  });
}
