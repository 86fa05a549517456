export { clusterAnswers } from './cluster.ts';
export { type EquivalenceOptions, equivalent } from './equivalence.ts';
export { type ExtractionMode, extractAnswer, referenceAnswer } from './extract.ts';
