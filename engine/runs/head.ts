/** What a run has only a few of, in addition to the columns: its first record, evaluations, forecast, warnings, how it ended. Pure. */
import type { Forecast, ForecastScore, ProblemForecast } from '../protocol/forecast.ts';
import type { ScoredBy } from '../protocol/group.ts';
import type { EvaluationRecord, JournalRecord } from '../protocol/records.ts';

type RecordOf<T extends JournalRecord['type']> = Extract<JournalRecord, { type: T }>;

/** What was predicted of one problem. */
export interface Prediction extends ProblemForecast {
  /** More likely than not, the amplified answer is wrong. */
  likelyWrong: boolean;
}

/** What was predicted before the first step. */
export interface RecordedForecast extends Pick<Forecast, 'reward' | 'by' | 'accuracy' | 'wrong'> {
  /** By the problem's index. An object, so that it survives being sent and stored. */
  problems: Readonly<Record<number, Prediction>>;
}

/** What a run has only a few of. Replaced, never changed in place, so that two heads can be compared by identity. */
export interface Head {
  run: RecordOf<'run'> | null;
  /** Number of problems that the run has. */
  problems: number;
  evaluations: readonly EvaluationRecord[];
  /** null before it is made, and in runs without one. */
  forecast: RecordedForecast | null;
  /** How the forecast turned out; null before the end, and without labels. */
  forecastScore: (ForecastScore & { step: number }) | null;
  warnings: readonly RecordOf<'warning'>[];
  checkpoints: readonly RecordOf<'checkpoint'>[];
  /** The latest thing that people did to the run. */
  lifecycle: RecordOf<'lifecycle'> | null;
  /** How the run ended; null while it is running, and again after it was resumed. */
  end: RecordOf<'end'> | null;
  /** True once any correctness is known: without labels, right and wrong are unknown everywhere. */
  labeled: boolean;
  /** Whether the reward says right or wrong: without, it has no accuracy. Of another trainer's reward this is not known: false. */
  saysRight: boolean;
  /** Models that computed token statistics afterwards, in their order; [] where all that is known was recorded by the trainer. */
  scoredBy: readonly ScoredBy[];
  /** How many records were passed over, by their types, which this version does not know. */
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

/** How the forecast turned out, as it was recorded; null before the end, and without labels. */
export function recordedScore({ forecastScore }: Pick<Head, 'forecastScore'>): ForecastScore | null {
  if (!forecastScore) return null;
  const { step: _, ...score } = forecastScore;
  return score;
}

/** Size of the vocabulary that token statistics run over: the run's model's, else that of the model which computed them; null where neither is known. */
export function vocabularyOf({ run, scoredBy }: Pick<Head, 'run' | 'scoredBy'>): number | null {
  return run?.model.vocabulary ?? scoredBy[0]?.vocabulary ?? null;
}
