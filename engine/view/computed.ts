/** What the panel needs to know about stored rollouts, computed by the command line in a process that can be ended. */
import type { MeasureAlignment } from '../protocol/calibration.ts';
import type { Phase } from '../protocol/group.ts';
import type { Problem } from '../protocol/problem.ts';
import type { RewardComparison } from '../protocol/reward-comparison.ts';
import type { RescoreScope } from '../runs/panel-contract.ts';
import { type Program, runCli } from './command-line.ts';

/** Arguments of `rollscope rescore` for a scope. */
export function rescoreArguments(
  folder: string,
  problems: readonly Pick<Problem, 'id'>[],
  { phase, step, problem }: RescoreScope,
): string[] {
  const id = problem === null ? undefined : problems[problem]?.id;
  return [
    ...['rescore', folder, '--phase', phase],
    ...(step === null ? [] : ['--step', String(step)]),
    ...(id === undefined ? [] : ['--problem', id]),
  ];
}

/** The scores of every reward for the rollouts of a scope. @throws RollscopeError as `runCli` */
export async function rescoreRun(
  program: Program,
  run: { folder: string; problems: readonly Pick<Problem, 'id'>[] },
  scope: RescoreScope,
  signal: AbortSignal,
): Promise<RewardComparison> {
  const { data } = await runCli(program, rescoreArguments(run.folder, run.problems, scope), signal);
  const { trainedBy, groups, rewards, notComputed, byGroup }: RewardComparison = JSON.parse(data);
  return { trainedBy, groups, rewards, notComputed, ...(byGroup && { byGroup }) };
}

/** How well confidence predicts correctness in the rollouts of a step. @throws RollscopeError as `runCli` */
export async function calibrateRun(
  program: Program,
  { folder }: { folder: string },
  phase: Phase,
  step: number,
  signal: AbortSignal,
): Promise<MeasureAlignment[]> {
  const { data } = await runCli(program, ['analyze', folder, '--phase', phase, '--step', String(step)], signal);
  return (JSON.parse(data) as { alignment: MeasureAlignment[] }).alignment;
}
