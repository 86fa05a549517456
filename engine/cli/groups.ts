/** The groups of a run, for commands that look at what was sampled. */
import { readGroup } from '../journal/groups.ts';
import { runName } from '../journal/layout.ts';
import { readRunFolder } from '../journal/reader.ts';
import {
  type GroupDetail,
  type GroupRecord,
  type JournalRecord,
  PHASES,
  PHASES_BY_INTEREST,
  type Phase,
  type Problem,
  RollscopeError,
  type RunConfig,
} from '../protocol/index.ts';
import { oneOf } from './options.ts';

export interface RunMaterial {
  config: RunConfig;
  problems: Problem[];
  records: JournalRecord[];
  /** Vocabulary size; null where the run did not record it. */
  vocabulary: number | null;
  /** Of the phase and step that were asked for, in their order. */
  groups: GroupRecord[];
  phase: Phase;
  detail(group: GroupRecord): Promise<GroupDetail>;
}

/**
 * Reads a run and its groups of one phase: the one that is named, else the first of training, probe and evaluation that
 * the run has. `step` takes one step only.
 * @throws RollscopeError `run-broken`, `usage` where there are none
 */
export async function readGroups(
  folder: string,
  { phase, step }: { phase?: string; step?: number },
): Promise<RunMaterial> {
  const { runFile, problems, records } = await readRunFolder(folder);
  const groups = records.filter((record): record is GroupRecord => record.type === 'group');
  const wanted = phase === undefined ? undefined : oneOf('--phase', phase, PHASES);
  const chosen = wanted ?? PHASES_BY_INTEREST.find((p) => groups.some((g) => g.phase === p));
  const found = groups.filter((g) => g.phase === chosen && (step === undefined || g.step === step));
  if (!chosen || found.length === 0) {
    const has = [...new Set(groups.map((g) => g.phase))].join(', ') || 'none';
    throw new RollscopeError(
      'usage',
      `The run ${runName(folder)} has no ${chosen ? `${chosen} ` : ''}rollouts${step === undefined ? '' : ` at step ${step}`}.`,
      `It has rollouts of these phases: ${has}.`,
    );
  }
  const run = records.find((record) => record.type === 'run');
  return {
    config: runFile.config,
    problems,
    records,
    vocabulary: run?.model.vocabulary ?? null,
    groups: found,
    phase: chosen,
    detail: (group) => readGroup(folder, group),
  };
}
