/**
 * The writer of a run folder: what happens in a run becomes a record here. One writer for a run at a time. A frame is
 * written before the record that points to it.
 */
import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { RUN_FORMAT } from '../protocol/config.ts';
import { RollscopeError } from '../protocol/errors.ts';
import { type FramePointer, type GroupDetail, summarize } from '../protocol/group.ts';
import { type GroupRecord, JournalRecord, type NewRecord, type Problem, type Prompt } from '../protocol/records.ts';
import type { RunFile } from '../protocol/run-file.ts';
import { AppendFile } from '../system/append-file.ts';
import { isAside, writeAside } from '../system/aside.ts';
import { type Disk, onDisk, realDisk } from '../system/disk.ts';
import { makeFolder, syncFolder } from '../system/folders.ts';
import type { FileLock } from '../system/lock.ts';
import { type Checkpoint, pruneCheckpoints, removeCheckpoint, writeCheckpointFolder } from './checkpoints.ts';
import { parseLine } from './events.ts';
import { encodeFrame } from './frame.ts';
import { FrameStore } from './frame-store.ts';
import {
  checkpointPath,
  EVENTS_FILE,
  inRun,
  type JournalPosition,
  LOCK_FILE,
  PROBLEMS_FILE,
  PROMPTS_FILE,
  ROLLOUT_FILE_BYTES,
  RUN_FILE,
  rolloutFileName,
  runName,
  START,
} from './layout.ts';
import { lockRun } from './lock.ts';
import { readProblems, readPrompts, readRunFile } from './reader.ts';
import { type OpenedRun, type Recovery, recoverRun } from './recovery.ts';
import { firstDifference, isIncidental, REPLAY_DIVERGED, Replay } from './replay.ts';
import { describeIssues } from './tolerant.ts';

/** Seams for tests; a run uses the defaults. */
export interface JournalOptions {
  disk?: Disk;
  now?: () => Date;
  /** Largest size of a rollout file. */
  rolloutFileBytes?: number;
}

export type RecordListener = (record: JournalRecord) => void;

/** Contents of a run folder apart from its records. */
export interface RunContents {
  runFile: RunFile;
  problems: readonly Problem[];
  /** As the model got them, one per problem; null in a run of an older format. */
  prompts: readonly Prompt[] | null;
}

function freshRun(): OpenedRun {
  const nothing = { offsets: [], records: [], recorded: [], checkpoint: null, unusable: [], recovery: null };
  return { ...nothing, framesEnd: START.frames, completed: false };
}

export class Journal {
  /** What opening an interrupted run removed; null when nothing was torn. The caller writes a `recovered` record. */
  readonly recovery: Recovery | null;
  /** The checkpoint that the run resumes from; null: its start. */
  readonly checkpoint: Checkpoint | null;

  readonly #disk: Disk;
  readonly #now: () => Date;
  readonly #events: AppendFile;
  readonly #frames: FrameStore;
  /** Where each record begins in `events.jsonl`. */
  readonly #offsets: number[];
  readonly #listeners = new Set<RecordListener>();
  #replay: Replay | null;
  /** Written during the replay, behind the records that are still expected. */
  #incidental: NewRecord[] = [];
  #unusable: Checkpoint[];
  /** Records of checkpoints by step: each is recorded once, even if it is written again. */
  readonly #recorded = new Map<number, JournalRecord>();
  #closed = false;

  private constructor(
    readonly folder: string,
    private readonly contents: RunContents,
    private readonly lock: FileLock,
    opened: OpenedRun,
    options: JournalOptions,
  ) {
    this.#disk = options.disk ?? realDisk;
    this.#now = options.now ?? (() => new Date());
    this.recovery = opened.recovery;
    this.checkpoint = opened.checkpoint;
    this.#unusable = opened.unusable;
    this.#offsets = opened.offsets;
    this.#events = new AppendFile(inRun(folder, EVENTS_FILE), this.#disk);
    const position = opened.checkpoint?.position ?? START;
    const bytes = options.rolloutFileBytes ?? ROLLOUT_FILE_BYTES;
    this.#frames = new FrameStore(folder, position.frames, opened.framesEnd, this.#disk, bytes);
    this.#replay = new Replay(opened.records);
    for (const record of opened.recorded) this.#remember(record);
  }

