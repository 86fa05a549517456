/** One line of progress on stderr: redrawn in place on a terminal, otherwise printed every few seconds. */
import { redraws, type TerminalStream } from './progress.ts';

/** Milliseconds between plain lines. */
const PLAIN_INTERVAL_MS = 5000;

/** A line that is redrawn until `end`. */
export class ProgressLine {
  private readonly live: boolean;
  private drawn = '';
  private printed = 0;

  /** @param screen stderr, since stdout is for results */
  constructor(private readonly screen: TerminalStream) {
    this.live = redraws(screen);
  }

  show(text: string): void {
    if (text === this.drawn) return;
    if (this.live) {
      const line = text.slice(0, Math.max(20, (this.screen.columns ?? 80) - 1));
      this.screen.write(`\r${line}\u001b[K`);
    } else {
      if (performance.now() - this.printed < PLAIN_INTERVAL_MS) return;
      this.printed = performance.now();
      this.screen.write(`${text}\n`);
    }
    this.drawn = text;
  }

  /** Keeps the line; later output starts on a new one. */
  end(): void {
    if (this.live && this.drawn !== '') this.screen.write('\n');
    this.drawn = '';
  }
}
