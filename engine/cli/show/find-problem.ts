/** Finds a problem by its id. */
import { RollscopeError } from '../../protocol/errors.ts';
import type { Problem } from '../../protocol/problem.ts';
import { findById } from '../../protocol/well-formed.ts';

/** @throws RollscopeError `usage`, with the nearest id, if there is none */
export function findProblem(problems: readonly Problem[], id: string): Problem {
  const problem = findById(problems, id);
  if (problem) return problem;
  const near = problems.find((candidate) => candidate.id.includes(id));
  throw new RollscopeError(
    'usage',
    `The run has no problem '${id}'.`,
    near ? `Did you mean '${near.id}'?` : 'Without --problem, all problems of the run are listed.',
    { details: { reason: 'unknown-problem', field: '--problem', value: id, nearest: near?.id } },
  );
}
