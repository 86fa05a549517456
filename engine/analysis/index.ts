export { evaluationMetrics, stepMetrics } from './metrics.ts';
