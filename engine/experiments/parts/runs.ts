/** Runs that experiments have in common: one per seed, and defaults for a large set of problems. */
import type { RunConfig } from '../../protocol/index.ts';
import type { Changes, ExperimentContext, ExperimentRun } from '../experiment.ts';

/** One run per seed, named `<name>-<seed>`. */
export function runSeeds(
  { seeds, run }: ExperimentContext,
  name: string,
  configOf: (seed: number) => RunConfig,
): Promise<ExperimentRun[]> {
  return Promise.all(seeds.map((seed) => run(`${name}-${seed}`, configOf(seed))));
}

/** Sampled evaluations every `every` steps. */
export const sampledEvery = (every: number) => ({ every, samples: 4, greedy: false });

/** Defaults on the weaker embedded model, with batches of a large set of problems. */
export function largeSetDefaults({ steps, lr, save }: { steps: number; lr: number; save: number }): Changes {
  return {
    model: 'embedded:W',
    steps,
    batch: 32,
    optimizer: { lr },
    evaluation: sampledEvery(20),
    checkpoint: { every: save },
  };
}
