/**
 * Jobs: a run of this program's configuration as a folder that another trainer runs, on machines that are not reached from
 * here.
 */

export { writeTrlJob } from './trl.ts';
export { WITHOUT_EVALUATION } from './trl-refusals.ts';
export { writeVerlJob } from './verl.ts';
export type { Machines } from './verl-settings.ts';
