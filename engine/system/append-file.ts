/** A file that grows by whole appends: each is there completely or, after an error, not at all. */
import { closeSync, constants, fstatSync, fsync, openSync, type Stats, statSync } from 'node:fs';
import { promisify } from 'node:util';
import { RollscopeError } from '../protocol/errors.ts';
import { type AfterDiskError, type Disk, diskError } from './disk.ts';

const fsyncAsync = promisify(fsync);

/** One open file that is written at its end. Throws RollscopeError `disk`; after `sync` its bytes are durable. */
export class AppendFile {
  readonly #fd: number;
  /** Which file it is, whatever its name becomes. */
  readonly #identity: Pick<Stats, 'dev' | 'ino'>;
  #length: number;
  #synced: number;
  /** A failed write may have left bytes beyond `#length` that could not be removed immediately. */
  #leftover = false;

  /** Opens `path` for writing at its end, creating it when it is missing. @param after what its errors advise */
  constructor(
    readonly path: string,
    private readonly disk: Disk,
    private readonly after: AfterDiskError = 'resume the run',
  ) {
    try {
      this.#fd = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o644);
      const { dev, ino, size } = fstatSync(this.#fd);
      this.#identity = { dev, ino };
      this.#length = size;
    } catch (error) {
      throw diskError(error, path, after);
    }
    this.#synced = this.#length;
  }

  /** Bytes in the file. */
  get length(): number {
    return this.#length;
  }

  get descriptor(): number {
    return this.#fd;
  }

  /**
   * Writes all of `bytes` at the end and returns where they begin. On an error the file is as it was before. Throws `disk`
   * also where the file was moved or deleted: what is written then would be lost, or belong to a folder elsewhere.
   */
  append(bytes: Uint8Array): number {
    const start = this.#length;
    this.#assertInPlace();
    try {
      if (this.#leftover) this.truncate(start);
      for (let done = 0; done < bytes.length; ) {
        done += this.disk.write(this.#fd, bytes.subarray(done), start + done);
      }
    } catch (error) {
      this.#leftover = true;
      this.#removeLeftover();
      throw diskError(error, this.path, this.after);
    }
    this.#length = start + bytes.length;
    return start;
  }

  truncate(length: number): void {
    try {
      this.disk.truncate(this.#fd, length);
    } catch (error) {
      throw diskError(error, this.path, this.after);
    }
    this.#leftover = false;
    this.#length = length;
    this.#synced = -1;
  }

  /** Returns when everything appended so far is durable. */
  async sync(): Promise<void> {
    this.#assertInPlace();
    const length = this.#length;
    if (this.#synced === length) return;
    try {
      await fsyncAsync(this.#fd);
    } catch (error) {
      throw diskError(error, this.path, this.after);
    }
    this.#synced = length;
  }

  close(): void {
    closeSync(this.#fd);
  }

  #assertInPlace(): void {
    let found: Stats | undefined;
    try {
      found = statSync(this.path, { throwIfNoEntry: false });
    } catch (error) {
      throw diskError(error, this.path, this.after);
    }
    if (found?.ino === this.#identity.ino && found.dev === this.#identity.dev) return;
    throw new RollscopeError(
      'disk',
      `${this.path} was moved or deleted while the run was writing to it.`,
      'Move the folder back, or resume the run where it is now: after its last checkpoint, or from the start if it has none.',
      { details: { reason: 'moved', file: this.path } },
    );
  }

  #removeLeftover(): void {
    try {
      this.truncate(this.#length);
    } catch {
      // Readers step over an unfinished tail, and the next append tries again.
    }
  }
}
