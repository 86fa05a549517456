/**
 * Jobs: a run of this program's configuration as a folder that another trainer runs, on machines that are not reached from
 * here.
 */
export { writeVerlJob } from './verl.ts';
export type { Machines } from './verl-settings.ts';
