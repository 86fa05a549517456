/** Finds answers in texts, compares, clusters and judges them. */
export { clusterAnswers } from './cluster.ts';
export { equivalent } from './equivalence.ts';
export { extractAnswer, locateAnswer, referenceAnswer } from './extract.ts';
export { AUTOMATIC, type Grader, type GradingRules, graderOf, problemGrader } from './grader.ts';
export { judgeAnswers } from './judge.ts';
