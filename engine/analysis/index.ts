export { type AnswerCount, averageAtK, majorityAtK, passAtK } from './at-k.ts';
export { bootstrap, mean, wilson } from './estimates.ts';
export {
  correctness,
  type EvaluationMetrics,
  estimatesAtK,
  evaluationMetrics,
  type JudgedGroup,
  labelAccuracy,
  rewardAccuracy,
  type StepMetrics,
  stepMetrics,
} from './metrics.ts';
