/**
 * The parts of a run that are few, in addition to the columns: its first record, evaluations, forecast, warnings, and
 * how it ended. Pure.
 */
import type { Forecast, ForecastScore, ProblemForecast } from '../protocol/forecast.ts';
import type { ScoredBy } from '../protocol/group.ts';
import type { EvaluationRecord, RecordOf } from '../protocol/records.ts';

/** The prediction for one problem. */
export interface Prediction extends ProblemForecast {
  /** More likely than not, the amplified answer is wrong. */
  likelyWrong: boolean;
}

/** The predictions made before the first step. */
export interface RecordedForecast extends Pick<Forecast, 'reward' | 'by' | 'accuracy' | 'wrong'> {
  /** By problem index. An object, so that it can be sent and stored. */
  problems: Readonly<Record<number, Prediction>>;
}

/** The few parts of a run. Replaced, never changed in place, so that two heads can be compared by identity. */
export interface Head {
  run: RecordOf<'run'> | null;
  /** Number of problems that the run has. */
  problems: number;
  evaluations: readonly EvaluationRecord[];
  /** null before it is made, and in runs without one. */
  forecast: RecordedForecast | null;
  /** The outcome of the forecast; null before the end, and without labels. */
  forecastScore: (ForecastScore & { step: number }) | null;
  warnings: readonly RecordOf<'warning'>[];
  checkpoints: readonly RecordOf<'checkpoint'>[];
  /** The latest action of a person on the run. */
  lifecycle: RecordOf<'lifecycle'> | null;
  /** How the run ended; null while it is running, and again after it was resumed. */
  end: RecordOf<'end'> | null;
  /** True once any correctness is known: without labels, right and wrong are unknown everywhere. */
  labeled: boolean;
  /**
   * Whether the reward says right or wrong; otherwise it has no accuracy. false for another trainer's reward, of which
   * this is unknown.
   */
  saysRight: boolean;
  /** Models that computed token statistics afterwards, in order; [] if the trainer recorded all that is known. */
  scoredBy: readonly ScoredBy[];
  /** How many records of which unknown types were skipped. */
  skipped: Readonly<Record<string, number>>;
}

/** Before the first record. */
export const EMPTY_HEAD: Head = {
  run: null,
  problems: 0,
  evaluations: [],
  forecast: null,
  forecastScore: null,
  warnings: [],
  checkpoints: [],
  lifecycle: null,
  end: null,
  labeled: false,
  saysRight: true,
  scoredBy: [],
  skipped: {},
};

/** The forecast as it was recorded; null without one. */
export function recordedForecast({ forecast }: Pick<Head, 'forecast'>): Forecast | null {
  if (!forecast) return null;
  const { problems, ...rest } = forecast;
  const all = Object.values(problems);
  return {
    ...rest,
    problems: all.map(({ likelyWrong: _, ...problem }) => problem),
    likelyWrong: all.filter(({ likelyWrong }) => likelyWrong).map(({ problem }) => problem),
  };
}

/** The outcome of the forecast, as recorded; null before the end, and without labels. */
export function recordedScore({ forecastScore }: Pick<Head, 'forecastScore'>): ForecastScore | null {
  if (!forecastScore) return null;
  const { step: _, ...score } = forecastScore;
  return score;
}

/**
 * Size of the vocabulary of the token statistics: that of the run's model, otherwise that of the model which computed
 * them; null if neither is known.
 */
export function vocabularyOf({ run, scoredBy }: Pick<Head, 'run' | 'scoredBy'>): number | null {
  return run?.model.vocabulary ?? scoredBy[0]?.vocabulary ?? null;
}
