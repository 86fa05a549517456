/** How well confidence predicts correctness, per step. Each step is computed once, one at a time. */
import type { Peer } from '../engine/messages/peer.ts';
import type { MeasureAlignment } from '../engine/protocol/calibration.ts';
import type { Phase } from '../engine/protocol/group.ts';
import type { PanelContract } from '../engine/runs/panel-contract.ts';
import type { Failures } from './failures.ts';

export type CalibrationReading = { state: 'unread' | 'reading' | 'failed' } | CalibrationRead;
interface CalibrationRead {
  state: 'read';
  measures: readonly MeasureAlignment[];
}

/** Asks for the calibration of steps, one process at a time. */
export class CalibrationReader {
  private readonly readings = new Map<string, CalibrationReading>();
  private waiting: { phase: Phase; step: number }[] = [];
  private controller: AbortController | null = null;

  constructor(
    private readonly peer: Pick<Peer<PanelContract>, 'request'>,
    private readonly failures: Failures,
    private readonly run: () => string,
    private readonly changed: () => void,
    /** Whether the host computes, which a read-only one does not. */
    private readonly computes: boolean,
  ) {}

  /** The measurements of a step, if they are known; requests nothing. */
  of(phase: Phase, step: number): CalibrationReading {
    return this.readings.get(`${phase} ${step}`) ?? { state: 'unread' };
  }

  /** The measures of a step; null while they are not known. */
  measures(phase: Phase, step: number): readonly MeasureAlignment[] | null {
    const reading = this.of(phase, step);
    return reading.state === 'read' ? reading.measures : null;
  }

  /** Requests the steps that are neither known nor pending; failed ones only with `again`. */
  ask(phase: Phase, steps: readonly number[], { again = false } = {}): void {
    if (!this.computes) return;
    for (const step of steps) {
      const { state } = this.of(phase, step);
      if (state === 'reading' || state === 'read' || (state === 'failed' && !again)) continue;
      this.readings.set(`${phase} ${step}`, { state: 'reading' });
      this.waiting.push({ phase, step });
    }
    if (!this.controller) void this.work();
  }

  /** Drops everything, for another run. */
  clear(): void {
    this.controller?.abort();
    this.controller = null;
    this.waiting = [];
    this.readings.clear();
  }

  private async work(): Promise<void> {
    const controller = new AbortController();
    this.controller = controller;
    for (let next = this.waiting.shift(); next; next = this.waiting.shift()) {
      const { phase, step } = next;
      let reading: CalibrationReading;
      const fail = this.failures.begin('calibrate');
      try {
        const measures = await this.peer.request('calibrate', { run: this.run(), phase, step }, controller);
        reading = { state: 'read', measures };
      } catch (error) {
        reading = { state: 'failed' };
        if (!controller.signal.aborted) fail(error, () => this.ask(phase, [step], { again: true }));
      }
      if (controller.signal.aborted) return;
      this.readings.set(`${phase} ${step}`, reading);
      this.changed();
    }
    this.controller = null;
  }
}
