/** `rollscope show`: prints a run, one of its problems, or one of its rollouts. */
import { readProblems } from '../../journal/reader.ts';
import { parseAddress } from '../../protocol/address.ts';
import { RollscopeError } from '../../protocol/errors.ts';
import { PHASES } from '../../protocol/group-id.ts';
import { problemIn } from '../../runs/find-place.ts';
import { openColumns } from '../../runs/open.ts';
import { EXIT, Output } from '../output.ts';
import { placesOf } from '../places.ts';
import { findRun } from '../runs.ts';
import { showDisagreements } from '../show/disagreements.ts';
import { findProblem } from '../show/find-problem.ts';
import { readShownGroup } from '../show/group.ts';
import { notesAt, printClaim, printNotes } from '../show/place.ts';
import { showProblem } from '../show/problem.ts';
import { showReport } from '../show/report.ts';
import { showRollout } from '../show/rollout.ts';
import { showRun } from '../show/run.ts';
import { oneOf, wholeNumber } from '../values.ts';

interface ShowOptions {
  problem?: string;
  rollout?: string;
  step?: string;
  phase?: string;
  disagreements?: boolean;
  report?: boolean;
  out?: string;
  json?: boolean;
}

/** Options that the whole run, and the disagreements of a grader, are shown without. */
const OF_A_PROBLEM = ['problem', 'rollout', 'phase'] as const;

/** @throws RollscopeError `usage` for an option that has no effect next to another */
function refuseIgnored(options: ShowOptions): void {
  const { report, disagreements } = options;
  const ignored = report ? (['disagreements', 'step', ...OF_A_PROBLEM] as const) : disagreements ? OF_A_PROBLEM : [];
  const found = ignored.find((name) => options[name] !== undefined && options[name] !== false);
  if (found === undefined) return;
  const [field, other] = [`--${found}`, report ? '--report' : '--disagreements'];
  throw new RollscopeError('usage', `${field} has no effect with ${other}.`, `Remove ${field} or ${other}.`, {
    details: { reason: 'options-exclude', field, other },
  });
}

/**
 * Shows a run, with `--problem` a problem, with `--rollout` too one of its rollouts (both counted from 1). Throws
 * `usage` and `run-not-found`.
 */
export async function show(run: string, options: ShowOptions): Promise<number> {
  const given = parseAddress(run);
  const { runsFolder } = await placesOf(options.out);
  const folder = await findRun(given?.folder ?? run, runsFolder);
  const step = wholeNumber('--step', options.step) ?? given?.step ?? undefined;
  const phase = options.phase === undefined ? (given?.phase ?? undefined) : oneOf('--phase', options.phase, PHASES);
  const rollout = wholeNumber('--rollout', options.rollout) ?? given?.rollout ?? undefined;
  const id = options.problem ?? given?.problem ?? undefined;
  for (const [name, value] of Object.entries({ '--rollout': rollout, '--phase': phase })) {
    if (value === undefined || id !== undefined) continue;
    throw new RollscopeError('usage', `${name} requires --problem.`, 'Add --problem <id>.', {
      details: { reason: 'option-needs-problem', field: name },
    });
  }
  refuseIgnored(options);
  const [problems, columns] = await Promise.all([readProblems(folder), openColumns(folder)]);
  const notes = await notesAt(folder, { problem: id ?? null, row: given?.row ?? null, rollout: rollout ?? null });
  const plain = new Output(options.json === true);
  const claim = given && printClaim(plain, columns, problems, given);
  const output = plain.with({ ...(notes.length > 0 && { notes }), ...(claim && { claim }) });
  if (options.disagreements === true) await showDisagreements(output, { folder, problems, columns, step });
  else if (options.report === true) await showReport(output, { folder, problems, columns });
  else if (id === undefined) await showRun(output, { folder, problems, columns, step });
  else {
    const index = given?.problem === id ? problemIn(problems, given) : null;
    const problem = index === null ? findProblem(problems, id) : problems[index]!;
    const group = await readShownGroup(folder, columns, problem, { step, phase });
    if (rollout === undefined) showProblem(output, group);
    else showRollout(output, group, rollout, given?.tokens);
  }
  printNotes(output, notes);
  return EXIT.ok;
}
