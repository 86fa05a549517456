/**
 * The collapse watch: one rule over label-free signals. Step by step, it compares a run with its own first steps, and
 * reports `ok`, `watch` or `collapse` with reasons. Deterministic: the same records yield the same reports, as after a
 * resume.
 *
 * The rule. Each signal is smoothed over the last 3 steps; its start is the mean of the first 5. From both, `SIGNALS`
 * computes a signal's badness, which is at `watch` or `alarm` if it reaches the signal's threshold in two consecutive steps.
 * Signals that never occur in a healthy run are `sufficient`; the others accompany collapse, but also success. The level is
 * - `collapse` with one alarm of a sufficient signal, or alarms of two signals;
 * - `watch` with one alarm or one sufficient signal at `watch`, or two signals at `watch`;
 * - `ok` otherwise, and always in the first 5 steps.
 */
import { significant } from '../protocol/format.ts';
import type { EvaluationRecord, StepRecord } from '../protocol/records.ts';
import { mean } from '../protocol/values.ts';
import { WATCHED_METRICS } from '../protocol/watched-metrics.ts';

/** The metrics of a step that the watch reads; null, if undefined, never counts against the run. */
export interface WatchedStep {
  step: number;
  metrics: Pick<
    StepRecord['metrics'],
    | 'length'
    | 'repetition'
    | 'noAnswer'
    | 'truncated'
    | 'answerEntropy'
    | 'answerDiversity'
    | 'confidenceAgreement'
    | 'kl'
  >;
}

/** What it reads from an evaluation: the share of settled votes that are unchanged since the first one (`voteStability`). */
export interface WatchedEvaluation extends Pick<EvaluationRecord, 'step'> {
  stability: number | null;
}

export const WATCH_RULES = { start: 5, smoothing: 3 } as const;

export const LEVELS = ['ok', 'watch', 'collapse'] as const;
export type WatchLevel = (typeof LEVELS)[number];

interface Signal {
  title: string;
  metric: keyof WatchedStep['metrics'];
  /** How bad the value is, given its start and its lowest value so far, all smoothed. */
  badness: (now: number, start: number, lowest: number) => number;
  watch: number;
  alarm: number;
  sufficient: boolean;
  /** Which value the reason compares with. */
  from: 'start' | 'lowest';
}

const relativeLoss = (now: number, start: number) => (start > 0 ? 1 - now / start : 0);
const relativeGain = (now: number, start: number) => (start > 0 ? now / start - 1 : 0);
const absoluteRise = (now: number, start: number) => now - start;

export const SIGNALS = {
  /** Short answers win: relative loss of mean length. */
  shorter: {
    title: 'response length',
    metric: WATCHED_METRICS.shorter,
    badness: relativeLoss,
    watch: 0.3,
    alarm: 0.5,
    sufficient: true,
    from: 'start',
  },
  /** Padding, although a model that learns to reason also writes more. */
  longer: {
    title: 'response length',
    metric: WATCHED_METRICS.longer,
    badness: relativeGain,
    watch: 0.75,
    alarm: 2,
    sufficient: false,
    from: 'start',
  },
  /** Loops: increase in the share of repeated trigrams. */
  repetition: {
    title: 'repeated trigrams',
    metric: WATCHED_METRICS.repetition,
    badness: absoluteRise,
    watch: 0.1,
    alarm: 0.25,
    sufficient: true,
    from: 'start',
  },
  unanswered: {
    title: 'responses without an answer',
    metric: WATCHED_METRICS.unanswered,
    badness: absoluteRise,
    watch: 0.1,
    alarm: 0.3,
    sufficient: true,
    from: 'start',
  },
  truncated: {
    title: 'truncated responses',
    metric: WATCHED_METRICS.truncated,
    badness: absoluteRise,
    watch: 0.15,
    alarm: 0.4,
    sufficient: false,
    from: 'start',
  },
  /** The same answer to every problem: relative loss of distinct majority answers. */
  uniform: {
    title: 'distinct majority answers',
    metric: WATCHED_METRICS.uniform,
    badness: relativeLoss,
    watch: 0.3,
    alarm: 0.5,
    sufficient: true,
    from: 'start',
  },
  /** Certainty about every problem: an effect of any training on one's own votes, hence never more than `watch`. */
  certain: {
    title: 'answer entropy',
    metric: WATCHED_METRICS.certain,
    badness: relativeLoss,
    watch: 0.95,
    alarm: Number.POSITIVE_INFINITY,
    sufficient: false,
    from: 'start',
  },
  /** Votes that had agreed diverge again, in nats above the lowest entropy so far. */
  unsettled: {
    title: 'answer entropy',
    metric: WATCHED_METRICS.unsettled,
    badness: (now, _, lowest) => now - lowest,
    watch: 0.2,
    alarm: 0.4,
    sufficient: false,
    from: 'lowest',
  },
  /** Two independent confidences, likelihood and vote, disagree. */
  disagreement: {
    title: 'agreement of likelihood and majority',
    metric: WATCHED_METRICS.disagreement,
    badness: (now, start) => start - now,
    watch: 0.12,
    alarm: 0.25,
    sufficient: false,
    from: 'start',
  },
  /**
   * The policy has drifted from its reference: nats/token, absolute. In the paper, stable sets reach 0.06 and collapsing
   * ones 0.12; with the embedded model, healthy runs, including the oracle's, stay below 0.05, and runs that reach 0.3 have
   * by then lost half of their accuracy.
   */
  drift: {
    title: 'KL to the reference policy per token',
    metric: WATCHED_METRICS.drift,
    badness: (now) => now,
    watch: 0.1,
    alarm: 0.3,
    sufficient: true,
    from: 'start',
  },
} as const satisfies Record<string, Signal>;

