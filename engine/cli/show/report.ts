/** A run as a report in Markdown. */
import { runName } from '../../journal/layout.ts';
import { liveWriter } from '../../journal/lock.ts';
import { readRunFile } from '../../journal/reader.ts';
import type { Problem } from '../../protocol/problem.ts';
import type { RunColumns } from '../../runs/columns.ts';
import { reportMarkdown } from '../../runs/report-text.ts';
import { runInfo } from '../../runs/run-info.ts';
import { statusOf } from '../../runs/run-status.ts';
import type { Output } from '../output.ts';

/** Prints the report; with `--json` it is the field `markdown`. */
export async function showReport(
  output: Output,
  { folder, problems, columns }: { folder: string; problems: readonly Problem[]; columns: RunColumns },
): Promise<void> {
  const { head, step } = columns;
  const { evaluations, skipped, warnings } = head;
  const status = statusOf(head, liveWriter(folder) !== null);
  const run = { run: runName(folder), folder, step, status, evaluations, skipped, warnings, fault: null };
  const markdown = reportMarkdown({ info: runInfo(await readRunFile(folder), run), problems, columns });
  output.print(markdown);
  output.result({ folder, markdown });
}
