/**
 * The collapse watch over a run of another trainer: the rule of `engine/analysis/watch.ts`, as for runs of our own. What the
 * trainer logs of a step, such as KL, may come later than its rollouts, and a step may come again: so the rule is applied
 * to all steps from the beginning whenever there is news, and what it had not warned of before is recorded. Whether settled
 * votes on evaluation problems may change is not asked: the reward may rightly overturn them.
 */
import { CollapseWatch, type WatchedStep, type WatchLevel } from '../analysis/watch.ts';
import { COLLAPSE_ADVICE, isMoreSevere, watchWarning } from '../analysis/watch-warning.ts';
import type { JournalRecord, MetricsRecord, NewRecord } from '../protocol/records.ts';
import { watchLevelOf } from '../protocol/warnings.ts';

type Watched = WatchedStep['metrics'];

const UNKNOWN_METRICS: Watched = {
  length: null,
  repetition: null,
  noAnswer: null,
  truncated: null,
  answerEntropy: null,
  answerDiversity: null,
  confidenceAgreement: null,
  kl: null,
};

/** TRL's and verl's names for the metrics that the watch reads, for logs without rollouts. */
const LOGGED: Readonly<Record<string, keyof Watched>> = {
  'completions/mean_length': 'length',
  'train/completions/mean_length': 'length',
  'response_length/mean': 'length',
  'completions/clipped_ratio': 'truncated',
  'train/completions/clipped_ratio': 'truncated',
  'response_length/clip_ratio': 'truncated',
};

/** Gets a run's records in order. */
export class ImportWatch {
  /** By step: metrics from its rollouts, and metrics from the log. */
  private readonly steps = new Map<number, Watched>();
  private readonly logged = new Map<number, Partial<Watched>>();
  /** Warnings that were recorded. */
  private readonly told = new Set<string>();
  private isNews = false;
  private last = 0;

  take(record: JournalRecord): void {
    if (record.type === 'step') this.step(record.step, record.metrics);
    else if (record.type === 'metrics') this.log(record);
    else if (record.type === 'warning' && watchLevelOf(record)) this.told.add(keyOf(record));
  }

  /** New warnings, which were not recorded yet, in step order. */
  newWarnings(): NewRecord[] {
    if (!this.isNews) return [];
    this.isNews = false;
    const rule = new CollapseWatch();
    const found: NewRecord[] = [];
    let level: WatchLevel = 'ok';
    const steps = new Set([...this.steps.keys(), ...this.logged.keys()]);
    for (const step of [...steps].sort((a, b) => a - b)) {
      const state = rule.feed({ step, metrics: this.metricsOf(step) });
      if (isMoreSevere(state.level, level)) found.push(watchWarning(state, COLLAPSE_ADVICE));
      level = state.level;
    }
    return found.filter((item) => item.type === 'warning' && !this.told.has(keyOf(item)));
  }

  /** A repeated step removes those after it. */
  private step(step: number, metrics: Watched): void {
    this.isNews = true;
    if (step <= this.last)
      for (const known of [...this.steps.keys(), ...this.logged.keys()]) if (known >= step) this.forget(known);
    this.last = step;
    this.steps.set(step, metrics);
  }

  private forget(step: number): void {
    this.steps.delete(step);
    this.logged.delete(step);
  }

  private log({ step, metrics, foreign }: MetricsRecord): void {
    const named = Object.entries(foreign).flatMap(([name, value]) => {
      const own = Object.hasOwn(LOGGED, name) ? LOGGED[name] : undefined;
      return own && value !== null ? [[own, value] as const] : [];
    });
    const { kl = null } = metrics;
    this.isNews = true;
    this.last = Math.max(this.last, step);
    this.logged.set(step, { ...this.logged.get(step), ...Object.fromEntries(named), ...(kl !== null && { kl }) });
  }

  /** Metrics computed from rollouts take precedence over the trainer's. */
  private metricsOf(step: number): Watched {
    const computed = this.steps.get(step);
    const metrics = { ...UNKNOWN_METRICS, ...this.logged.get(step) };
    for (const name of Object.keys(UNKNOWN_METRICS) as (keyof Watched)[])
      metrics[name] = computed?.[name] ?? metrics[name];
    return metrics;
  }
}

function keyOf({ code, step }: { code: string; step: number | null }): string {
  return `${code} ${step}`;
}
