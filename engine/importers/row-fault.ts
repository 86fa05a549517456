/** A row of a log that is not a rollout. Pure. */
import type { RolloutColumn } from './columns.ts';
import type { Faults } from './importer.ts';

/** A row that is not a rollout, with the reason. */
export class RowFault extends Error {
  constructor(
    readonly reason: string,
    message: string,
    readonly column?: RolloutColumn,
  ) {
    super(message);
  }
}

/** Counts a RowFault among the faults of a dump. @param place of the row @throws any other error */
export function addRowFault(faults: Faults, place: string, error: unknown): void {
  if (!(error instanceof RowFault)) throw error;
  faults.add(place, error.message, error.reason);
}
