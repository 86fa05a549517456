/** One line about a run: what it is, how far it got, and its accuracy before and after. */
import { evaluatedText } from '../protocol/data-text.ts';
import type { RunInfo } from '../protocol/listed-run.ts';
import type { EvaluationRecord } from '../protocol/records.ts';
import { describeRun, type RunFile } from '../protocol/run-file.ts';
import { signalWarningIn } from '../protocol/warnings.ts';
import { beforeAfter, comparedEvaluations, diagnose } from './diagnosis.ts';
import { describeSkipped, type SkippedTypes } from './skipped.ts';

/** The part of a warning that the list shows. */
export interface ListedWarning {
  code: string;
  message: string;
  step: number | null;
}

/** How far a run is. */
interface State extends Pick<RunInfo, 'run' | 'folder' | 'step' | 'status'> {
  evaluations: readonly EvaluationRecord[];
  skipped: SkippedTypes;
  warnings: readonly ListedWarning[];
  /** The message of `runFault`. */
  fault: string | null;
}

/** What lists show of a run. Accuracies are null without labels or evaluations, texts are those of the files. */
export function runInfo(file: RunFile, state: State): RunInfo {
  const { run, folder, step, status, evaluations, skipped, fault, warnings } = state;
  const warning = signalWarningIn(warnings);
  const { before, after } = beforeAfter(evaluations);
  const sampled = [after, before].find((candidate) => candidate?.sampledFrom !== undefined);
  const described = describeRun(file);
  const diagnosis = diagnose(comparedEvaluations(evaluations), warnings);
  return {
    run,
    folder,
    created: file.created,
    ...described,
    step,
    origin: file.origin,
    ...(file.parent && { parent: file.parent }),
    status,
    ...(sampled && { sampled: evaluatedText(sampled) }),
    ...(warning && { warning: warning.message }),
    ...(fault !== null && { fault }),
    diagnosis: described.job === 'probe' || diagnosis.kind === 'unmeasured' ? null : diagnosis,
    accuracyBefore: before?.accuracy?.mean ?? null,
    accuracyAfter: after?.accuracy?.mean ?? null,
    skipped: describeSkipped(skipped, file.versions),
  };
}
