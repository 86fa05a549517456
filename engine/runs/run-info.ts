/** One line about a run: what it is, how far it came, and its accuracy before and after. Pure. */
import type { EvaluationRecord } from '../protocol/records.ts';
import type { RunInfo } from '../protocol/rpc.ts';
import type { RunFile } from '../protocol/run-file.ts';

/**
 * The evaluation before the first step, and the latest one after a step; null without.
 * @param evaluations in the order of their steps
 */
export function beforeAfter(evaluations: readonly EvaluationRecord[]) {
  return {
    before: evaluations.find(({ step }) => step === 0) ?? null,
    after: evaluations.findLast(({ step }) => step > 0) ?? null,
  };
}

/** How far a run is. */
interface State extends Pick<RunInfo, 'run' | 'folder' | 'step' | 'status'> {
  evaluations: readonly EvaluationRecord[];
}

export function runInfo({ created, config }: RunFile, { run, folder, step, status, evaluations }: State): RunInfo {
  const { before, after } = beforeAfter(evaluations);
  return {
    run,
    folder,
    created,
    job: config.job,
    model: config.model,
    dataset: config.dataset.path,
    reward: config.reward,
    step,
    steps: config.job === 'probe' ? 0 : config.steps,
    status,
    accuracyBefore: before?.accuracy?.mean ?? null,
    accuracyAfter: after?.accuracy?.mean ?? null,
  };
}
