/**
 * Which phase represents a whole run, where groups of one phase are compared with each other (`analyze`, `rescore`). A
 * problem by itself is spoken for by its latest group, whatever the phase (`problemView`). Pure.
 */
import { PHASES_BY_INTEREST, type Phase } from '../protocol/group-id.ts';
import type { RunColumns } from './columns.ts';

export interface PhaseChoice {
  /** null for a run without rollouts of the requested phase, or of any phase. */
  phase: Phase | null;
  /** The other phases that the run has rollouts of, in the order of `PHASES_BY_INTEREST`. */
  others: Phase[];
}

/** The requested phase, otherwise the first of `PHASES_BY_INTEREST` that the run has. */
export function choosePhase(columns: RunColumns, named?: Phase): PhaseChoice {
  const recorded = new Set(columns.countedRows.map((row) => columns.idOf(row).phase));
  const present = PHASES_BY_INTEREST.filter((phase) => recorded.has(phase));
  const phase = (named === undefined ? present[0] : present.find((candidate) => candidate === named)) ?? null;
  return { phase, others: present.filter((item) => item !== phase) };
}
