/**
 * Metrics that a trainer writes as JSON Lines with their step; several lines about one step are merged. A run is looked
 * at many times while it trains, so each look reads only what is new.
 */
import type { RowValues } from '../data/fields.ts';
import { numberIn } from './cells.ts';
import type { ReadContext } from './importer.ts';
import { fileState, type ScanPosition, scanLines } from './line-index.ts';
import type { ForeignMetrics } from './metrics.ts';

/** Reads the metrics of a line; null if it has none. */
type ReadMetrics = (values: RowValues) => ForeignMetrics | null;

/** One file. What was read is kept until the file shrinks. */
export class MetricsLines {
  private position: ScanPosition = { offset: 0, lines: 0 };
  private readonly bySteps = new Map<number, ForeignMetrics>();

  /** @param name of the file, within what is imported */
  constructor(
    private readonly file: string,
    private readonly name: string,
    private readonly said: ReadMetrics,
  ) {}

  /** Everything read so far; empty without the file. Of two values for the same name and step, the later one counts. */
  async read(context: ReadContext): Promise<ForeignMetrics[]> {
    const size = (await fileState(this.file))?.size ?? 0;
    if (size < this.position.offset) this.restart();
    if (size > this.position.offset) {
      // A line that the trainer is still writing is read once it is complete.
      for await (const { values } of scanLines(this.file, this.name, this.position, context, false)) {
        const found = this.said(values);
        if (found === null) continue;
        const { step } = found;
        this.bySteps.set(step, { step, values: { ...this.bySteps.get(step)?.values, ...found.values } });
      }
    }
    return [...this.bySteps.values()];
  }

  /** The file was rewritten. */
  private restart(): void {
    this.position = { offset: 0, lines: 0 };
    this.bySteps.clear();
  }
}

/** Values of a line that are not metrics. */
const NOT_METRICS = new Set(['step', 'time', '_timestamp', '_step', '_runtime']);

/** A line whose numbers are metrics of the step that it names. */
export function plainMetrics(values: RowValues): ForeignMetrics | null {
  const step = numberIn(values.step);
  if (step === null || !Number.isSafeInteger(step)) return null;
  const numbers = Object.entries(values).flatMap(([name, value]) => {
    const number = numberIn(value);
    return NOT_METRICS.has(name) || number === null ? [] : [[name, number] as const];
  });
  return { step, values: Object.fromEntries(numbers) };
}

/** The metrics of a line that has them in an object. */
export function metricsWithin(step: unknown, metrics: object): ForeignMetrics | null {
  const at = numberIn(step);
  if (at === null) return null;
  const values = Object.entries(metrics).map(([name, value]) => [name, numberIn(value)] as const);
  return { step: at, values: Object.fromEntries(values) };
}
