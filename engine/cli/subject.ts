/** What a run works on, as its first line names it. */
import type { RunConfig } from '../protocol/config.ts';
import { EMBEDDED } from '../protocol/embedded.ts';

export function modelName({ model }: RunConfig): string {
  return model === EMBEDDED ? 'the embedded model' : model;
}

export function datasetName({ dataset }: RunConfig): string {
  return dataset.path === EMBEDDED ? 'the embedded problems' : dataset.path;
}
