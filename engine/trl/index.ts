/** Runs that TRL trains. */
export { resumeTrl, startTrl } from './run.ts';
