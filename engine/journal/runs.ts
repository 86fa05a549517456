/** The list of runs, from each run's configuration and the two ends of its events. */
import { type FileHandle, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { RollscopeError } from '../protocol/errors.ts';
import { JournalRecord } from '../protocol/records.ts';
import type { RunInfo } from '../protocol/rpc.ts';
import { EVENTS_FILE, inRun } from './layout.ts';
import { liveWriter } from './lock.ts';
import { readRunFile } from './reader.ts';

const CHUNK = 256 * 2 ** 10;
/** How far the search for an evaluation goes from either end of `events.jsonl`. */
const FAR = 16 * 2 ** 20;
/** Runs read at the same time. */
const PARALLEL = 8;

/**
 * The runs in a folder of runs, newest first. Folders that are not runs, or that cannot be read, are left out. Throws
 * `usage` for a root that is no folder or may not be read.
 */
export async function listRuns(root: string): Promise<RunInfo[]> {
  const entries = await readdir(root, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    const what = error.code === 'ENOTDIR' ? 'is no folder' : `cannot be read (${error.code ?? error.message})`;
    throw new RollscopeError('usage', `${root} ${what}.`, 'Name the folder that holds the runs.', { cause: error });
  });
  const folders = entries.filter((entry) => !entry.isFile()).map((entry) => join(root, entry.name));
  const runs: RunInfo[] = [];
  const worker = async () => {
    for (let folder = folders.pop(); folder; folder = folders.pop()) {
      const info = await readRunInfo(folder).catch((error) => {
        if (error instanceof RollscopeError) return null;
        throw error;
      });
      if (info) runs.push(info);
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, worker));
  return runs.sort((a, b) => b.created.localeCompare(a.created) || a.run.localeCompare(b.run));
}

/** One line about a run. Throws as `readRunFile` does. */
export async function readRunInfo(folder: string): Promise<RunInfo> {
  const { run, created, config } = await readRunFile(folder);
  const writing = liveWriter(folder) !== null;
  const { first, last, step, lastEvaluation } = await readEnds(folder);
  const ended = last?.type === 'end' ? last.reason : 'interrupted';
  return {
    run,
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
  const ends: Ends = { first: null, lastEvaluation: null, step: null, last: null };
  const handle = await open(inRun(folder, EVENTS_FILE), 'r').catch(() => null);
  if (!handle) return ends;
  try {
    for await (const line of linesForward(handle)) {
      if (isType(line, 'step')) break;
      if (!isType(line, 'evaluation')) continue;
      ends.first = parse(line);
      break;
    }
    for await (const line of linesBackward(handle)) {
      ends.last ??= parse(line);
      if (!ends.lastEvaluation && isType(line, 'evaluation')) ends.lastEvaluation = parse(line);
      if (!ends.step && isType(line, 'step')) ends.step = parse(line);
      // The evaluation at the start, or the end of the search.
      if (ends.step && ends.lastEvaluation) break;
    }
  } finally {
    await handle.close();
  }
  return ends;
}

function accuracy(record: JournalRecord | null, at: (step: number) => boolean): number | null {
  return record?.type === 'evaluation' && at(record.step) ? (record.accuracy?.mean ?? null) : null;
}

/** The journal writes the type first, so that a line can be told without parsing it. */
function isType(line: Buffer, type: JournalRecord['type']): boolean {
  const prefix = `{"type":"${type}"`;
  return line.subarray(0, prefix.length).toString('latin1') === prefix;
}

function parse(line: Buffer): JournalRecord | null {
  try {
    return JournalRecord.safeParse(JSON.parse(line.toString())).data ?? null;
  } catch {
    return null;
  }
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