  /**
   * Begins a run in a folder that is missing, empty, or what a process left that was killed before its run began.
   * Throws `usage` when it holds something, `disk` when it cannot be written; nothing of the run is left then.
   */
  static async create(
    folder: string,
    contents: RunContents & { prompts: readonly Prompt[] },
    options: JournalOptions = {},
  ): Promise<Journal> {
    const path = resolve(folder);
    const created = await onDisk(path, async () => makeFolder(path));
    await checkUnborn(path);
    const lock = await lockRun(path);
    const disk = options.disk ?? realDisk;
    let journal: Journal | undefined;
    try {
      await clearUnborn(path);
    } catch (error) {
      lock.release();
      throw error;
    }
    try {
      await writeWhole(inRun(path, PROBLEMS_FILE), jsonLines(contents.problems), disk);
      await writeWhole(inRun(path, PROMPTS_FILE), jsonLines(contents.prompts), disk);
      journal = new Journal(path, contents, lock, freshRun(), options);
      journal.#begin();
      // Last: a folder with a run.json is a run.
      await writeRunFile(path, contents.runFile, disk);
      await onDisk(path, () => syncFolder(path));
      return journal;
    } catch (error) {
      if (journal) journal.#closeFiles();
      lock.release();
      for (const name of await readdir(path)) await rm(inRun(path, name), { recursive: true, force: true });
      if (created) await rm(path, { recursive: true, force: true });
      throw error;
    }
  }

  /**
   * Opens an interrupted or stopped run to go on from its last checkpoint: `append` and `appendGroup` then recognize what
   * the run has recorded behind it, until there is no more. A run of an older format is one of today's from here on: what
   * it has recorded behind the checkpoint is made again. Throws `run-not-found`, `run-version`, `run-in-use`,
   * `run-broken`, `disk`, and `usage` for a completed run.
   */
  static async open(folder: string, options: JournalOptions = {}): Promise<Journal> {
    const path = resolve(folder);
    const { format, ...rest } = await readRunFile(path);
    const runFile: RunFile = { format: RUN_FORMAT, ...rest };
    const contents = { runFile, problems: await readProblems(path), prompts: await readPrompts(path) };
    const lock = await lockRun(path);
    let journal: Journal | undefined;
    try {
      const opened = await recoverRun(path, { remake: format < RUN_FORMAT });
      if (opened.completed) {
        const hint = 'To train further, start a new run with more steps.';
        throw new RollscopeError('usage', `The run ${runName(path)} is already complete.`, hint);
      }
      if (format < RUN_FORMAT) await writeRunFile(path, runFile, options.disk ?? realDisk);
      journal = new Journal(path, contents, lock, opened, options);
      journal.#begin();
      return journal;
    } catch (error) {
      if (journal) journal.#closeFiles();
      lock.release();
      throw error;
    }
  }

  /** The run's name: the folder's. */
  get run(): string {
    return runName(this.folder);
  }
  get runFile(): RunFile {
    return this.contents.runFile;
  }
  get problems(): readonly Problem[] {
    return this.contents.problems;
  }
  get prompts(): readonly Prompt[] | null {
    return this.contents.prompts;
  }

