/** How far an import has come: which parts are in the run, and from where it continues after it was stopped or killed. */
import { type ImportState, writeImportState } from '../journal/import-state.ts';
import type { Phase } from '../protocol/group.ts';
import type { DumpPart } from './importer.ts';
import type { ImportedRun } from './run.ts';

/** Least milliseconds between two notes, each of which waits for the disk. */
const INTERVAL = 1000;

export interface Continued {
  /** Absolute path of what is imported. */
  source: string;
  /** Name of the importer. */
  format: string;
  run: ImportedRun;
  /** What an earlier import has noted. */
  before: ImportState | null;
  /** The dump says that the trainer's first step of training is 0. */
  fromZero: boolean;
}

/** The parts that an import has taken and those that are new, its steps, and the note that it is continued from. */
export class Continuation {
  private readonly parts: ImportState['parts'];
  private readonly earlier: ImportState['counts'];
  private fromZero: boolean;
  private lastNote = 0;
  /** After the last whole part: what comes after it is read again when the import is continued. */
  private reached: Pick<ImportState, 'position' | 'counts' | 'identified'>;
  /** Problems have ids of the log's own. */
  identified: boolean;
  /** The last step of which a part was taken. */
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

  /** Everything that was imported, by earlier imports too. @param faults those of this import */
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

  /** New parts, and those that the trainer wrote again, with all of the later steps, which a step that comes again ends. */
  freshOf(parts: readonly DumpPart[]): DumpPart[] {
    const changed = parts.filter(({ name, stamp }) => this.parts[name] && this.parts[name].stamp !== stamp);
    const back = new Map<Phase, number>();
    for (const { phase, step } of changed) back.set(phase, Math.min(step, back.get(phase) ?? step));
    return parts.filter(({ name, phase, step }) => !this.parts[name] || step >= (back.get(phase) ?? step + 1));
  }

  /** The trainer counts its steps of training from 0. */
  countsFromZero(): void {
    this.fromZero = true;
  }

  /** Steps count the updates that were made: what was sampled for the first is step 1, what was evaluated before it 0. */
  stepOf({ phase, step }: Pick<DumpPart, 'phase' | 'step'>): number {
    return phase === 'train' && this.fromZero ? step + 1 : step;
  }

  /** The part is in the run, as this step. */
  taken({ name, stamp, phase }: DumpPart, step: number): void {
    this.latest = Math.max(this.latest, step);
    this.parts[name] = { stamp, step, phase };
  }

  /** The import can be continued from here. @param faults those of this import up to here */
  mark(faults: number): void {
    const { identified } = this;
    this.reached = { position: this.of.run.position, counts: this.counts(faults), identified };
  }

  /** Notes how far the import has come, once that is on the disk. @throws RollscopeError `disk` */
  async note(): Promise<void> {
    if (!this.begun) return;
    this.lastNote = performance.now();
    const { run, source, format } = this.of;
    await run.sync();
    const { fromZero, parts, reached } = this;
    await writeImportState(run.folder, { source, format, fromZero, parts, ...reached });
  }

  /** Notes it unless it was noted just before. @throws RollscopeError `disk` */
  async noteSometimes(): Promise<void> {
    if (performance.now() - this.lastNote > INTERVAL) await this.note();
  }
}
