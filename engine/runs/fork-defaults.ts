/** The settings that a fork takes over from its parent. Pure. */
import type { RunConfig } from '../protocol/config.ts';

/**
 * Everything but the job. A fork trains the remaining steps, or all of them if none remain. If it has its own dataset,
 * it inherits only the texts around each problem.
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
