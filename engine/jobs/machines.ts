/** The machines that a job runs on, and whether its rollouts can be divided among them. Pure. */
import { type Elsewhere, refusedSetting } from '../config/refusals.ts';
import type { RunConfig } from '../protocol/index.ts';

/** Where the job will run. */
export interface Machines {
  nodes: number;
  /** GPUs of each node. */
  gpus: number;
  /** GPUs that one copy of the model is spread over while it samples. */
  tensorParallel: number;
}

/** The machines that a configuration names. */
export function machinesOf({ engine }: Pick<RunConfig, 'engine'>): Machines {
  const { nodes = 1, gpus = 8, tensorParallel = 1 } = engine ?? {};
  return { nodes, gpus, tensorParallel };
}

/**
 * Refuses a batch whose rollouts the GPUs cannot share equally.
 * @param batch problems per step
 * @throws RollscopeError `config`
 */
export function refuseUneven(
  batch: number,
  { group }: Pick<RunConfig, 'group'>,
  { nodes, gpus }: Machines,
  where: Elsewhere,
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
