export { clusterAnswers } from './cluster.ts';
export { equivalent } from './equivalence.ts';
export { extractAnswer, referenceAnswer } from './extract.ts';
