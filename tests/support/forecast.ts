/** A forecast with the given problems, for tests of its display. */
import type { Forecast, ProblemForecast } from '../../engine/protocol/index.ts';

/** One problem's forecast: by default a clear majority for 16. */
export function problemForecast(problem: number, over: Partial<ProblemForecast> = {}): ProblemForecast {
  return {
    problem,
    votes: 8,
    answer: '16',
    majority: true,
    share: { mean: 0.75, low: 0.41, high: 0.93 },
    margin: 0.5,
    answerEntropy: 0.56,
    confidenceGap: 0.12,
    agreement: 0.8,
    certaintyAgreement: null,
    optimum: 0.98,
    right: 0.83,
    ...over,
  };
}

export function forecastOf(problems: ProblemForecast[]): Forecast {
  const wrong = problems.filter(({ answer, right }) => answer !== null && right < 0.5);
  return {
    reward: 'majority-vote',
    problems,
    accuracy: { mean: 0.7, low: 0.6, high: 0.8 },
    wrong: problems.reduce((total, { right }) => total + 1 - right, 0),
    likelyWrong: wrong.map(({ problem }) => problem),
  };
}
