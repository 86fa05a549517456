/**
 * A run's records on their way to clients. The feed keeps the latest records in memory; each subscription has a cursor
 * into the run's numbered records and reads older ones from the journal. So a slow client costs a bounded amount of
 * memory, never delays training or another client, and still gets every record once and in order.
 */
import type { Peer } from '../messages/peer.ts';
import type { JournalRecord } from '../protocol/records.ts';
import type { Progress } from '../protocol/rpc.ts';
import type { EngineContract } from './contract.ts';
import type { RunHandle } from './job.ts';

/** Records kept in memory for clients that keep up. */
const MAX_RECENT_RECORDS = 4096;
/** Records that the answer to `subscribe` carries; the others follow one by one. */
const FIRST_PAGE = 1000;
/** The most records that a subscription holds at a time when it reads from the journal. */
const PAGE = 5000;
/** Least milliseconds between two progress notifications to one client: 5 per second. */
const PROGRESS_INTERVAL = 200;

type Client = Peer<EngineContract>;
type LogError = (message: string, error: unknown) => void;

/** The feed of one run, from its first record to its last. */
export class RunFeed {
  readonly handle: RunHandle;
  readonly #subscriptions = new Map<Client, Subscription>();
  readonly #logError: LogError;
  #recent: JournalRecord[] = [];

  constructor(handle: RunHandle, logError: LogError) {
    this.handle = handle;
    this.#logError = logError;
    handle.onRecord((record) => this.#take(record));
    handle.onProgress((progress) => {
      for (const subscription of this.#subscriptions.values()) subscription.offerProgress(progress);
    });
  }

  /** The first records from `from`; the others and the live ones follow as notifications, until `unsubscribe`. */
  async subscribe(client: Client, from: number): Promise<JournalRecord[]> {
    this.unsubscribe(client);
    const records = await this.handle.records(from, FIRST_PAGE);
    const next = (records.at(-1)?.seq ?? from - 1) + 1;
    const subscription = new Subscription(this, client, next, records.length === FIRST_PAGE, this.#logError);
    if (client.closed) return records;
    this.#subscriptions.set(client, subscription);
    // The answer that carries the first records is queued before the next turn of the event loop.
    setImmediate(() => subscription.wake());
    return records;
  }

  unsubscribe(client: Client): void {
    this.#subscriptions.get(client)?.stop();
    this.#subscriptions.delete(client);
  }

  /** Waits until every client has all records, at most `ms` milliseconds. */
  async drain(ms: number): Promise<void> {
    const all = Promise.all([...this.#subscriptions.values()].map((subscription) => subscription.idle()));
    await Promise.race([all, new Promise((resolve) => setTimeout(resolve, ms))]);
  }

  /** Up to a page of records from number `next` on: from memory where possible. */
  async page(next: number): Promise<JournalRecord[]> {
    const first = this.#recent[0];
    if (first && first.seq <= next) return this.#recent.slice(next - first.seq);
    return this.handle.records(next, PAGE);
  }

  /** Number of the latest live record; -1 when none has come since this process took the run. */
  get latest(): number {
    return this.#recent.at(-1)?.seq ?? -1;
  }

  #take(record: JournalRecord): void {
    const latest = this.latest;
    if (record.seq <= latest) return;
    // The kept records have no gap, since a subscription finds a record by its number.
    if (latest >= 0 && record.seq !== latest + 1) this.#recent = [];
    this.#recent.push(record);
    if (this.#recent.length > 2 * MAX_RECENT_RECORDS) this.#recent = this.#recent.slice(-MAX_RECENT_RECORDS);
    for (const subscription of this.#subscriptions.values()) subscription.wake();
  }
}

class Subscription {
  readonly #feed: RunFeed;
  readonly #client: Client;
  readonly #logError: LogError;
  #next: number;
  /** Whether the journal may contain more than was read of it, regardless of live records. */
  #more: boolean;
  #stopped = false;
  #pumping: Promise<void> | null = null;
  #progress: Progress | null = null;
  #progressTimer: NodeJS.Timeout | null = null;
  #progressSending: Promise<void> | null = null;
  #progressSent = 0;

  constructor(feed: RunFeed, client: Client, next: number, more: boolean, logError: LogError) {
    this.#feed = feed;
    this.#client = client;
    this.#next = next;
    this.#more = more;
    this.#logError = logError;
  }

  wake(): void {
    if (this.#pumping || this.#stopped) return;
    this.#pumping = this.#pump()
      .catch((error: unknown) => {
        this.#logError(`Records of run '${this.#feed.handle.run}' could not be sent`, error);
        this.stop();
      })
      .finally(() => {
        this.#pumping = null;
        // A record may have arrived since the last check.
        if (this.#isBehind()) this.wake();
      });
  }

  /** The latest progress replaces one that is still waiting. */
  offerProgress(progress: Progress): void {
    this.#progress = progress;
    this.#sendProgress();
  }

  stop(): void {
    this.#stopped = true;
    this.#progress = null;
    if (this.#progressTimer) clearTimeout(this.#progressTimer);
  }

  /** Resolves when nothing is waiting to be sent. */
  async idle(): Promise<void> {
    while (!this.#stopped && (this.#pumping || this.#progressSending || this.#progress || this.#isBehind())) {
      if (this.#pumping) await this.#pumping;
      else if (this.#progressSending) await this.#progressSending;
      else await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  #isBehind(): boolean {
    if (this.#stopped || this.#client.closed) return false;
    return this.#more || this.#next <= this.#feed.latest;
  }

  async #pump(): Promise<void> {
    while (this.#isBehind()) {
      const page = await this.#feed.page(this.#next);
      this.#more = page.length >= PAGE;
      if (page.length === 0 && this.#isBehind()) throw new Error(`record ${this.#next} is missing in the journal`);
      for (const record of page) {
        if (this.#stopped || this.#client.closed) return;
        if (record.seq < this.#next) continue;
        await this.#client.notify('record', { folder: this.#feed.handle.folder, record });
        this.#next = record.seq + 1;
      }
    }
  }

  #sendProgress(): void {
    if (!this.#progress || this.#progressTimer || this.#progressSending || this.#stopped) return;
    const wait = this.#progressSent + PROGRESS_INTERVAL - Date.now();
    if (wait > 0) {
      this.#progressTimer = setTimeout(() => {
        this.#progressTimer = null;
        this.#sendProgress();
      }, wait);
      return;
    }
    const progress = this.#progress;
    this.#progress = null;
    this.#progressSent = Date.now();
    this.#progressSending = this.#notifyProgress(progress).finally(() => {
      this.#progressSending = null;
      this.#sendProgress();
    });
  }

  async #notifyProgress(progress: Progress): Promise<void> {
    try {
      await this.#client.notify('progress', progress);
    } catch (error) {
      this.#logError('Progress could not be sent', error);
    }
  }
}
