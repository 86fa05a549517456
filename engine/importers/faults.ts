/** What of a dump could not be read: counted, and the first of it named. */
import { plural } from '../protocol/format.ts';
import type { Faults } from './importer.ts';

const NAMED = 20;
/** In a sentence. */
const TOLD = 3;

/** The faults of one import: all are counted, the first ones kept with place and reason. */
export class FaultLog implements Faults {
  readonly named: { place: string; why: string; reason: string }[] = [];
  count = 0;
  private readonly seen = new Set<string>();

  /** A place counts once, however often it is read. */
  add(place: string, why: string, reason: string): void {
    if (this.seen.has(place)) return;
    if (this.seen.size < 10_000) this.seen.add(place);
    this.count++;
    if (this.named.length < NAMED) this.named.push({ place, why, reason });
  }

  /** null for none. */
  get text(): string | null {
    if (this.count === 0) return null;
    const told = this.named.slice(0, TOLD).map(({ place, why }) => `${place} (${why})`);
    const more = this.count - told.length;
    return `${plural(this.count, 'row')} could not be read and ${this.count === 1 ? 'was' : 'were'} skipped: ${told.join(', ')}${more > 0 ? ` and ${more} more` : ''}.`;
  }
}
