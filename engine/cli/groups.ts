/** The groups of a run, for commands that look at what was sampled. */
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

/** A group that counts, and its row in the columns. */
interface FoundGroup extends GroupId {
  row: number;
}

export interface RunMaterial {
  /** null for a run of another trainer. */
  config: RunConfig | null;
  /** How its answers were found and compared; undefined where that is not known. */
  grading: RunConfig['grading'] | undefined;
  /** What the reward that trained is called; null where another trainer does not say. */
  reward: string | null;
  origin: RunOrigin;
  problems: Problem[];
  columns: RunColumns;
  /** Vocabulary size; null where the run did not record it. */
  vocabulary: number | null;
  /** Those of the phase and step that were asked for, in the order of the journal, each once, as recorded last. */
  groups: FoundGroup[];
  phase: Phase;
  /** Says which groups these are where others could have been meant, and how many were left out; null where neither is so. */
  chosenGroups: string | null;
  detail(group: FoundGroup): Promise<GroupDetail>;
}

/**
 * Reads a run and its groups of one phase: the one that is named, else the one that represents the run (`choosePhase`).
 * `step` takes one step only.
 * @throws RollscopeError `run-broken`, `usage` where there are none
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
  // A damaged record may name any problem.
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

/** `step 3`, or `5 steps from 1 to 9`; in the order of the journal. */
function stepsText(steps: readonly number[]): string {
  return steps.length === 1
    ? `step ${steps[0]}`
    : `${plural(steps.length, 'step')} from ${steps[0]} to ${steps.at(-1)}`;
}
