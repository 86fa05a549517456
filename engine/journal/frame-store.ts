/** The rollout files of a run that is being written: frames are appended, or recognized during a replay. */

import { readSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import type { FramePointer } from '../protocol/group.ts';
import { AppendFile } from '../system/append-file.ts';
import { type Disk, withDiskErrors } from '../system/disk.ts';
import { removeSync, syncNow } from '../system/files.ts';
import { syncFolder } from '../system/folders.ts';
import { FRAME_PREFIX, readFramePrefix } from './frame.ts';
import { type FrameCursor, inRun, isBefore, rolloutFileIndex, rolloutFileName } from './layout.ts';

/** The rollout files of one run folder; a file that would get too long is followed by the next. */
export class FrameStore {
  #file: AppendFile;
  #index: number;
  #cursor: FrameCursor;
  #end: FrameCursor;
  /** Whether a file was created whose directory entry may not be durable yet. */
  #begun = true;

  /**
   * `cursor`: where the next frame is expected. `end`: after the last existing frame; both are equal unless records are
   * replayed.
   */
  constructor(
    private readonly folder: string,
    cursor: FrameCursor,
    end: FrameCursor,
    private readonly disk: Disk,
    private readonly fileBytes: number,
  ) {
    this.#cursor = cursor;
    this.#end = end;
    this.#index = cursor.file;
    this.#file = this.#open(cursor.file);
  }

  get cursor(): FrameCursor {
    return this.#cursor;
  }

  /**
   * Puts a frame at the cursor. Where one exists already it is compared by length and checksum and not written again;
   * null when it differs: then `cut` must come before the next try.
   */
  place(frame: Uint8Array): FramePointer | null {
    const { file, offset } = this.#cursor;
    const place = offset > 0 && offset + frame.length > this.fileBytes ? { file: file + 1, offset: 0 } : this.#cursor;
    const exists = isBefore(place, this.#end);
    if (!exists && isBefore(this.#cursor, this.#end)) return null;
    this.#select(place.file);
    if (exists) {
      if (!this.#matches(frame, place.offset)) return null;
      this.#cursor = { file: place.file, offset: place.offset + frame.length };
    } else {
      if (this.#file.length !== place.offset) this.#file.truncate(place.offset);
      this.#file.append(frame);
      this.#cursor = { file: place.file, offset: place.offset + frame.length };
      this.#end = this.#cursor;
    }
    return { file: rolloutFileName(place.file), offset: place.offset, length: frame.length };
  }

  /** Removes every frame from the cursor on. */
  cut(): void {
    for (let index = this.#end.file; index > this.#cursor.file; index--) {
      removeSync(inRun(this.folder, rolloutFileName(index)));
    }
    this.#select(this.#cursor.file);
    this.#file.truncate(this.#cursor.offset);
    this.#end = this.#cursor;
  }

  async sync(): Promise<void> {
    await this.#file.sync();
    if (!this.#begun) return;
    this.#begun = false;
    await withDiskErrors(this.folder, () => syncFolder(this.folder));
  }

  close(): void {
    this.#file.close();
  }

  #open(index: number): AppendFile {
    return new AppendFile(inRun(this.folder, rolloutFileName(index)), this.disk);
  }

  #select(index: number): void {
    if (index === this.#index) return;
    // The finished file must be durable before the records that point into the next one.
    syncNow(this.#file.descriptor, this.#file.path);
    const next = this.#open(index);
    this.#file.close();
    this.#file = next;
    this.#index = index;
    this.#begun = true;
  }

  #matches(frame: Uint8Array, offset: number): boolean {
    const there = new Uint8Array(FRAME_PREFIX);
    if (readSync(this.#file.descriptor, there, 0, FRAME_PREFIX, offset) < FRAME_PREFIX) return false;
    const old = readFramePrefix(there);
    const now = readFramePrefix(frame);
    return old !== null && old.length === now?.length && old.crc === now.crc;
  }
}

/** Names of the rollout files in a run folder, in order. */
export async function rolloutFiles(folder: string): Promise<string[]> {
  const names = (await readdir(folder)).filter((name) => rolloutFileIndex(name) !== null);
  return names.sort((a, b) => rolloutFileIndex(a)! - rolloutFileIndex(b)!);
}
