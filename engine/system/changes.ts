/** Waiting for a file or folder to change, to follow what another process writes. */
import { type FSWatcher, watch } from 'node:fs';

export interface FileChangesOptions {
  /**
   * Most milliseconds until the next check, since some file systems (network shares, containers) do not report changes.
   */
  poll: number;
  /**
   * false: checks are always this far apart, for callers that treat a file as complete if it has not changed between
   * two of them.
   */
  watch?: boolean;
  /** Ends a wait. */
  signal?: AbortSignal | undefined;
}

/**
 * Reports that something may have changed, without saying what, so the caller has to check. Changes while nobody waits
 * are not lost.
 */
export class FileChanges {
  #watcher: FSWatcher | null = null;
  #changed = false;
  #wake: (() => void) | null = null;
  #closed = false;
  readonly #notice = () => {
    this.#changed = true;
    this.#wake?.();
  };

  /** @param path of a file, which need not exist yet, or of a folder, whose own entries are watched */
  constructor(
    private readonly path: string,
    private readonly options: FileChangesOptions,
  ) {
    options.signal?.addEventListener('abort', this.#notice, { once: true });
    this.#watch();
  }

  /** Resolves once something has changed since the last call, and in any case after a while. */
  async next(): Promise<void> {
    this.#watch();
    if (!this.#changed && !this.options.signal?.aborted) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, this.options.poll);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.#wake = null;
    this.#changed = false;
  }

  close(): void {
    this.#closed = true;
    this.options.signal?.removeEventListener('abort', this.#notice);
    this.#unwatch();
  }

  #watch(): void {
    if (this.#watcher || this.#closed || this.options.watch === false) return;
    try {
      this.#watcher = watch(this.path, { persistent: false }, this.#notice);
      this.#watcher.on('error', () => this.#unwatch());
    } catch {
      // It does not exist yet, or there are no more watchers to be had: polling does.
    }
  }

  #unwatch(): void {
    this.#watcher?.close();
    this.#watcher = null;
  }
}
