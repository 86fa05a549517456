/** Runs that verl trains. */
export { resumeVerl, startVerl } from './start.ts';
