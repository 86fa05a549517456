/**
 * The progress of an import: which parts are in the run, and where to continue after the import was stopped or killed.
 */
import { type ImportState, writeImportState } from '../journal/import-state.ts';
import type { Phase } from '../protocol/group.ts';
import type { DumpPart } from './importer.ts';
import type { ImportedRun } from './run.ts';

/** Least milliseconds between two writes of the state, each of which waits for the disk. */
const INTERVAL = 1000;

export interface Continued {
  /** Absolute path of the imported file or folder. */
  source: string;
  /** Name of the importer. */
  format: string;
  run: ImportedRun;
  /** The state that an earlier import wrote. */
  before: ImportState | null;
  /** Whether the trainer's first step of training is 0, according to the dump. */
  fromZero: boolean;
}

/** The parts that an import has taken and those that are new, its steps, and the note that it is continued from. */
export class Continuation {
  private readonly parts: ImportState['parts'];
  private readonly earlier: ImportState['counts'];
  private fromZero: boolean;
  private lastNote = 0;
  /** The state after the last complete part; everything after it is read again when the import is continued. */
  private reached: Pick<ImportState, 'position' | 'counts' | 'identified'>;
  /** Whether problems have ids from the log. */
  identified: boolean;
  /** The highest step of any part so far. */
  latest: number;
  /** Something of the run is whole, so that the import can be continued. */
  begun: boolean;

  constructor(private readonly of: Continued) {
    const { run, before } = of;
    this.parts = before?.parts ?? {};
    this.earlier = before?.counts ?? { groups: 0, rollouts: 0, steps: 0, faults: 0 };
    this.fromZero = before?.fromZero ?? of.fromZero;
    this.identified = before?.identified ?? false;
    this.latest = Math.max(0, ...Object.values(this.parts).map(({ step }) => step));
    this.begun = before !== null;
    this.reached = { position: run.position, counts: this.earlier, identified: this.identified };
  }

  /**
   * Counts of everything that was imported, including earlier imports.
   * @param faults those of this import
   */
  counts(faults: number): ImportState['counts'] {
    const { groups, rollouts, steps } = this.of.run.counts;
    const { earlier } = this;
    return {
      groups: earlier.groups + groups,
      rollouts: earlier.rollouts + rollouts,
      steps: earlier.steps + steps,
      faults: earlier.faults + faults,
    };
  }

  /** New parts, and parts that the trainer wrote again together with all later ones, which a repeated step replaces. */
  newParts(parts: readonly DumpPart[]): DumpPart[] {
    const changed = parts.filter(({ name, stamp }) => this.parts[name] && this.parts[name].stamp !== stamp);
    const back = new Map<Phase, number>();
    for (const { phase, step } of changed) back.set(phase, Math.min(step, back.get(phase) ?? step));
    return parts.filter(({ name, phase, step }) => !this.parts[name] || step >= (back.get(phase) ?? step + 1));
  }

  /** The trainer counts its steps of training from 0. */
  countsFromZero(): void {
    this.fromZero = true;
  }

  /** Steps count completed updates: rollouts for the first update are step 1, evaluations before it step 0. */
  stepOf({ phase, step }: Pick<DumpPart, 'phase' | 'step'>): number {
    return phase === 'train' && this.fromZero ? step + 1 : step;
  }

  /** The part is in the run, as this step. */
  markTaken({ name, stamp, phase }: DumpPart, step: number): void {
    this.latest = Math.max(this.latest, step);
    this.parts[name] = { stamp, step, phase };
  }

  /**
   * Marks that the import can be continued from here.
   * @param faults those of this import so far
   */
  mark(faults: number): void {
    const { identified } = this;
    this.reached = { position: this.of.run.position, counts: this.counts(faults), identified };
  }

  /** Writes the state once everything up to it is durable. @throws RollscopeError `disk` */
  async save(): Promise<void> {
    if (!this.begun) return;
    this.lastNote = performance.now();
    const { run, source, format } = this.of;
    await run.sync();
    const { fromZero, parts, reached } = this;
    await writeImportState(run.folder, { source, format, fromZero, parts, ...reached });
  }

  /** Notes it unless it was noted just before. @throws RollscopeError `disk` */
  async saveOccasionally(): Promise<void> {
    if (performance.now() - this.lastNote > INTERVAL) await this.save();
  }
}
