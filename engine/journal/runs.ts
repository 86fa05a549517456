/** The list of runs, from each run's configuration and the two ends of its events. */
import { existsSync } from 'node:fs';
import { type FileHandle, open, readdir, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { RollscopeError, toErrorData } from '../protocol/errors.ts';
import type { JournalRecord } from '../protocol/records.ts';
import type { ListedRun, RunInfo } from '../protocol/rpc.ts';
import { parseLine, repairHint } from './events.ts';
import { EVENTS_FILE, inRun, PROBLEMS_FILE, RUN_FILE, runName } from './layout.ts';
import { liveWriter } from './lock.ts';
import { readRunFile } from './reader.ts';

const CHUNK = 256 * 2 ** 10;
/** How far the search for an evaluation goes from either end of `events.jsonl`. */
const FAR = 16 * 2 ** 20;
/** Runs read at the same time. */
const PARALLEL = 8;

/**
 * The runs in a folder of runs, newest first. One that cannot be read is listed with the reason; a folder without
 * `run.json` is no run. Throws `usage` for a root that is not a folder or may not be read.
 */
export async function listRuns(root: string): Promise<ListedRun[]> {
  const entries = await readdir(root, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    const what = error.code === 'ENOTDIR' ? 'is not a folder' : `cannot be read (${error.code ?? error.message})`;
    throw new RollscopeError('usage', `${root} ${what}.`, 'Give the folder that contains the runs.', { cause: error });
  });
  const folders = entries.filter((entry) => !entry.isFile()).map((entry) => join(root, entry.name));
  const runs: ListedRun[] = [];
  const worker = async () => {
    for (let folder = folders.pop(); folder; folder = folders.pop()) {
      const found = await listedRun(folder);
      if (found) runs.push(found);
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, worker));
  return runs.sort((a, b) => b.created.localeCompare(a.created) || a.run.localeCompare(b.run));
}

/** The runs of a list that can be read. */
export function readableRuns(runs: readonly ListedRun[]): RunInfo[] {
  return runs.filter((run): run is RunInfo => run.status !== 'unreadable');
}

async function listedRun(folder: string): Promise<ListedRun | null> {
  try {
    return await readRunInfo(folder);
  } catch (error) {
    if (error instanceof RollscopeError && error.code === 'run-not-found' && !existsSync(inRun(folder, RUN_FILE))) {
      return null;
    }
    const created = await createdOf(folder);
    return { run: runName(folder), folder, created, status: 'unreadable', error: toErrorData(error) };
  }
}

/** When an unreadable run was begun, as far as can be told. */
async function createdOf(folder: string): Promise<string> {
  try {
    const { created } = JSON.parse(await readFile(inRun(folder, RUN_FILE), 'utf8')) as { created?: unknown };
    if (typeof created === 'string') return created;
  } catch {
    // Then the folder's own time has to do.
  }
  return (await stat(folder)).mtime.toISOString();
}

/** One line about a run. Throws as `readRunFile` does, and `run-broken` where what it looks at cannot be read. */
export async function readRunInfo(folder: string): Promise<RunInfo> {
  const { created, config } = await readRunFile(folder);
  for (const name of [PROBLEMS_FILE, EVENTS_FILE]) {
    if (existsSync(inRun(folder, name))) continue;
    throw new RollscopeError('run-broken', `${inRun(folder, name)} is missing.`, 'Restore it from a backup.');
  }
  const writing = liveWriter(folder) !== null;
  const { first, last, step, lastEvaluation } = await readEnds(folder);
  const ended = last?.type === 'end' ? last.reason : 'interrupted';
  return {
    run: runName(folder),
    folder,
    created,
    job: config.job,
    model: config.model,
    dataset: config.dataset.path,
    reward: config.reward,
    step: step?.type === 'step' ? step.step : 0,
    steps: config.job === 'probe' ? 0 : config.steps,
    status: writing ? 'running' : ended,
    accuracyBefore: accuracy(first, (at) => at === 0),
    accuracyAfter: accuracy(lastEvaluation, (at) => at > 0),
  };
}

