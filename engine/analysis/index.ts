/** The metrics of steps and evaluations; import the rest of the room from its files. */
export { evaluationMetrics } from './evaluation-metrics.ts';
export { stepMetrics } from './metrics.ts';