  /** Stores the prompts of a run whose format had none. */
  async writePrompts(prompts: readonly Prompt[]): Promise<void> {
    await writeWhole(inRun(this.folder, PROMPTS_FILE), jsonLines(prompts), this.#disk);
    this.contents.prompts = prompts;
  }

  /** Whether records are being recognized instead of written. */
  get replaying(): boolean {
    return this.#replay !== null;
  }

  /** Number of records in the journal. */
  get length(): number {
    return this.#offsets.length;
  }

  /** How far the run has come; behind `length` during a replay. A checkpoint keeps this. */
  position(): JournalPosition {
    return { nextSeq: this.#replay?.next?.seq ?? this.#offsets.length, frames: this.#frames.cursor };
  }

  /**
   * Records what happened and returns it with its number and time. During a replay: returns the record that is there
   * already; where that one differs it is dropped with all behind it, a warning `replay-diverged` is written, and the
   * run resumes from there. Throws `disk`; the journal is then unchanged.
   */
  append(record: NewRecord): JournalRecord {
    this.#assertOpen();
    const recorded = record.type === 'checkpoint' ? this.#recorded.get(record.step) : undefined;
    if (recorded) return recorded;
    const replay = this.#replay;
    if (!replay) return this.#write(record);
    if (isIncidental(record)) {
      const written = this.#write(record);
      this.#incidental.push(record);
      return written;
    }
    const known = replay.next!;
    const difference = firstDifference(known, record);
    if (difference) {
      this.#diverge(known, difference);
      return this.#write(record);
    }
    replay.advance();
    this.#endReplayWhenDone();
    return known;
  }

  /**
   * Stores a group's rollouts and records it. During a replay the stored ones are compared by length and checksum.
   * Throws `disk`; nothing is recorded then.
   */
  appendGroup(group: GroupDetail): GroupRecord {
    const frame = this.#placeFrame(encodeFrame(group));
    return this.append({ type: 'group', ...summarize(group), frame }) as GroupRecord;
  }

  #placeFrame(frame: Uint8Array): FramePointer {
    this.#assertOpen();
    let pointer = this.#frames.place(frame);
    if (!pointer && this.#replay?.next) {
      this.#diverge(this.#replay.next, 'the rollouts differ');
      pointer = this.#frames.place(frame);
    }
    if (!pointer) throw new Error('the rollout files changed while the run was being written');
    return pointer;
  }

  /** Returns when everything recorded so far is durable. */
  async sync(): Promise<void> {
    this.#assertOpen();
    await this.#frames.sync();
    await this.#events.sync();
  }

  /**
   * Writes `checkpoints/<step>`: `write` fills a folder aside, which is then made durable and renamed. Appends the
   * checkpoint's record and removes old checkpoints beyond `checkpoint.keep` of the configuration. `position` is where
   * the run stood when its weights were those that are written. Checkpoints that `keeps` names are not removed.
   */
  async writeCheckpoint(
    step: number,
    write: (folder: string) => Promise<void>,
    position: JournalPosition = this.position(),
    keeps: (step: number) => boolean = () => false,
  ): Promise<JournalRecord> {
    await this.sync();
    await writeCheckpointFolder(this.folder, step, position, write);
    this.#unusable = this.#unusable.filter((checkpoint) => checkpoint.step !== step);
    const record = this.append(checkpointRecord(step));
    await pruneCheckpoints(this.folder, step, this.runFile.config.checkpoint.keep, keeps);
    return record;
  }

  /**
   * Calls `listener` for every record that is written from now on (not for those recognized in a replay); returns how to
   * end that. After a divergence numbers come again: a record replaces an earlier one of its number and all behind it.
   */
  onRecord(listener: RecordListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** At most `limit` records from number `seq` on; also after `close`. */
  recordsFrom(seq: number, limit = Number.POSITIVE_INFINITY): JournalRecord[] {
    const start = this.#offsets[seq];
    if (start === undefined || limit <= 0) return [];
    const bytes = Buffer.alloc((this.#offsets[seq + limit] ?? this.#events.length) - start);
    const fd = openSync(this.#events.path, 'r');
    try {
      readSync(fd, bytes, 0, bytes.length, start);
    } finally {
      closeSync(fd);
    }
    const lines = bytes.toString().trimEnd().split('\n').map(parseLine);
    return lines.flatMap((line) => (typeof line === 'string' ? [] : (line.record ?? [])));
  }

  /** Makes everything durable and lets go of the folder. */
  async close(): Promise<void> {
    if (this.#closed) return;
    try {
      await this.sync();
    } finally {
      this.#closeFiles();
      this.lock.release();
    }
  }

  #begin(): void {
    // The kill may have come between a checkpoint and its record.
    if (this.checkpoint) this.append(checkpointRecord(this.checkpoint.step));
    this.#endReplayWhenDone();
  }

  #closeFiles(): void {
    this.#closed = true;
    this.#frames.close();
    this.#events.close();
  }

  #write(record: NewRecord): JournalRecord {
    const { type, ...rest } = record;
    const full = { type, seq: this.#offsets.length, time: this.#now().toISOString(), ...rest } as JournalRecord;
    // What is written must be readable: JSON would turn a NaN into null.
    const checked = JournalRecord.safeParse(full);
    if (!checked.success) throw new Error(`a ${type} record is not valid: ${describeIssues(checked.error)}`);
    this.#offsets.push(this.#events.append(Buffer.from(`${JSON.stringify(full)}\n`)));
    this.#remember(full);
    for (const listener of this.#listeners) listener(full);
    return full;
  }

  #remember(record: JournalRecord): void {
    if (record.type === 'checkpoint') this.#recorded.set(record.step, record);
  }

  #endReplayWhenDone(): void {
    if (this.#replay?.next) return;
    this.#replay = null;
    this.#incidental = [];
  }

  #diverge(at: JournalRecord, difference: string): void {
    this.#events.truncate(this.#offsets[at.seq]!);
    this.#offsets.length = at.seq;
    this.#frames.cut();
    for (const checkpoint of this.#unusable) removeCheckpoint(checkpoint);
    this.#unusable = [];
    for (const [step, { seq }] of this.#recorded) if (seq >= at.seq) this.#recorded.delete(step);
    const incidental = this.#incidental;
    this.#replay = null;
    this.#incidental = [];
    for (const record of incidental) this.#write(record);
    this.#write({
      type: 'warning',
      code: REPLAY_DIVERGED,
      message:
        `Replaying the run from ${this.checkpoint ? `step ${this.checkpoint.step}` : 'its start'} gave a different ` +
        `result than before (${at.type} record ${at.seq}: ${difference}). Records from that point on were replaced. ` +
        'Other devices, machines or versions give slightly different numbers.',
      step: 'step' in at ? at.step : null,
      problem: 'problem' in at ? at.problem : null,
    });
  }

  #assertOpen(): void {
    if (this.#closed) throw new Error('the journal is closed');
  }
}

/** Whether `create` writes a file of this name before `run.json`; events and rollouts are empty then. */
function isUnborn(name: string): boolean {
  if ([LOCK_FILE, PROBLEMS_FILE, PROMPTS_FILE, EVENTS_FILE, rolloutFileName(0)].includes(name)) return true;
  return [PROBLEMS_FILE, PROMPTS_FILE, RUN_FILE].some((file) => isAside(name, file));
}

/** Throws `usage` where a folder holds more than what a process leaves that is killed before its run has begun. */
async function checkUnborn(folder: string): Promise<void> {
  const names = await readdir(folder);
  const isEmpty = (name: string) => statSync(inRun(folder, name), { throwIfNoEntry: false })?.size === 0;
  const filled = [EVENTS_FILE, rolloutFileName(0)].filter((name) => names.includes(name) && !isEmpty(name));
  if (filled.length === 0 && names.every(isUnborn)) return;
  throw new RollscopeError(
    'usage',
    `The folder ${folder} exists and is not empty.`,
    'Choose another folder, or resume the run in this one.',
  );
}

/** Empties such a folder, but for the lock, which is held. */
async function clearUnborn(folder: string): Promise<void> {
  await checkUnborn(folder);
  for (const name of await readdir(folder)) if (name !== LOCK_FILE) await rm(inRun(folder, name), { force: true });
}

function checkpointRecord(step: number): NewRecord {
  return { type: 'checkpoint', step, path: checkpointPath(step) };
}

function jsonLines(items: readonly object[]): string {
  return items.map((item) => `${JSON.stringify(item)}\n`).join('');
}

async function writeRunFile(folder: string, runFile: RunFile, disk: Disk): Promise<void> {
  await writeWhole(inRun(folder, RUN_FILE), `${JSON.stringify(runFile, null, 2)}\n`, disk);
}

async function writeWhole(path: string, text: string, disk: Disk): Promise<void> {
  await writeAside(path, async (aside) => {
    const file = new AppendFile(aside, disk);
    try {
      file.append(Buffer.from(text));
      await file.sync();
    } finally {
      file.close();
    }
  });
}
