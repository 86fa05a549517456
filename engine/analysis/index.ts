export { evaluationMetrics } from './evaluation-metrics.ts';
export { stepMetrics } from './metrics.ts';
