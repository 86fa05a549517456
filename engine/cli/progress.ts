/**
 * Live progress on stderr: a block of lines redrawn in place on a terminal, otherwise a plain line every few seconds.
 * Evaluations and warnings scroll above the block.
 */
import { activityProgress } from '../protocol/activity.ts';
import { evaluatedText, readingText } from '../protocol/data-text.ts';
import { EMBEDDED } from '../protocol/embedded.ts';
import { integer, roughDuration } from '../protocol/format.ts';
import { STEP_METRICS } from '../protocol/metrics.ts';
import { quantityText } from '../protocol/quantities.ts';
import type { JournalRecord, StepRecord } from '../protocol/records.ts';
import type { Progress } from '../protocol/rpc.ts';
import { sparkline } from '../protocol/sparkline.ts';
import { visibleLine } from '../protocol/visible.ts';
import { eraseLines, type Sink, writeText } from './terminal.ts';

/** Milliseconds between redraws of the block, and between plain lines. */
const REDRAW = 100;
const PLAIN_INTERVAL_MS = 3000;
const CURVE = 32;
const BAR = 24;

/** The part of a terminal stream that the view uses; process.stderr provides it. */
export interface TerminalStream extends Sink {
  isTTY?: boolean;
  columns?: number;
}

/** Whether lines can be redrawn in place. Terminals without cursor control get plain lines. */
export function redraws(screen: TerminalStream): boolean {
  return screen.isTTY === true && process.env.TERM !== 'dumb' && process.env.CI !== 'true';
}

/** The progress of one run. Pass it records and progress as they arrive, and end it before printing anything else. */
export class ProgressView {
  readonly #screen: TerminalStream;
  readonly #live: boolean;
  #progress: Progress | null = null;
  #probes = false;
  #metrics: StepRecord['metrics'] | null = null;
  #tokensPerSecond: number | null = null;
  readonly #proxy: (number | null)[] = [];
  readonly #truth: (number | null)[] = [];
  readonly #majority: (number | null)[] = [];
  #drawnLines = 0;
  #timer: NodeJS.Timeout | null = null;
  #lastDrawn = 0;
  #lastPlain = '';

  /** @param screen stderr, since stdout is for results */
  constructor(screen: TerminalStream) {
    this.#screen = screen;
    this.#live = redraws(screen);
  }

  progress(progress: Progress): void {
    this.#progress = progress;
    this.#schedule();
  }

  record(record: JournalRecord): void {
    if (record.type === 'run') this.#probes = record.config?.job === 'probe';
    if (record.type === 'step') {
      this.#metrics = record.metrics;
      this.#tokensPerSecond = record.timing.rolloutTokensPerSecond;
      this.#proxy.push(record.metrics.proxyReward);
      this.#truth.push(record.metrics.groundTruthReward);
      this.#majority.push(record.metrics.majorityShare);
      this.#schedule();
    } else {
      const text = remarkOf(record, this.#probes);
      if (text) this.note(text);
    }
  }

