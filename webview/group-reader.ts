/** Groups with their rollouts, read from the host when they are shown; a failed read is reported and can be retried. */
import type { Peer } from '../engine/messages/peer.ts';
import type { RollscopeError } from '../engine/protocol/errors.ts';
import type { GroupId } from '../engine/protocol/group.ts';
import { groupKey } from '../engine/protocol/group-id.ts';
import type { GroupPage, PanelContract } from '../engine/runs/panel-contract.ts';

export type GroupReading =
  | { state: 'reading' }
  | { state: 'failed'; error: RollscopeError }
  | ({ state: 'read' } & GroupPage);

/** Groups that stay in memory, so that stepping back and forth reads each once. */
const KEPT = 32;
const READING: GroupReading = { state: 'reading' };

export class GroupReader {
  private readonly readings = new Map<string, GroupReading>();
  private forgotten = new AbortController();

  constructor(
    private readonly peer: Pick<Peer<PanelContract>, 'request'>,
    private readonly changed: () => void,
  ) {}

  /** The group as far as it has been read; the first call requests it. */
  of(id: GroupId): GroupReading {
    const known = this.readings.get(groupKey(id));
    if (known) return known;
    void this.read(id);
    return READING;
  }

  /** Requests a group again after a failure. */
  again(id: GroupId): void {
    void this.read(id);
    this.changed();
  }

  /** Drops everything, for another run. */
  clear(): void {
    this.forgotten.abort();
    this.forgotten = new AbortController();
    this.readings.clear();
  }

  private async read({ phase, step, problem }: GroupId): Promise<void> {
    const key = groupKey({ phase, step, problem });
    const { signal } = this.forgotten;
    this.readings.delete(key);
    this.readings.set(key, READING);
    if (this.readings.size > KEPT) this.readings.delete(this.readings.keys().next().value!);
    let reading: GroupReading;
    try {
      const page = await this.peer.request('readGroup', { group: { phase, step, problem } }, { signal });
      reading = { state: 'read', ...page };
    } catch (error) {
      reading = { state: 'failed', error: error as RollscopeError };
    }
    if (signal.aborted) return;
    this.readings.set(key, reading);
    this.changed();
  }
}
