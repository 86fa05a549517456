/** Events of a run's Python process, as lines of a growing file. */
import { open } from 'node:fs/promises';
import path from 'node:path';
import * as z from 'zod';
import { FileChanges } from '../system/changes.ts';

const step = z.int().min(0);

export const TrlEvent = z.discriminatedUnion('event', [
  /** The model is loaded. */
  z.object({
    event: z.literal('ready'),
    versions: z.record(z.string(), z.string()),
    processes: z.int().min(1),
    device: z.string(),
    trainable: z.int().min(0),
  }),
  /** Training starts at a step. */
  z.object({ event: z.literal('training'), step }),
  /** A file of rollouts is complete. */
  z.object({ event: z.literal('rollouts'), phase: z.string(), step, file: z.string() }),
  /** A step is done, with TRL's logged metrics. */
  z.object({ event: z.literal('step'), step, metrics: z.record(z.string(), z.number().nullable()) }),
  /** A checkpoint is complete; null: there is nothing to save before the first step. */
  z.object({ event: z.literal('saved'), step, folder: z.string().nullable() }),
  z.object({ event: z.literal('ended'), step }),
]);
export type TrlEvent = z.infer<typeof TrlEvent>;

/** Maximum milliseconds between checks for new events and for the end of the process, while a caller waits. */
const LOOK_MS = 50;

/** Reads the events of a file in order, each once. The file need not exist yet. */
export class TrlEvents {
  private offset = 0;
  private readonly waiting: TrlEvent[] = [];

  constructor(private readonly file: string) {}

  /**
   * The next event; null once all events were returned and no more can come.
   * @param ended whether no more events can be written
   */
  async next(ended: () => boolean): Promise<TrlEvent | null> {
    let changes: FileChanges | null = null;
    try {
      for (;;) {
        const over = ended();
        await this.read();
        const event = this.waiting.shift();
        if (event) return event;
        if (over) return null;
        changes ??= new FileChanges(path.dirname(this.file), { poll: LOOK_MS });
        await changes.next();
      }
    } finally {
      changes?.close();
    }
  }

  private async read(): Promise<void> {
    const handle = await open(this.file, 'r').catch(() => null);
    if (!handle) return;
    try {
      const { size } = await handle.stat();
      if (size <= this.offset) return;
      const { buffer, bytesRead } = await handle.read(
        Buffer.alloc(size - this.offset),
        0,
        size - this.offset,
        this.offset,
      );
      // Reads up to the last complete line.
      const end = buffer.subarray(0, bytesRead).lastIndexOf('\n') + 1;
      this.offset += end;
      for (const line of buffer.subarray(0, end).toString('utf8').split('\n')) {
        if (line === '') continue;
        const { data } = TrlEvent.safeParse(JSON.parse(line));
        if (data) this.waiting.push(data);
      }
    } finally {
      await handle.close();
    }
  }
}
