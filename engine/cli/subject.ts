/** The subject of a run, as its first line names it. */
import type { RunConfig } from '../protocol/config.ts';
import { EMBEDDED } from '../protocol/embedded.ts';

/** The model as the user gave it: a path, a Hub id, or "the embedded model". */
export function modelInWords({ model }: RunConfig): string {
  return model === EMBEDDED ? 'the embedded model' : model;
}

/** The dataset as the user gave it: a path, a Hub id, or "the embedded problems". */
export function datasetInWords({ dataset }: RunConfig): string {
  return dataset.path === EMBEDDED ? 'the embedded problems' : dataset.path;
}
