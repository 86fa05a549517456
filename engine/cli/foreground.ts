/**
 * A run in the foreground of a terminal: the engine runs in this process and also listens on its socket, so that the
 * editor can attach. Progress goes to stderr; Ctrl+C stops with a checkpoint, a second one immediately.
 */
import path from 'node:path';
import { RollscopeError } from '../protocol/errors.ts';
import type { EndRecord, JournalRecord } from '../protocol/records.ts';
import { shellWord } from '../protocol/texts.ts';
import { RunColumns } from '../runs/columns.ts';
import { fold } from '../runs/fold.ts';
import type { RunHandle } from '../server/job.ts';
import type { EngineServer } from '../server/server.ts';
import { END_SIGNALS, endAtOnce, endBy } from '../system/signals.ts';
import { type EngineChoices, listenIfPossible, PREPARATION_TIMEOUT_MS, serverOptions } from './engine.ts';
import { EXIT, type Output, printError } from './output.ts';
import { ProgressView } from './progress.ts';

const STOPPING = 'Stopping with a checkpoint. Press Ctrl+C again to stop immediately.';
/** Records per read. */
const PAGE = 5000;

export interface Finished {
  handle: RunHandle;
  end: EndRecord;
  /** All records, aggregated. */
  columns: RunColumns;
  /** Seconds since the command started, including model loading. */
  seconds: number;
}

/**
 * Runs until the end.
 * @param begin starts or resumes the run on this process's engine
 * @throws RollscopeError if the run cannot start, `canceled` if the user cancels before it starts
 */
export async function runInForeground(
  output: Output,
  places: Pick<EngineChoices, 'home' | 'runsFolder'>,
  begin: (engine: EngineServer, signal: AbortSignal) => Promise<RunHandle>,
): Promise<Finished> {
  const started = performance.now();
  const choices = { ...places, endsWhenIdle: false, whenAlone: 'continue', grace: 0 } as const;
  let engine: EngineServer | null = null;
  const view = new ProgressView(process.stderr);
  const giveUp = new AbortController();
  let handle: RunHandle | null = null;
  let interrupted = false;
  let impatient: NodeJS.Timeout | undefined;
  const interrupt = (signal: NodeJS.Signals) => {
    if (interrupted) {
      view.end();
      output.note('Stopped immediately.');
      engine?.withdraw();
      // The worker may be inside a compute call, which cannot be interrupted.
      endAtOnce();
      return;
    }
    interrupted = true;
    view.note(handle ? `${signal === 'SIGINT' ? '' : `${signal}: `}${handle.stopNote ?? STOPPING}` : 'Canceling.');
    giveUp.abort();
    if (!handle) {
      impatient = setTimeout(() => {
        view.end();
        printError(notStarted(), output.json);
        engine?.withdraw();
        endBy(signal);
      }, PREPARATION_TIMEOUT_MS);
    }
    handle?.stop().catch((error: unknown) => view.note(`warning: ${(error as Error).message}`));
  };
  for (const signal of END_SIGNALS) process.on(signal, interrupt);
  try {
    engine = await listenIfPossible(serverOptions(choices), (text) => output.note(text));
    const begun = new Date().toISOString();
    handle = await begin(engine, giveUp.signal);
    clearTimeout(impatient);
    output.note(`Run folder: ${handle.folder}`);
    // Records from the preparation: warnings about the dataset, records removed by recovery.
    let live = Number.POSITIVE_INFINITY;
    const stopListening = [
      handle.onRecord((record) => {
        live = Math.min(live, record.seq);
        view.record(record);
      }),
      handle.onProgress((progress) => view.progress(progress)),
    ];
    for await (const record of recordsOf(handle)) {
      if (record.seq >= live) break;
      if (record.time >= begun) view.record(record);
    }
    // The user may have canceled just as the run became ready.
    if (giveUp.signal.aborted) {
      view.note(handle.stopNote ?? STOPPING);
      await handle.stop();
    }
    const end = await handle.done;
    for (const stop of stopListening) stop();
    view.end();
    const columns = await columnsOf(handle, end);
    return { handle, end, columns, seconds: (performance.now() - started) / 1000 };
  } catch (error) {
    if (giveUp.signal.aborted && !handle) throw notStarted();
    throw error;
  } finally {
    view.end();
    await engine?.shutdown();
    clearTimeout(impatient);
    for (const signal of END_SIGNALS) process.off(signal, interrupt);
  }
}

function notStarted(): RollscopeError {
  const details = { reason: 'not-started' };
  return new RollscopeError('canceled', 'Canceled before the run started.', undefined, { details });
}

/** All records, aggregated; empty if the run failed because its folder is gone. */
async function columnsOf(handle: RunHandle, end: EndRecord): Promise<RunColumns> {
  const columns = new RunColumns();
  try {
    for await (const record of recordsOf(handle)) fold(columns, record);
  } catch (error) {
    if (end.reason !== 'failed') throw error;
  }
  return columns;
}

/** All records of a run, read in pages, since a long run may have too many for memory. */
async function* recordsOf(handle: RunHandle): AsyncGenerator<JournalRecord> {
  for (let from = 0; ; ) {
    const page = await handle.records(from, PAGE);
    yield* page;
    if (page.length < PAGE) return;
    from = page.at(-1)!.seq + 1;
  }
}

/** The exit code of a run; prints how it ended unless it completed. */
export function reportEnd(output: Output, { handle, end }: Finished, usualFolder: string): number {
  if (end.reason === 'completed') return EXIT.ok;
  const resume = `Resume with: rollscope resume ${runReference(handle, usualFolder)}`;
  if (end.reason === 'stopped') {
    output.print(`Stopped at step ${end.step}. ${resume}`);
    return EXIT.stopped;
  }
  output.note(`error: ${end.error?.message ?? 'The run failed.'}`);
  output.note(`hint: ${end.error?.hint ?? resume}`);
  return EXIT.failed;
}

/** The run argument for another command: the name suffices in the default runs folder. */
export function runReference({ run, folder }: Pick<RunHandle, 'run' | 'folder'>, usualFolder: string): string {
  return shellWord(folder === path.join(usualFolder, run) ? run : folder);
}
