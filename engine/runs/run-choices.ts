/** The runs that another one can be compared with, as a list to choose from. Pure. */
import type { RunInfo } from '../protocol/listed-run.ts';
import type { RunChoice } from './panel-contract.ts';

/** A run as one of several that can be chosen. */
export function choiceOf({ run, folder, job, model, reward, dataset, step, created }: RunInfo): RunChoice {
  return { run, folder, job, model, reward, dataset, step, created };
}

/**
 * All runs but this one, those on its dataset first.
 * @param runs in list order
 */
export function runChoices(runs: readonly RunInfo[], { folder, info }: { folder: string; info: RunInfo }): RunChoice[] {
  const isAlike = ({ dataset }: RunInfo) => dataset !== null && dataset === info.dataset;
  const others = runs.filter((run) => run.folder !== folder);
  return [...others.filter(isAlike), ...others.filter((run) => !isAlike(run))].map(choiceOf);
}
