/**
 * Jobs: a run configuration as a self-contained folder that another trainer runs, on machines that this one cannot reach.
 */

export { machinesOf } from './machines.ts';
export { writeTrlJob } from './trl.ts';
export { WITHOUT_EVALUATION } from './trl-refusals.ts';
export { type PreparedJob, prepareVerlJob, writeVerlFiles, writeVerlJob } from './verl.ts';
export { ON_VERL } from './verl-refusals.ts';
