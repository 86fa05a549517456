/** All studies by name. */
import { RollscopeError } from '../../protocol/errors.ts';
import type { Study } from '../study.ts';
import { collapseStepStudy } from './collapse-step.ts';
import { datasetSize } from './dataset-size.ts';
import { failureModes } from './failure-modes.ts';
import { generalisation } from './generalisation.ts';
import { hyperparameters } from './hyperparameters.ts';
import { perProblem } from './per-problem.ts';
import { riseThenFall } from './rise-then-fall.ts';
import { selfVerificationStudy } from './self-verification.ts';
import { testTime } from './test-time.ts';
import { theory } from './theory.ts';

export const studies: readonly Study[] = [
  riseThenFall,
  failureModes,
  hyperparameters,
  perProblem,
  datasetSize,
  testTime,
  generalisation,
  collapseStepStudy,
  selfVerificationStudy,
  theory,
];

/** Throws RollscopeError `usage` for an unknown name. */
export function studyNamed(name: string): Study {
  const found = studies.find((study) => study.name === name);
  if (found) return found;
  const names = studies.map((study) => study.name).join(', ');
  throw new RollscopeError('usage', `There is no experiment "${name}".`, `Experiments: ${names}.`);
}
