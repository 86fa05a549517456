export { clusterAnswers, type Equality } from './cluster.ts';
export { equivalent } from './equivalence.ts';
export { extractAnswer, locateAnswer, referenceAnswer } from './extract.ts';
