/** `rollscope show`: a run, one of its problems, or one of its rollouts, as text. */
import { readProblems } from '../../journal/reader.ts';
import { RollscopeError } from '../../protocol/errors.ts';
import { PHASES } from '../../protocol/group-id.ts';
import { openColumns } from '../../runs/open.ts';
import { oneOf, wholeNumber } from '../options.ts';
import { EXIT, Output } from '../output.ts';
import { placesOf } from '../places.ts';
import { findRun } from '../runs.ts';
import { showDisagreements } from '../show/disagreements.ts';
import { findProblem } from '../show/find-problem.ts';
import { readShownGroup } from '../show/group.ts';
import { showProblem } from '../show/problem.ts';
import { showRollout } from '../show/rollout.ts';
import { showRun } from '../show/run.ts';

interface ShowOptions {
  problem?: string;
  rollout?: string;
  step?: string;
  phase?: string;
  disagreements?: boolean;
  out?: string;
  json?: boolean;
}

/**
 * What is shown follows from the options: a run, with `--problem` a problem, with `--rollout` too a rollout (both
 * counted from 1). Throws `usage` and `run-not-found`.
 */
export async function show(run: string, options: ShowOptions): Promise<number> {
  const output = new Output(options.json === true);
  const { runsFolder } = await placesOf(options.out);
  const folder = await findRun(run, runsFolder);
  const step = wholeNumber('--step', options.step);
  const phase = options.phase === undefined ? undefined : oneOf('--phase', options.phase, PHASES);
  const rollout = wholeNumber('--rollout', options.rollout);
  for (const [name, value] of Object.entries({ '--rollout': rollout, '--phase': phase })) {
    if (value === undefined || options.problem !== undefined) continue;
    throw new RollscopeError('usage', `${name} requires --problem.`, 'Add --problem <id>.', {
      details: { reason: 'option-needs-problem', field: name },
    });
  }
  const [problems, columns] = await Promise.all([readProblems(folder), openColumns(folder)]);
  if (options.disagreements === true) {
    await showDisagreements(output, { folder, problems, columns, step });
    return EXIT.ok;
  }
  if (options.problem === undefined) {
    await showRun(output, { folder, problems, columns, step });
    return EXIT.ok;
  }
  const group = await readShownGroup(folder, columns, findProblem(problems, options.problem), { step, phase });
  if (rollout === undefined) showProblem(output, group);
  else showRollout(output, group, rollout);
  return EXIT.ok;
}
