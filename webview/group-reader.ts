/** Groups with their rollouts, read from the host when they are shown; a failed read is reported and can be retried. */
import type { Peer } from '../engine/messages/peer.ts';
import type { GroupId, Rollout } from '../engine/protocol/group.ts';
import { groupKey } from '../engine/protocol/group-id.ts';
import type { GroupPage, PanelContract } from '../engine/runs/panel-contract.ts';
import { type Failure, failureOf } from './failures.ts';

export type GroupReading =
  | { state: 'reading' }
  | { state: 'failed'; failure: Failure }
  | ({ state: 'read' } & GroupPage);

/** Groups that stay in memory, so that stepping back and forth reads each once. */
const MAX_CACHED_GROUPS = 32;
/** The same in tokens: a group of long responses has two million, of 8 bytes each. */
const MAX_CACHED_TOKENS = 6_000_000;
const READING: GroupReading = { state: 'reading' };
/**
 * Milliseconds that a group has to be shown before it is requested if another one preceded it, since scrubbing passes
 * many.
 */
const REQUEST_DELAY_MS = 80;

/** Reads one group at a time, the one that is shown, and keeps the latest ones. */
export class GroupReader {
  private readonly readings = new Map<string, GroupReading>();
  /** The group that is being read: the one that is shown. */
  private current: { key: string; rollout: number; controller: AbortController } | null = null;
  /** The group that will be read if it is still shown in a moment. */
  private next: { key: string; timer: ReturnType<typeof setTimeout> } | null = null;
  /** When another group was shown last. */
  private turned = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly peer: Pick<Peer<PanelContract>, 'request'>,
    /** Folder of the run that is shown. */
    private readonly run: () => string,
    private readonly changed: () => void,
    /**
     * Where the rollouts of a group are stored. They are read again when it changes, that is, when token statistics
     * were added.
     */
    private readonly place: (id: GroupId) => number | null = () => null,
    /** The rollout that is chosen, whose tokens come first. */
    private readonly chosen: () => number = () => 0,
  ) {}

  /**
   * The group that is shown, as far as it has been read. The first call requests it, and cancels the request for
   * another one.
   * @param rollout whose text and tokens are needed; those of a large group are read one at a time
   */
  of(id: GroupId, rollout?: number): GroupReading {
    const key = this.keyOf(id);
    if ((this.next ?? this.current)?.key !== key) this.cancel();
    const known = this.readings.get(key);
    if (known?.state === 'read' && rollout !== undefined && lacks(known, rollout)) {
      if (this.current?.rollout !== rollout) {
        this.cancel();
        void this.read(id, rollout);
      }
      return READING;
    }
    if (known || this.next) return known ?? READING;
    const { phase, step, problem } = id;
    const since = performance.now() - this.turned;
    this.turned = performance.now();
    const read = () => {
      this.next = null;
      void this.read({ phase, step, problem }, this.chosen());
    };
    if (since > REQUEST_DELAY_MS) read();
    else this.next = { key, timer: setTimeout(read, REQUEST_DELAY_MS) };
    return READING;
  }

  /** Requests a group again after a failure. */
  again(id: GroupId): void {
    this.cancel();
    void this.read(id, this.chosen());
    this.changed();
  }

  /** Drops everything, for another run. */
  clear(): void {
    this.cancel();
    this.readings.clear();
  }

  /** Cancels the pending request; the group is requested again when it is shown again. */
  private cancel(): void {
    if (this.next) clearTimeout(this.next.timer);
    this.next = null;
    if (!this.current) return;
    // The known part of a group is kept while the tokens of another of its rollouts are read.
    if (this.readings.get(this.current.key)?.state === 'reading') this.readings.delete(this.current.key);
    this.current.controller.abort();
    this.current = null;
  }

  private async read({ phase, step, problem }: GroupId, rollout: number): Promise<void> {
    const group = { phase, step, problem };
    const reading = { key: this.keyOf(group), rollout, controller: new AbortController() };
    this.current = reading;
    if (this.readings.get(reading.key)?.state !== 'read') this.keep(reading.key, READING);
    let read: GroupReading;
    try {
      read = { state: 'read', ...(await this.request(reading.key, group, rollout, reading.controller)) };
    } catch (error) {
      read = { state: 'failed', failure: failureOf(error, () => this.again(group)) };
    }
    if (this.current !== reading) return;
    this.current = null;
    this.keep(reading.key, read);
    this.changed();
  }

  /**
   * Requests the group with this rollout. If a large group is there already, the data that compares its rollouts is not
   * requested again.
   */
  private async request(key: string, group: GroupId, rollout: number, options: AbortController): Promise<GroupPage> {
    const known = this.readings.get(key);
    const isKnown = known?.state === 'read' && known.whole !== null;
    const page = await this.peer.request('readGroup', { run: this.run(), group, rollout, isKnown }, options);
    if (!isKnown) return page;
    const rollouts = page.detail.rollouts.map((item, i) =>
      i === rollout ? item : compared(item, known.detail.rollouts[i]!),
    );
    return { ...page, detail: { ...page.detail, rollouts } };
  }

  private keyOf(id: GroupId): string {
    return `${groupKey(id)} ${this.place(id)}`;
  }

  private keep(key: string, reading: GroupReading): void {
    this.readings.delete(key);
    this.readings.set(key, reading);
    let tokens = 0;
    for (const one of this.readings.values()) tokens += tokensOf(one);
    for (const [oldest, one] of this.readings) {
      if (oldest === key || (this.readings.size <= MAX_CACHED_GROUPS && tokens <= MAX_CACHED_TOKENS)) return;
      this.readings.delete(oldest);
      tokens -= tokensOf(one);
    }
  }
}

/** A rollout with what others are compared by, which was read before. */
function compared(rollout: Rollout, { ids, statistics: { logprob } }: Rollout): Rollout {
  return { ...rollout, ids, statistics: { ...rollout.statistics, logprob } };
}

function tokensOf(reading: GroupReading): number {
  if (reading.state !== 'read') return 0;
  return reading.detail.rollouts.reduce((sum, { tokens }) => sum + (tokens ?? 0), 0);
}

/** Whether the tokens of a rollout were not part of what was read of its group. */
function lacks({ whole, detail }: GroupPage, rollout: number): boolean {
  return whole !== null && whole.rollout !== rollout && rollout < detail.rollouts.length;
}
