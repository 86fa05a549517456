/** The metrics of steps and evaluations; single files have the rest of the room. */
export { evaluationMetrics } from './evaluation-metrics.ts';
export { stepMetrics } from './metrics.ts';
