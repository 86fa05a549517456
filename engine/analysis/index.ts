export { averageAtK, majorityAtK, passAtK } from './at-k.ts';
export { bootstrap, wilson } from './estimates.ts';
export {
  estimatesAtK,
  evaluationMetrics,
  type JudgedGroup,
  labelAccuracy,
  repeatedTrigrams,
  rewardAccuracy,
  stepMetrics,
} from './metrics.ts';
