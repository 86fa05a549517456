/** The forecast that a run keeps: recorded before the first step, scored after the last. */
import type { ProbedProblem } from '../analysis/forecast.ts';
import type { Journal } from '../journal/journal.ts';
import { noForecastText } from '../protocol/forecast-text.ts';
import type { Forecast, JournalRecord, RunConfig } from '../protocol/index.ts';
import { forecastRun, readsLabels, scoreOf } from './forecast.ts';

/** The forecast of one run. A resumed run feeds it its records with `restore`. */
export class RunForecast {
  private made: Forecast | null = null;

  constructor(
    private readonly config: RunConfig,
    private readonly journal: Journal,
  ) {}

  /** Takes in what an earlier part of the run recorded. */
  restore(record: JournalRecord): void {
    if (record.type === 'forecast') this.made = record.forecast;
  }

  /**
   * How many training problems are probed for it before the first step or after the last; none if there is no forecast
   * to score.
   */
  probeCount(step: number): number {
    if (step > 0) return this.made ? this.config.forecast : 0;
    return readsLabels(this.config) ? 0 : this.config.forecast;
  }

  /**
   * Whether the evaluations before the first step and after the last provide its data: their problems train, and none
   * are probed.
   */
  get usesEvaluations(): boolean {
    const { forecast, evaluation } = this.config;
    return forecast === 0 && !evaluation.dataset && evaluation.samples > 1;
  }

  /** Records the forecast (step 0) or its score (any other step), by rollouts of the policy as it is. */
  take(step: number, problems: readonly ProbedProblem[]): void {
    if (step === 0) {
      this.made = forecastRun(problems, this.config);
      if (this.made) this.journal.append({ type: 'forecast', step, forecast: this.made });
      return;
    }
    const score = this.made && scoreOf(this.made, problems);
    if (score) this.journal.append({ type: 'forecast-score', step, score });
  }

  /** Reports that there is no forecast if one was requested that the reward does not permit. */
  reportRefusal(): void {
    if (!readsLabels(this.config)) return;
    const message = noForecastText(this.config.reward);
    this.journal.append({ type: 'warning', code: 'forecast', message, step: null, problem: null });
  }
}
