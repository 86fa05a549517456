export { evaluationMetrics, repeatedTrigrams, stepMetrics } from './metrics.ts';
