/**
 * The position of a run, and the last one that it can return to: what a checkpoint needs in addition to the weights.
 */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import * as z from 'zod';
import { parseChecked } from '../journal/checked.ts';
import type { Journal } from '../journal/journal.ts';
import type { RunConfig } from '../protocol/index.ts';
import { writeInPlace } from '../system/files.ts';
import type { RunCompute } from './compute.ts';
import { checkpointDue } from './schedule.ts';
import type { RunWatch } from './watch.ts';

/** `stage` comes next, with `step` updates done. */
export const LoopState = z.strictObject({ step: z.int().min(0), stage: z.enum(['evaluate', 'save', 'step']) });
export type LoopState = z.infer<typeof LoopState>;

export const LOOP_START: LoopState = { step: 0, stage: 'evaluate' };

const STATE_FILE = 'state.json';

/** @throws RollscopeError `run-broken` that names the file if it does not contain the place of a loop */
export async function readState(checkpoint: string): Promise<LoopState> {
  const file = path.join(checkpoint, STATE_FILE);
  return parseChecked(LoopState, await readFile(file, 'utf8'), file);
}

/** Writes a place into a checkpoint that is being made. */
export function writeState(checkpoint: string, state: LoopState): Promise<void> {
  return writeInPlace(path.join(checkpoint, STATE_FILE), `${JSON.stringify(state)}\n`);
}

interface LoopPositionParts {
  config: RunConfig;
  journal: Journal;
  compute: Pick<RunCompute, 'save'>;
  watch: RunWatch;
}

/** The position of one run in the loop: `advanceTo` after each stage, `save` when a checkpoint is due. */
export class LoopPosition {
  private safe: { state: LoopState; position: ReturnType<Journal['position']> };
  /** Between the first and the last of a step's several updates there is no position to go back to. */
  private isBetweenUpdates = false;

  constructor(
    private readonly parts: LoopPositionParts,
    state: LoopState,
  ) {
    this.safe = { state, position: parts.journal.position() };
  }

  /** Updates done. */
  get step(): number {
    return this.safe.state.step;
  }

  get stage(): LoopState['stage'] {
    return this.safe.state.stage;
  }

  /** A stage is complete: the run can return to this position, and its records so far are durable. */
  async advanceTo(step: number, stage: LoopState['stage']): Promise<void> {
    this.isBetweenUpdates = false;
    this.safe = { state: { step, stage }, position: this.parts.journal.position() };
    await this.parts.journal.sync();
  }

  /** The weights no longer correspond to the position. */
  invalidate(): void {
    this.isBetweenUpdates = true;
  }

  /**
   * Writes a checkpoint from which the run resumes exactly as it would have continued. Between the updates of one step
   * there is none to write: the run then resumes from the previous checkpoint.
   */
  async save(): Promise<void> {
    if (this.isBetweenUpdates) return;
    const { config, journal, compute, watch } = this.parts;
    const { step, stage } = this.safe.state;
    // A run that resumed from a checkpoint has it already.
    const state: LoopState = { step, stage: stage === 'save' ? 'step' : stage };
    await journal.writeCheckpoint(
      step,
      async (folder) => {
        await compute.save(folder);
        await writeState(folder, state);
      },
      this.safe.position,
      (saved) => watch.mustKeep(saved),
    );
    // Checkpoints written by a stop would not exist in a run that was never stopped.
    if (checkpointDue(config, step)) watch.addCheckpoint(step);
  }
}
