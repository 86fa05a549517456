/** The forecast of a run, as it is stored in a run. Everything in it was computed without labels. */
import * as z from 'zod';
import { Estimate } from './estimate.ts';

export const ProblemForecast = z.strictObject({
  problem: z.int().min(0),
  votes: z.int().min(1),
  /** The answer that training under the reward will amplify; null when no rollout has an answer. */
  answer: z.string().nullable(),
  /** Whether that is the majority answer. */
  majority: z.boolean(),
  /** Its share of the rollouts, with Wilson's interval. */
  share: Estimate.nullable(),
  /** Its share minus that of the next answer. */
  margin: z.number().nullable(),
  /** Entropy of the answers, nats. */
  answerEntropy: z.number().nullable(),
  /** Mean log-probability of its rollouts minus that of the others, in nats/token; null if there are no others. */
  confidenceGap: z.number().nullable(),
  /** AUROC of the mean log-probability for giving this answer; null without others. */
  agreement: z.number().nullable(),
  /** The same for self-certainty; null if it was not measured. */
  certaintyAgreement: z.number().nullable(),
  /** Its share under the optimum pi*. */
  optimum: z.number().nullable(),
  /** Probability that it is right; 0 without an answer. */
  right: z.number().min(0).max(1),
});
export type ProblemForecast = z.infer<typeof ProblemForecast>;

export const Forecast = z.strictObject({
  /** The expression of the reward that trains. */
  reward: z.string(),
  /**
   * The reward that it was computed with: a substitute if the training reward's evidence was not available. Absent in
   * runs of older versions.
   */
  by: z.string().optional(),
  problems: z.array(ProblemForecast),
  /** Expected share of problems whose amplified answer is correct, with the 95% interval of the outcome. */
  accuracy: Estimate.nullable(),
  /** Expected number of wrong majorities after training, and the problems for which one is more likely than not. */
  wrong: z.number().min(0),
  likelyWrong: z.array(z.int().min(0)),
});
export type Forecast = z.infer<typeof Forecast>;

export const ForecastScore = z.strictObject({
  /** Problems with an outcome. */
  problems: z.int().min(1),
  /** AUROC of the forecast probability for ending right; null when all ended alike. */
  auroc: Estimate.nullable(),
  /** Mean squared difference of the probability from the outcome. */
  brier: Estimate,
  /**
   * Brier score of the base-rate baseline, which predicts the mean of the outcomes for every problem.
   */
  baseBrier: z.number(),
  /** Mean forecast probability, and share of problems that ended right, over these problems. */
  expected: z.number(),
  actual: Estimate,
});
export type ForecastScore = z.infer<typeof ForecastScore>;
