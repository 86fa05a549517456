/** A note at a place of a run. Without schemas, since the page uses it too. */
import type { Address } from './address.ts';

export interface Note extends Omit<Address, 'folder' | 'says' | 'from' | 'fromRun'> {
  id: string;
  /** When it was made, ISO 8601. */
  time: string;
  /** '' for a place that is only pinned. */
  text: string;
  /** Shown first. */
  pinned: boolean;
}
