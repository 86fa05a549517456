/** `rollscope find`: searches rollouts of a run by text, answer, finish reason and reward, with counts per step. */
import { readProblems } from '../../journal/reader.ts';
import { RollscopeError } from '../../protocol/errors.ts';
import { integer, percent, plural } from '../../protocol/format.ts';
import { PHASES } from '../../protocol/group-id.ts';
import type { Problem } from '../../protocol/problem.ts';
import { findRollouts } from '../../runs/find.ts';
import type { FindQuery } from '../../runs/find-query.ts';
import { openColumns } from '../../runs/open.ts';
import { runFault } from '../../runs/run-fault.ts';
import { findText } from '../find/text.ts';
import { interruptible } from '../interruptible.ts';
import { EXIT, Output } from '../output.ts';
import { placesOf } from '../places.ts';
import { ProgressLine } from '../progress-line.ts';
import { findRun } from '../runs.ts';
import { findProblem } from '../show/find-problem.ts';
import { decimal, oneOf, wholeNumber } from '../values.ts';

interface FindOptions {
  regex?: string;
  matchCase?: boolean;
  answer?: string;
  unanswered?: boolean;
  correct?: boolean;
  wrong?: boolean;
  finish?: 'stop' | 'length';
  minReward?: string;
  maxReward?: string;
  phase?: string;
  from?: string;
  to?: string;
  problem?: string;
  limit?: string;
  out?: string;
  json?: boolean;
}

/**
 * Searches the stored rollouts. Exit code 0, with or without matches; 3 if stopped. Throws `usage` for an invalid
 * condition.
 */
export async function find(run: string, text: string | undefined, options: FindOptions): Promise<number> {
  const output = new Output(options.json === true);
  const { runsFolder } = await placesOf(options.out);
  const folder = await findRun(run, runsFolder);
  const limit = wholeNumber('--limit', options.limit);
  const problems = await readProblems(folder);
  const query = queryOf(text, options, problems);
  const line = new ProgressLine(process.stderr);
  const { found, fault } = await interruptible(
    output,
    { hint: 'Stopping the search...', lines: false },
    async (signal) => {
      const columns = await openColumns(folder, { signal });
      const result = await findRollouts(folder, columns, query, {
        signal,
        ...(limit !== undefined && { limit }),
        onProgress: ({ done, of, hits }) =>
          line.show(
            `Searched ${integer(done)} of ${plural(of, 'group')} (${percent(done / of)}): ${integer(hits)} found`,
          ),
      });
      return { found: result, fault: runFault(folder, problems.length, columns) };
    },
  ).finally(() => line.end());
  output.print(findText(found, problems));
  if (fault) output.print(`warning: ${fault}`);
  const hits = found.hits.map(({ problem, rollout, excerpt, ...hit }) => ({
    problem: problems[problem]?.id ?? String(problem),
    ...hit,
    rollout: rollout + 1,
    excerpt: excerpt.before + excerpt.match + excerpt.after,
  }));
  output.result({ folder, query: { ...query, problem: options.problem }, ...found, hits });
  return EXIT.ok;
}

function queryOf(text: string | undefined, options: FindOptions, problems: readonly Problem[]): FindQuery {
  const { regex, matchCase, answer, unanswered, correct, wrong, finish, phase, problem } = options;
  refuseBoth('--answer', answer, '--unanswered', unanswered);
  refuseBoth('--correct', correct, '--wrong', wrong);
  const leastReward = decimal('--min-reward', options.minReward);
  const mostReward = decimal('--max-reward', options.maxReward);
  const firstStep = wholeNumber('--from', options.from);
  const lastStep = wholeNumber('--to', options.to);
  ordered('--min-reward', leastReward, '--max-reward', mostReward);
  ordered('--from', firstStep, '--to', lastStep);
  return {
    ...(text !== undefined && { text: requireText('[text]', text) }),
    ...(regex !== undefined && { regex: requireText('--regex', regex) }),
    ...(matchCase && { matchCase }),
    ...(answer !== undefined && { answer }),
    ...(unanswered && { answer: null }),
    ...((correct || wrong) && { correct: correct === true }),
    ...(finish && { finish }),
    ...(leastReward !== undefined && { leastReward }),
    ...(mostReward !== undefined && { mostReward }),
    ...(phase !== undefined && { phase: oneOf('--phase', phase, PHASES) }),
    ...(firstStep !== undefined && { firstStep }),
    ...(lastStep !== undefined && { lastStep }),
    ...(problem !== undefined && { problem: findProblem(problems, problem).index }),
  };
}

/** @throws RollscopeError `usage` if two mutually exclusive options are given */
function refuseBoth(one: string, first: unknown, other: string, second: unknown): void {
  if (first === undefined || second === undefined) return;
  throw new RollscopeError('usage', `${one} and ${other} exclude each other.`, `Remove ${one} or ${other}.`, {
    details: { reason: 'options-exclude', field: one, other },
  });
}

/** @throws RollscopeError `usage` if nothing can be within two bounds */
function ordered(one: string, least: number | undefined, other: string, most: number | undefined): void {
  if (least === undefined || most === undefined || least <= most) return;
  throw new RollscopeError('usage', `${one} ${least} is above ${other} ${most}.`, `Lower ${one} or raise ${other}.`, {
    details: { reason: 'bad-range', field: one, value: least, other, most },
  });
}

function requireText(name: string, text: string): string {
  if (text !== '') return text;
  throw new RollscopeError('usage', `${name} is empty.`, 'Omit it to search by other conditions.', {
    details: { reason: 'bad-value', field: name, value: text },
  });
}