interface Ends {
  /** First evaluation, when it comes before the first step. */
  first: JournalRecord | null;
  lastEvaluation: JournalRecord | null;
  step: JournalRecord | null;
  /** Last whole record. */
  last: JournalRecord | null;
}

async function readEnds(folder: string): Promise<Ends> {
  const path = inRun(folder, EVENTS_FILE);
  const handle = await open(path, 'r');
  try {
    return { first: await readStart(handle, path), ...(await readEnd(handle, path)) };
  } finally {
    await handle.close();
  }
}

async function readStart(handle: FileHandle, path: string): Promise<JournalRecord | null> {
  for await (const line of linesForward(handle)) {
    if (isType(line, 'step')) return null;
    if (isType(line, 'evaluation')) return parse(line, path);
  }
  return null;
}

async function readEnd(handle: FileHandle, path: string): Promise<Omit<Ends, 'first'>> {
  const ends: Omit<Ends, 'first'> = { lastEvaluation: null, step: null, last: null };
  let unfinished: string | null = null;
  for await (const line of linesBackward(handle)) {
    if (!ends.last) {
      // A kill may leave broken lines at the very end; records of newer types say nothing here.
      const parsed = parseLine(line.toString());
      if (typeof parsed === 'string') unfinished ??= parsed;
      else ends.last = parsed.record;
    }
    if (!ends.lastEvaluation && isType(line, 'evaluation')) ends.lastEvaluation = parse(line, path);
    if (!ends.step && isType(line, 'step')) ends.step = parse(line, path);
    // The evaluation at the start, or the end of the search.
    if (ends.step && ends.lastEvaluation) break;
  }
  if (!ends.last && unfinished !== null) throw brokenRun(path, unfinished);
  return ends;
}

function brokenRun(path: string, what: string): RollscopeError {
  return new RollscopeError('run-broken', `${path}: ${what}.`, repairHint(dirname(path)));
}

function accuracy(record: JournalRecord | null, at: (step: number) => boolean): number | null {
  return record?.type === 'evaluation' && at(record.step) ? (record.accuracy?.mean ?? null) : null;
}

/** The journal writes the type first, so that a line can be told without parsing it. */
function isType(line: Buffer, type: JournalRecord['type']): boolean {
  const prefix = `{"type":"${type}"`;
  return line.subarray(0, prefix.length).toString('latin1') === prefix;
}

function parse(line: Buffer, path: string): JournalRecord | null {
  const parsed = parseLine(line.toString());
  if (typeof parsed === 'string') throw brokenRun(path, parsed);
  return parsed.record;
}

async function* linesForward(handle: FileHandle): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0);
  for (let position = 0; position < FAR; ) {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(CHUNK), 0, CHUNK, position);
    if (bytesRead === 0) return;
    position += bytesRead;
    const bytes = Buffer.concat([rest, buffer.subarray(0, bytesRead)]);
    let begin = 0;
    for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, begin)) {
      yield bytes.subarray(begin, at);
      begin = at + 1;
    }
    rest = bytes.subarray(begin);
  }
}

/** Whole lines, last first. */
async function* linesBackward(handle: FileHandle): AsyncGenerator<Buffer> {
  const { size } = await handle.stat();
  const stop = Math.max(0, size - FAR);
  let rest: Buffer = Buffer.alloc(0);
  // What stands behind the last newline is not a whole line.
  let whole = false;
  for (let position = size; position > stop; ) {
    const length = Math.min(CHUNK, position - stop);
    position -= length;
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, position);
    const bytes = Buffer.concat([buffer.subarray(0, bytesRead), rest]);
    let end = bytes.length;
    for (let at = bytes.lastIndexOf(10); at >= 0; at = end > 0 ? bytes.lastIndexOf(10, end - 1) : -1) {
      if (whole) yield bytes.subarray(at + 1, end);
      whole = true;
      end = at;
    }
    rest = bytes.subarray(0, end);
  }
  if (stop === 0 && whole) yield rest;
}
