/** `rollscope statistics`: computes token statistics that the trainer of an imported run did not record, with a model. */
import { readImportState, writeImportState } from '../../journal/import-state.ts';
import { openJournalAtEnd } from '../../journal/open.ts';
import { readRunFile } from '../../journal/reader.ts';
import { RollscopeError } from '../../protocol/index.ts';
import { openColumns } from '../../runs/open.ts';
import { interruptible } from '../interruptible.ts';
import { EXIT, Output } from '../output.ts';
import { placesOf } from '../places.ts';
import { findRun } from '../runs.ts';
import { computeStatistics, openReader, printStatistics, type StatisticsOptions } from '../statistics/command.ts';

interface StatisticsCommandOptions extends StatisticsOptions {
  scoreWith: string;
  progress?: boolean;
  out?: string;
  json?: boolean;
}

/**
 * Exit code 0, or 3 if stopped: results so far are kept. Only for imported runs; throws `usage` for others.
 */
export async function statistics(run: string, options: StatisticsCommandOptions): Promise<number> {
  const output = new Output(options.json === true);
  const { runsFolder } = await placesOf(options.out);
  const folder = await findRun(run, runsFolder);
  const { config } = await readRunFile(folder);
  if (config) throw recorded(folder);
  const lines = options.progress === true;
  const hint = 'Stopping. What was computed is kept. Press Ctrl+C again to stop immediately.';
  const report = await interruptible(output, { hint, lines }, async (signal) => {
    const reader = await openReader(options, signal);
    try {
      const { end } = (await openColumns(folder)).head;
      const journal = await openJournalAtEnd(folder);
      const note = async () => {
        await journal.sync();
        // A continued import starts after the computed statistics.
        const state = await readImportState(folder);
        if (state) await writeImportState(folder, { ...state, position: journal.position() });
      };
      try {
        const found = await computeStatistics(output, { folder, journal, reader }, { ...options, lines, note, signal });
        // The end record must stay last.
        if (end) journal.append({ type: 'end', reason: end.reason, step: end.step });
        printStatistics(output, found, reader);
        return { ...found, by: reader.scoredBy };
      } finally {
        await journal.close();
      }
    } finally {
      await reader.release();
    }
  });
  if (report.stopped) output.print('Stopped. To compute the rest, run the same command again.');
  output.result({ folder, ...report });
  return report.stopped ? EXIT.stopped : EXIT.ok;
}

function recorded(folder: string): RollscopeError {
  return new RollscopeError(
    'usage',
    `${folder} was trained by Rollscope, which records token statistics while it samples.`,
    'Choose an imported run.',
    { details: { reason: 'statistics-recorded', folder } },
  );
}
