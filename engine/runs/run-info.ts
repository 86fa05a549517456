/** One line about a run: what it is, how far it came, and its accuracy before and after. */
import { evaluatedText } from '../protocol/data-text.ts';
import type { RunInfo } from '../protocol/listed-run.ts';
import type { EvaluationRecord } from '../protocol/records.ts';
import { describeRun, type RunFile } from '../protocol/run-file.ts';
import { signalWarningIn } from '../protocol/warnings.ts';
import { describeSkipped, type SkippedTypes } from './skipped.ts';

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
  skipped: SkippedTypes;
  warnings: readonly { code: string; message: string }[];
  /** What `rolloutFault` says. */
  fault: string | null;
}

export function runInfo(file: RunFile, state: State): RunInfo {
  const { run, folder, step, status, evaluations, skipped, fault } = state;
  const warning = signalWarningIn(state.warnings);
  const { before, after } = beforeAfter(evaluations);
  const sampled = [after, before].find((one) => one?.sampledFrom !== undefined);
  return {
    run,
    folder,
    created: file.created,
    ...describeRun(file),
    step,
    origin: file.origin,
    status,
    ...(sampled && { sampled: evaluatedText(sampled) }),
    ...(warning && { warning: warning.message }),
    ...(fault !== null && { fault }),
    accuracyBefore: before?.accuracy?.mean ?? null,
    accuracyAfter: after?.accuracy?.mean ?? null,
    skipped: describeSkipped(skipped, file.versions),
  };
}
