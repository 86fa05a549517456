/**
 * The writer of a run folder: what happens in a run becomes a record here, or is recognized as one that is there when the
 * run is repeated from a checkpoint. One writer for a run at a time. A frame is written before the record that points to
 * it.
 */
import { closeSync, openSync, readSync } from 'node:fs';
import type { FramePointer, GroupDetail, GroupSummary, ScoredBy } from '../protocol/group.ts';
import { groupSummary } from '../protocol/group-facts.ts';
import type { Problem, Prompt } from '../protocol/problem.ts';
import { type GroupRecord, JournalRecord, type NewRecord, type RecordOf } from '../protocol/records.ts';
import { type RunFile, requireOwnConfig } from '../protocol/run-file.ts';
import { AppendFile } from '../system/append-file.ts';
import { type Disk, realDisk } from '../system/disk.ts';
import type { FileLock } from '../system/lock.ts';
import { type Checkpoint, pruneCheckpoints, removeCheckpoint, writeCheckpointFolder } from './checkpoints.ts';
import { GrowingProblems, type RunContents, writePrompts } from './contents.ts';
import { parseLine } from './events.ts';
import { encodeFrame } from './frame.ts';
import { FrameStore } from './frame-store.ts';
import { checkpointPath, EVENTS_FILE, inRun, type JournalPosition, ROLLOUT_FILE_BYTES, runName } from './layout.ts';
import type { OpenedRun, Recovery } from './recovery.ts';
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

/** An open run folder with its lock. The caller that opens it closes it; writing throws RollscopeError `disk`. */
export class Journal {
  /**
   * What opening an interrupted run removed; null if nothing was incomplete. The caller writes a `recovered` record.
   */
  readonly recovery: Recovery | null;
  /** The checkpoint that the run resumes from; null: its start. */
  readonly checkpoint: Checkpoint | null;

  readonly #disk: Disk;
  readonly #now: () => Date;
  readonly #events: AppendFile;
  readonly #frames: FrameStore;
  /** The byte at which each record begins in `events.jsonl`. */
  readonly #offsets: number[];
  readonly #listeners = new Set<RecordListener>();
  #problems: GrowingProblems | null = null;
  #replay: Replay | null;
  /** Written during the replay, after the records that are still expected. */
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
    const bytes = options.rolloutFileBytes ?? ROLLOUT_FILE_BYTES;
    this.#frames = new FrameStore(folder, opened.position.frames, opened.framesEnd, this.#disk, bytes);
    this.#replay = new Replay(opened.records);
    for (const record of opened.recorded) this.#remember(record);
  }

  /**
   * The writer of a run whose lock is held; it is released when the writer closes. Throws `disk`, and has let go of
   * everything but the lock then.
   */
  static begin(
    folder: string,
    contents: RunContents,
    lock: FileLock,
    opened: OpenedRun,
    options: JournalOptions,
  ): Journal {
    const journal = new Journal(folder, contents, lock, opened, options);
    try {
      // The kill may have come between a checkpoint and its record.
      if (journal.checkpoint) journal.append(checkpointRecord(journal.checkpoint.step));
      journal.#endReplayWhenDone();
    } catch (error) {
      journal.abandon();
      throw error;
    }
    return journal;
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
    await writePrompts(this.folder, prompts, this.#disk);
    this.contents.prompts = prompts;
  }

  /** Adds problems to a run that is imported, with the prompts that the model got for them, before the first group that names them. Throws `disk`. */
  appendProblems(problems: readonly Problem[], prompts: readonly Prompt[], total: number): void {
    this.#assertOpen();
    this.#problems ??= new GrowingProblems(this.folder, this.#disk);
    this.#problems.append(problems, prompts);
    this.append({ type: 'problems', total });
  }

  /** Number of records in the journal. */
  get length(): number {
    return this.#offsets.length;
  }

  /** The position of the run; during a replay, after `length`. Checkpoints store it. */
  position(): JournalPosition {
    return { nextSeq: this.#replay?.next?.seq ?? this.#offsets.length, frames: this.#frames.cursor };
  }

  /**
   * Records what happened and returns it with its number and time. During a replay: returns the record that is there
   * already; where that one differs it is dropped with all after it, a warning `replay-diverged` is written, and the
   * run resumes from there. Throws `disk`; the journal is then unchanged.
   */
  append<T extends JournalRecord['type']>(record: { type: T } & Extract<NewRecord, { type: T }>): RecordOf<T>;
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
    return this.appendEncoded(groupSummary(group), encodeFrame(group));
  }

  /** The same for a group that was encoded elsewhere. */
  appendEncoded(summary: GroupSummary, encoded: Uint8Array): GroupRecord {
    const frame = this.#placeFrame(encoded);
    return this.append({ type: 'group', ...summary, frame });
  }

  /**
   * Stores a group again, with token statistics that were computed afterwards. Returns its place. Throws `disk`;
   * nothing is recorded then.
   */
  appendStatistics(group: GroupDetail & { scoredBy: ScoredBy }): FramePointer {
    const { phase, step, problem, scoredBy, majority } = group;
    const { tokens, logprob, entropy } = groupSummary(group).means;
    const frame = this.#placeFrame(encodeFrame(group));
    this.append({
      type: 'statistics',
      ...{ phase, step, problem, by: scoredBy },
      means: { tokens, logprob, entropy },
      majorityLogprob: majority?.logprob ?? null,
      frame,
    });
    return frame;
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
    await this.#problems?.sync();
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
    const { checkpoint } = requireOwnConfig(this.runFile, 'A checkpoint', 'Imported runs have no checkpoints here.');
    await pruneCheckpoints(this.folder, step, checkpoint.keep, keeps);
    return record;
  }

  /**
   * Calls `listener` for every record that is written from now on (not for those recognized in a replay); returns how to
   * end that. After a divergence numbers come again: a record replaces an earlier one of its number and all after it.
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

  /** `limit` records from number `seq` on, fewer only at the end: numbers of unknown records are skipped. */
  pageFrom(seq: number, limit: number): JournalRecord[] {
    const found: JournalRecord[] = [];
    for (let at = seq; at < this.length && found.length < limit; ) {
      const many = limit - found.length;
      found.push(...this.recordsFrom(at, many));
      at += many;
    }
    return found;
  }

  /** Makes everything durable and lets go of the folder. */
  async close(): Promise<void> {
    if (this.#closed) return;
    try {
      await this.sync();
    } finally {
      this.abandon();
      this.lock.release();
    }
  }

  /** Closes the files and does nothing else, for a run that could not begin. */
  abandon(): void {
    this.#closed = true;
    this.#problems?.close();
    this.#frames.close();
    this.#events.close();
  }

  #write(record: NewRecord): JournalRecord {
    const { type, ...rest } = record;
    const full = { type, seq: this.#offsets.length, time: this.#now().toISOString(), ...rest } as JournalRecord;
    // What is written must be readable; JSON would turn NaN into null.
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

function checkpointRecord(step: number): NewRecord {
  return { type: 'checkpoint', step, path: checkpointPath(step) };
}
