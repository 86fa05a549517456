/** Reads the groups of a run, for commands that analyze rollouts. */
import { readGroup } from '../journal/groups.ts';
import { runName } from '../journal/layout.ts';
import { readProblems, readRunFile } from '../journal/reader.ts';
import { plural } from '../protocol/format.ts';
import {
  describeRun,
  type GroupDetail,
  type GroupId,
  gradingOf,
  PHASES,
  type Phase,
  type Problem,
  RollscopeError,
  type RunConfig,
  type RunOrigin,
} from '../protocol/index.ts';
import type { RunColumns } from '../runs/columns.ts';
import { vocabularyOf } from '../runs/head.ts';
import { openColumns } from '../runs/open.ts';
import { choosePhase } from '../runs/phases.ts';
import { oneOf } from './values.ts';

/** A counted group and its row in the columns. */
interface FoundGroup extends GroupId {
  row: number;
}

export interface RunMaterial {
  /** null for a run of another trainer. */
  config: RunConfig | null;
  /** How answers were extracted and compared; undefined if unknown. */
  grading: RunConfig['grading'] | undefined;
  /** The name of the training reward; null if another trainer did not record it. */
  reward: string | null;
  origin: RunOrigin;
  problems: Problem[];
  columns: RunColumns;
  /** Vocabulary size; null if the run did not record it. */
  vocabulary: number | null;
  /** Groups of the requested phase and step in journal order, each once, in its latest version. */
  groups: FoundGroup[];
  phase: Phase;
  /** The chosen phase, if there were others, and the number of groups left out; null if neither applies. */
  chosenGroups: string | null;
  detail(group: FoundGroup): Promise<GroupDetail>;
}

/**
 * Reads a run and its groups of one phase: the given one, else the default (`choosePhase`). `step` selects a single
 * step.
 * @throws RollscopeError `run-broken`, `usage` if there are none
 */
export async function readGroups(
  folder: string,
  { phase, step }: { phase?: string; step?: number },
): Promise<RunMaterial> {
  const [runFile, problems, columns] = await Promise.all([
    readRunFile(folder),
    readProblems(folder),
    openColumns(folder),
  ]);
  const stored = columns.countedRows.map((row) => ({ ...columns.idOf(row), row }));
  // A damaged record may name a problem that does not exist.
  const groups = stored.filter(({ problem }) => problems[problem] !== undefined);
  const foreign = stored.length - groups.length;
  const wanted = phase === undefined ? undefined : oneOf('--phase', phase, PHASES);
  const { phase: chosen, others } = choosePhase(columns, wanted);
  const found = groups.filter((g) => g.phase === chosen && (step === undefined || g.step === step));
  if (!chosen || found.length === 0) {
    const steps = [...new Set(groups.filter((g) => g.phase === chosen).map((g) => g.step))];
    const asked = wanted ?? chosen ?? undefined;
    const has = [...new Set(groups.map((g) => g.phase))].join(', ') || 'none';
    throw new RollscopeError(
      'usage',
      `The run ${runName(folder)} has no ${asked ? `${asked} ` : ''}rollouts${step === undefined ? '' : ` at step ${step}`}.`,
      steps.length > 0 && step !== undefined
        ? `It has ${asked} rollouts of ${stepsText(steps)}.`
        : `It has rollouts of these phases: ${has}.`,
      { details: { reason: 'no-such-rollouts', run: runName(folder), phase: asked, step } },
    );
  }
  return {
    config: runFile.config,
    grading: gradingOf(runFile),
    reward: describeRun(runFile).reward,
    origin: runFile.origin,
    problems,
    columns,
    vocabulary: vocabularyOf(columns.head),
    groups: found,
    phase: chosen,
    chosenGroups:
      [
        wanted === undefined && others.length > 0
          ? `Phase: ${chosen} (the run also has ${others.join(', ')}; choose with --phase)`
          : null,
        foreign > 0 ? `Left out: ${plural(foreign, 'group')} of problems that the run does not have` : null,
      ]
        .filter((line) => line !== null)
        .join('\n') || null,
    detail: ({ row, ...id }) => readGroup(folder, { ...id, frame: columns.frameOf(row) }),
  };
}

/** `step 3`, or `5 steps from 1 to 9`; steps in journal order. */
function stepsText(steps: readonly number[]): string {
  return steps.length === 1
    ? `step ${steps[0]}`
    : `${plural(steps.length, 'step')} from ${steps[0]} to ${steps.at(-1)}`;
}
