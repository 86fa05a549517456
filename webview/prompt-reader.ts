/** The prompts of the run that is shown, as the model got them: each is read once, when it is unfolded. */
import type { Peer } from '../engine/messages/peer.ts';
import type { PanelContract } from '../engine/runs/panel-contract.ts';
import type { Failures } from './failures.ts';

export type PromptReading =
  | { state: 'reading' }
  | { state: 'failed' }
  /** null: the run does not have it. */
  | { state: 'read'; text: string | null };

/** Reads prompts of the run that is shown, each once, and again only after a failure. */
export class PromptReader {
  private readonly readings = new Map<number, PromptReading>();

  constructor(
    private readonly peer: Pick<Peer<PanelContract>, 'request'>,
    private readonly failures: Failures,
    private readonly run: () => string,
    private readonly changed: () => void,
  ) {}

  /** The prompt of a problem; the first call asks for it. */
  of(problem: number): PromptReading {
    const known = this.readings.get(problem);
    if (known) return known;
    const reading: PromptReading = { state: 'reading' };
    void this.read(problem, reading);
    return reading;
  }

  /** Asks again for one that could not be read. */
  ask(problem: number): void {
    if (this.readings.get(problem)?.state === 'failed') this.readings.delete(problem);
    this.of(problem);
  }

  /** Drops everything, for another run. */
  clear(): void {
    this.readings.clear();
  }

  private async read(problem: number, reading: PromptReading): Promise<void> {
    this.readings.set(problem, reading);
    const fail = this.failures.begin('readPrompt');
    let read: PromptReading;
    try {
      read = { state: 'read', text: await this.peer.request('readPrompt', { run: this.run(), problem }) };
    } catch (error) {
      read = { state: 'failed' };
      fail(error, () => void this.read(problem, { state: 'reading' }));
    }
    if (this.readings.get(problem) !== reading) return;
    this.readings.set(problem, read);
    this.changed();
  }
}
