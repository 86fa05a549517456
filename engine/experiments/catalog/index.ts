/** The experiments, in the order of their list. */
import { RollscopeError } from '../../protocol/errors.ts';
import { experimentName } from '../../protocol/experiments.ts';
import type { Experiment } from '../experiment.ts';
import { collapseStepExperiment } from './collapse-step.ts';
import { datasetSize } from './dataset-size.ts';
import { failureModes } from './failure-modes.ts';
import { generalization } from './generalization.ts';
import { hyperparameters } from './hyperparameters.ts';
import { perProblem } from './per-problem.ts';
import { riseThenFall } from './rise-then-fall.ts';
import { selfVerificationExperiment } from './self-verification.ts';
import { testTime } from './test-time.ts';
import { theory } from './theory.ts';

export const experiments: readonly Experiment[] = [
  riseThenFall,
  failureModes,
  hyperparameters,
  perProblem,
  datasetSize,
  testTime,
  generalization,
  collapseStepExperiment,
  selfVerificationExperiment,
  theory,
];

/**
 * The experiment with this name, or with this former name.
 * @throws RollscopeError `usage` for an unknown name
 */
export function experimentNamed(name: string): Experiment {
  const current = experimentName(name);
  const found = experiments.find((experiment) => experiment.name === current);
  if (found) return found;
  const names = experiments.map((experiment) => experiment.name).join(', ');
  throw new RollscopeError('usage', `There is no experiment "${name}".`, `Experiments: ${names}.`, {
    details: { reason: 'unknown-experiment', value: name },
  });
}