/** Share of settled majorities on evaluation problems that changed since the first evaluation: watch and alarm. */
export const FLIPPED_VOTES = {
  title: 'settled majorities on evaluation problems',
  watch: 0.3,
  alarm: 0.5,
  sufficient: true,
} as const;

type SignalName = keyof typeof SIGNALS;

export interface WatchReason {
  signal: SignalName | 'flipped';
  level: 'watch' | 'alarm';
  /** Such as `response length went from 11.8 to 5.1`. */
  text: string;
}

export interface WatchState {
  step: number;
  level: WatchLevel;
  /** Signals at `watch` or `alarm`, alarms first. */
  reasons: WatchReason[];
}

/** The state of the watch on one run. Pass it each step and evaluation once, in order. */
export class CollapseWatch {
  readonly #values = new Map<SignalName, { seen: number[]; lowest: number; last: 'watch' | 'alarm' | null }>();
  #steps = 0;
  #flipped: number | null = null;

  /** Processes an evaluation; its stability counts until the next one. */
  evaluated({ stability }: WatchedEvaluation): void {
    this.#flipped = stability === null ? null : 1 - stability;
  }

  /** Processes the next step and reports the state of the run. */
  feed({ step, metrics }: WatchedStep): WatchState {
    this.#steps++;
    const reasons: WatchReason[] = [];
    let sufficientAlarm = false;
    let sufficientWatch = false;
    const count = (reason: WatchReason, sufficient: boolean) => {
      reasons.push(reason);
      if (!sufficient) return;
      sufficientWatch = true;
      sufficientAlarm ||= reason.level === 'alarm';
    };
    for (const name of Object.keys(SIGNALS) as SignalName[]) {
      const reason = this.#look(name, metrics[SIGNALS[name].metric]);
      if (reason) count(reason, SIGNALS[name].sufficient);
    }
    const flipped = this.#lookAtVotes();
    if (flipped) count(flipped, FLIPPED_VOTES.sufficient);
    if (this.#steps <= WATCH_RULES.start) return { step, level: 'ok', reasons: [] };
    const alarms = reasons.filter(({ level }) => level === 'alarm').length;
    let level: WatchLevel = 'ok';
    if (alarms > 0 || sufficientWatch || reasons.length > 1) level = 'watch';
    if (sufficientAlarm || alarms > 1) level = 'collapse';
    reasons.sort((a, b) => Number(b.level === 'alarm') - Number(a.level === 'alarm'));
    return { step, level, reasons };
  }

  #look(name: SignalName, value: number | null): WatchReason | null {
    const { start, smoothing } = WATCH_RULES;
    const state = this.#values.get(name) ?? { seen: [], lowest: Number.POSITIVE_INFINITY, last: null };
    this.#values.set(name, state);
    // A missing value says nothing, and interrupts consecutive bad ones.
    if (value === null) {
      state.last = null;
      return null;
    }
    state.seen.push(value);
    if (state.seen.length <= start) return null;
    const signal: Signal = SIGNALS[name];
    const from = mean(state.seen.slice(0, start))!;
    const now = mean(state.seen.slice(-smoothing))!;
    state.lowest = Math.min(state.lowest, now, from);
    const level = levelOf(signal.badness(now, from, state.lowest), signal);
    const lasting = level && state.last ? lowerLevel(level, state.last) : null;
    state.last = level;
    if (!lasting) return null;
    const before = signal.from === 'lowest' ? state.lowest : from;
    return { signal: name, level: lasting, text: `${signal.title} went from ${short(before)} to ${short(now)}` };
  }

  #lookAtVotes(): WatchReason | null {
    if (this.#flipped === null) return null;
    const level = levelOf(this.#flipped, FLIPPED_VOTES);
    const text = `${short(100 * this.#flipped)}% of the ${FLIPPED_VOTES.title} changed since the first evaluation`;
    return level && { signal: 'flipped', level, text };
  }
}

/** The lower level, since a level must persist for two consecutive steps. */
function lowerLevel(a: 'watch' | 'alarm', b: 'watch' | 'alarm'): 'watch' | 'alarm' {
  return a === 'alarm' && b === 'alarm' ? 'alarm' : 'watch';
}

function levelOf(badness: number, { watch, alarm }: { watch: number; alarm: number }): 'watch' | 'alarm' | null {
  return badness >= alarm ? 'alarm' : badness >= watch ? 'watch' : null;
}

function short(value: number): string {
  return String(significant(value));
}

/** A run to score: the step of the first `collapse`, and the step of the fall by its labels. */
export interface WatchedRun {
  run: string;
  alarm: number | null;
  /** `fallStep` of its curve; null if it did not fall. */
  fall: number | null;
}

/** A warning is in time if it comes at most this many steps after the fall: the usual checkpoint interval. */
export const IN_TIME = 10;

/** Outcome of a warning and a fall: `late` is a warning more than `IN_TIME` steps after the fall. */
export type WatchOutcome = 'hit' | 'late' | 'miss' | 'false alarm' | 'quiet';

/** Scores a warning against labels. A warning long before the fall is a hit, too: its lead is reported with it. */
export function watchOutcome({ alarm, fall }: Pick<WatchedRun, 'alarm' | 'fall'>): WatchOutcome {
  if (fall === null) return alarm === null ? 'quiet' : 'false alarm';
  if (alarm === null) return 'miss';
  return alarm - fall <= IN_TIME ? 'hit' : 'late';
}
