/** The parts of a dump that could not be read: counted, and the first few named. */
import { plural } from '../protocol/format.ts';
import type { Faults } from './importer.ts';

const MAX_STORED_FAULTS = 20;
/** The number of faults that the sentence names. */
const MAX_LISTED = 3;

/** The faults of one import: all are counted, the first ones kept with place and reason. */
export class FaultLog implements Faults {
  readonly stored: { place: string; why: string; reason: string }[] = [];
  count = 0;
  private readonly seen = new Set<string>();
  /** Rollouts whose rows name a step, and those whose rows do not, by the step at which they are placed. */
  private withStep = 0;
  private readonly withoutStep = new Map<number, number>();

  /** A place counts once, however often it is read. */
  add(place: string, why: string, reason: string): void {
    if (this.seen.has(place)) return;
    if (this.seen.size < 10_000) this.seen.add(place);
    this.count++;
    if (this.stored.length < MAX_STORED_FAULTS) this.stored.push({ place, why, reason });
  }

  placed(named: boolean, step: number): void {
    if (named) this.withStep++;
    else this.withoutStep.set(step, (this.withoutStep.get(step) ?? 0) + 1);
  }

  /** Where the rollouts without a step were placed, if other rollouts of the dump name theirs; null otherwise. */
  get withoutStepText(): string | null {
    if (this.withStep === 0 || this.withoutStep.size === 0) return null;
    const count = [...this.withoutStep.values()].reduce((sum, n) => sum + n, 0);
    const steps = [...this.withoutStep.keys()].slice(0, MAX_LISTED).join(', ');
    return `${plural(count, 'rollout')} without a step ${count === 1 ? 'was' : 'were'} placed at step ${steps}, although others have one.`;
  }

  /** The sentence about the faults; null for none. */
  get text(): string | null {
    if (this.count === 0) return null;
    const told = this.stored.slice(0, MAX_LISTED).map(({ place, why }) => `${place} (${why})`);
    const more = this.count - told.length;
    return `${plural(this.count, 'row')} could not be read and ${this.count === 1 ? 'was' : 'were'} skipped: ${told.join(', ')}${more > 0 ? ` and ${more} more` : ''}.`;
  }
}