  /** Prints a permanent line. */
  note(text: string): void {
    this.#erase();
    writeText(this.#screen, text);
    this.#draw();
  }

  /** Removes the block; nothing is drawn afterwards. */
  end(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#live) this.#erase();
    else if (this.#progress) this.#writePlain();
    this.#progress = null;
  }

  #schedule(): void {
    if (this.#timer) return;
    const wait = Math.max(0, this.#lastDrawn + (this.#live ? REDRAW : PLAIN_INTERVAL_MS) - Date.now());
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#lastDrawn = Date.now();
      if (this.#live) {
        this.#erase();
        this.#draw();
      } else this.#writePlain();
    }, wait);
    this.#timer.unref();
  }

  #writePlain(): void {
    const line = plainLine(this.#progress, this.#metrics, this.#tokensPerSecond);
    if (line === this.#lastPlain || line === '') return;
    this.#lastPlain = line;
    writeText(this.#screen, line);
  }

  #draw(): void {
    if (!this.#live || !this.#progress) return;
    const width = (this.#screen.columns ?? 80) - 1;
    const lines = this.#block(this.#progress).map((line) => truncateLine(visibleLine(line), width));
    writeText(this.#screen, lines.join('\n'));
    this.#drawnLines = lines.length;
  }

  #erase(): void {
    if (this.#drawnLines === 0) return;
    // Moves to the block's first line, then clears to the end of the screen.
    eraseLines(this.#screen, this.#drawnLines);
    this.#drawnLines = 0;
  }

  #block(progress: Progress): string[] {
    const done = progress.steps > 0 ? Math.min(1, progress.step / progress.steps) : 0;
    const filled = Math.round(done * BAR);
    const bar = '█'.repeat(filled) + '░'.repeat(BAR - filled);
    const head = progress.steps > 0 ? `step ${progress.step}/${progress.steps}  ${bar}  ` : '';
    const lines = [`${head}${activityOf(progress)}`];
    if (this.#metrics) {
      const range = { low: 0, high: 1 };
      const curve = (values: (number | null)[]) => sparkline(values, CURVE, range);
      const shown = { proxyReward: this.#proxy, groundTruthReward: this.#truth, majorityShare: this.#majority };
      for (const [metric, values] of Object.entries(shown) as [keyof typeof shown, (number | null)[]][]) {
        const title = STEP_METRICS[metric].title.toLowerCase();
        lines.push(
          `  ${title.padEnd(19)}  ${quantityText(STEP_METRICS[metric].quantity, this.#metrics[metric]).padEnd(4)}  ${curve(values)}`,
        );
      }
    }
    const known = [speed(progress, this.#tokensPerSecond), timeLeft(progress)].filter((part) => part !== null);
    if (known.length > 0) lines.push(`  ${known.join('   ')}`);
    return lines;
  }
}

function plainLine(
  progress: Progress | null,
  metrics: StepRecord['metrics'] | null,
  tokensPerSecond: number | null,
): string {
  // A probe's results make clear that it has ended.
  if (!progress || (progress.state === 'ended' && progress.steps === 0)) return '';
  const parts = progress.steps > 0 ? [`step ${progress.step}/${progress.steps}`] : [];
  if (metrics) {
    parts.push(
      `proxy reward ${quantityText('reward', metrics.proxyReward)}`,
      `ground-truth reward ${quantityText('share', metrics.groundTruthReward)}`,
      `majority share ${quantityText('share', metrics.majorityShare)}`,
    );
  }
  const known = [speed(progress, tokensPerSecond), progress.state === 'ended' ? null : timeLeft(progress)];
  parts.push(...known.filter((part) => part !== null), `(${activityOf(progress)})`);
  return parts.join('  ');
}

function activityOf(progress: Progress): string {
  const { state } = progress;
  if (state === 'ended') return state;
  const activity = activityProgress(progress);
  return state === 'running' ? activity : `${state}: ${activity}`;
}

function speed(progress: Progress, last: number | null): string | null {
  const value = progress.tokensPerSecond ?? last;
  return value === null ? null : `${integer(value)} tokens/s`;
}

function timeLeft({ secondsLeft }: Progress): string | null {
  return secondsLeft === null ? null : `${roughDuration(secondsLeft)} left`;
}

/** The permanent line for a record above the progress block; null for none. A probe is one evaluation, at no step. */
export function remarkOf(record: JournalRecord, probes = false): string | null {
  switch (record.type) {
    case 'run':
      return record.data?.some(({ source }) => source !== EMBEDDED) ? record.data.map(readingText).join('\n') : null;
    case 'evaluation': {
      const on = record.sampledFrom === undefined ? '' : ` (${evaluatedText(record)})`;
      const head = `${probes ? 'probe' : `evaluation at step ${record.step}`}${on}`;
      if (!record.accuracy) return `${head}: majority share ${quantityText('share', record.majorityShare)}`;
      return `${head}: accuracy ${quantityText('accuracy', record.accuracy)}, majority accuracy ${quantityText('accuracy', record.majorityAccuracy?.mean)}`;
    }
    case 'warning':
      // It ends the run, and the end record repeats it.
      if (record.code === 'non-finite') return null;
      return `warning: ${record.message}`;
    case 'lifecycle':
      return record.message ? `${record.event}: ${record.message}` : null;
    default:
      return null;
  }
}

/** Truncates to the terminal width: a wrapped line would need two lines erased. */
function truncateLine(text: string, width: number): string {
  return [...text].slice(0, width).join('');
}
