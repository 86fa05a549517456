/** The settings that a fork takes over from its parent. Pure. */
import type { RunConfig } from '../protocol/config.ts';

/**
 * Everything but the job. It trains the steps that were left, or all of them where none was; a dataset of its own keeps the
 * words around each problem only.
 */
export function forkDefaults(config: RunConfig, step: number, otherDataset: boolean): object {
  const { job: _, dataset, steps, ...rest } = structuredClone(config);
  const left = steps - step;
  return {
    ...rest,
    steps: left > 0 ? left : steps,
    dataset: otherDataset ? { template: dataset.template, system: dataset.system } : dataset,
  };
}
