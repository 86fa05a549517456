/** The scores of other rewards for the rollouts that are shown, read once for each step, problem or run. */
import type { Peer } from '../engine/messages/peer.ts';
import type { GroupId } from '../engine/protocol/group.ts';
import type { GroupReward, RewardComparison } from '../engine/protocol/reward-comparison.ts';
import type { PanelContract, RescoreScope } from '../engine/runs/panel-contract.ts';
import type { Failures } from './failures.ts';

export type RewardReading = { state: 'unread' | 'reading' | 'failed' } | ReadRewards;
interface ReadRewards extends RewardComparison {
  state: 'read';
}

/** Scopes that are kept. */
const MAX_CACHED_SCOPES = 24;

const keyOf = ({ phase, step, problem }: RescoreScope) => `${phase} ${step ?? 'all'} ${problem ?? 'all'}`;

/** Requests the rewards of stored rollouts. The computation of a step that the user leaves is canceled, and all of
 * them when another run is shown. */
export class RewardReader {
  private readonly readings = new Map<string, RewardReading>();
  /** All that is being computed. */
  private readonly working = new Set<AbortController>();
  /** The step that is being computed. */
  private current: { key: string; controller: AbortController } | null = null;

  constructor(
    private readonly peer: Pick<Peer<PanelContract>, 'request'>,
    private readonly failures: Failures,
    private readonly run: () => string,
    private readonly changed: () => void,
  ) {}

  /** What is known of a scope; requests nothing. */
  known(scope: RescoreScope): RewardReading {
    return this.readings.get(keyOf(scope)) ?? { state: 'unread' };
  }

  /** The rewards of a group, by name; null while they are not known. */
  ofGroup({ phase, step, problem }: GroupId): Readonly<Record<string, GroupReward | null>> | null {
    const reading = this.known({ phase, step, problem: null });
    if (reading.state !== 'read') return null;
    return reading.byGroup?.find((group) => group.problem === problem)?.scores ?? null;
  }

  /** Requests a scope unless it is known or pending; a failed one only with `again`. */
  ask(scope: RescoreScope, { again = false } = {}): void {
    const { state } = this.known(scope);
    if (state === 'reading' || state === 'read' || (state === 'failed' && !again)) return;
    void this.read(scope);
  }

  /** Drops everything, for another run. */
  clear(): void {
    for (const controller of this.working) controller.abort();
    this.current = null;
    this.readings.clear();
  }

  private async read(scope: RescoreScope): Promise<void> {
    const key = keyOf(scope);
    const controller = new AbortController();
    this.working.add(controller);
    if (scope.step !== null) {
      if (this.current) {
        this.current.controller.abort();
        this.readings.delete(this.current.key);
      }
      this.current = { key, controller };
    }
    const reading: RewardReading = { state: 'reading' };
    this.readings.set(key, reading);
    const fail = this.failures.begin('rescore');
    let read: RewardReading;
    try {
      read = { state: 'read', ...(await this.peer.request('rescore', { run: this.run(), ...scope }, controller)) };
    } catch (error) {
      if (controller.signal.aborted) return;
      read = { state: 'failed' };
      fail(error, () => this.ask(scope, { again: true }));
    } finally {
      this.working.delete(controller);
    }
    if (this.current?.key === key) this.current = null;
    if (this.readings.get(key) !== reading) return;
    this.readings.set(key, read);
    if (this.readings.size > MAX_CACHED_SCOPES) this.readings.delete(this.readings.keys().next().value!);
    this.changed();
  }
}
