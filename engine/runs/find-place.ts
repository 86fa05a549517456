/** The problem that an address names, in the run that it names. Pure. */
import type { Address } from '../protocol/address.ts';
import { RollscopeError } from '../protocol/errors.ts';
import type { Problem } from '../protocol/problem.ts';
import { findById } from '../protocol/well-formed.ts';

/** Index of the problem; null for an address of a whole run or step. @throws RollscopeError `usage` for an unknown one */
export function problemIn(
  problems: readonly Problem[],
  { problem, row }: Pick<Address, 'problem' | 'row'>,
): number | null {
  if (problem === null) return null;
  const there = row === null ? problems : problems.filter((item) => item.row === row);
  const found = findById(there, problem);
  if (found) return found.index;
  throw new RollscopeError(
    'usage',
    `The run has no problem '${problem}'.`,
    'The link is about another version of the run.',
    {
      details: { reason: 'unknown-problem', field: 'problem', value: problem },
    },
  );
}

/** Id of a problem, with its row where the id alone is not enough. */
export function problemName(problems: readonly Problem[], index: number): { problem: string; row: number | null } {
  const { id, row } = problems[index]!;
  const isUnique = problems.every((problem) => problem.index === index || problem.id !== id);
  return { problem: id, row: isUnique ? null : row };
}
