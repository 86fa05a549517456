/**
 * Jobs: a run of this program's configuration as a folder that another trainer runs, on machines that are not reached from
 * here.
 */

export { machinesOf } from './machines.ts';
export { writeTrlJob } from './trl.ts';
export { WITHOUT_EVALUATION } from './trl-refusals.ts';
export { type PreparedJob, prepareVerlJob, writeVerlFiles, writeVerlJob } from './verl.ts';
export { ON_VERL } from './verl-refusals.ts';
