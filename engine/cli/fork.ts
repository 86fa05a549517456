/** The checkpoint that a run starts from, and the settings it inherits. */
import { listCheckpoints } from '../journal/checkpoints.ts';
import { runName } from '../journal/layout.ts';
import { readRunFile } from '../journal/reader.ts';
import { RollscopeError } from '../protocol/errors.ts';
import { type RunConfig, requireOwnConfig } from '../protocol/index.ts';
import { forkDefaults } from '../runs/fork-defaults.ts';
import { lastHealthyStep } from '../runs/healthy.ts';
import { openColumns } from '../runs/open.ts';
import { findRun } from './runs.ts';
import { wholeNumber } from './values.ts';

export interface ForkSource {
  folder: string;
  run: string;
  step: number;
  /** The parent's configuration. */
  config: RunConfig;
  /** Inherited settings, with the lowest precedence. */
  defaults: object;
}

/**
 * @param step a step, `healthy`, or undefined for the last checkpoint
 * @param dataset the fork's own dataset, if any
 * @throws RollscopeError `run-not-found`, `usage` if the run has no such checkpoint or no configuration
 */
export async function forkSource(
  named: string,
  step: string | undefined,
  { runsFolder, dataset }: { runsFolder: string; dataset: string | undefined },
): Promise<ForkSource> {
  const folder = await findRun(named, runsFolder);
  const run = runName(folder);
  const config = requireOwnConfig(await readRunFile(folder), 'A fork', 'Start a new run with: rollscope train');
  const steps = (await listCheckpoints(folder)).map((item) => item.step);
  const chosen = await chosenStep(folder, step, steps);
  if (chosen === null) {
    throw new RollscopeError(
      'usage',
      steps.length === 0
        ? `The run ${run} has no checkpoint.`
        : `The run ${run} has no checkpoint from before its collapse.`,
      steps.length === 0
        ? 'A training run writes them; stopping one writes one.'
        : `It has checkpoints of steps ${steps.join(', ')}.`,
      { details: { reason: 'no-checkpoint', run, allowed: steps } },
    );
  }
  return { folder, run, step: chosen, config, defaults: forkDefaults(config, chosen, dataset !== undefined) };
}

async function chosenStep(folder: string, step: string | undefined, steps: readonly number[]): Promise<number | null> {
  if (step === 'healthy') return lastHealthyStep(await openColumns(folder), steps);
  return wholeNumber('--step', step) ?? steps.at(-1) ?? null;
}
