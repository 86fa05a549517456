/** The machines for a job, and whether its rollouts can be divided equally among them. Pure. */
import { type OtherTrainer, refusedSetting } from '../config/refusals.ts';
import type { RunConfig } from '../protocol/index.ts';

/** The machines that run the job. */
export interface Machines {
  nodes: number;
  /** GPUs per node. */
  gpus: number;
  /** GPUs per copy of the model for sampling. */
  tensorParallel: number;
}

/** The machines of a configuration, with defaults. */
export function machinesOf({ engine }: Pick<RunConfig, 'engine'>): Machines {
  const { nodes = 1, gpus = 8, tensorParallel = 1 } = engine ?? {};
  return { nodes, gpus, tensorParallel };
}

/**
 * Refuses a batch whose rollouts cannot be divided equally among the GPUs.
 * @param batch problems per step
 * @throws RollscopeError `config`
 */
export function refuseUneven(
  batch: number,
  { group }: Pick<RunConfig, 'group'>,
  { nodes, gpus }: Machines,
  where: OtherTrainer,
): void {
  const rollouts = batch * group;
  if (rollouts % (nodes * gpus) === 0) return;
  throw refusedSetting(
    'batch',
    batch,
    `its ${rollouts} rollouts cannot be divided equally among ${nodes * gpus} GPUs`,
    'Choose --batch and --group so that their product is a multiple of --nodes times --gpus.',
    where,
  );
}
