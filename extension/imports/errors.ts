/**
 * Rewords the errors of an import for the editor, since the command line's hints name its options. Does not import VS
 * Code.
 */
import { RollscopeError } from '../../engine/protocol/errors.ts';

const REASONS = ['no-importer', 'no-rollouts', 'bad-map'];

/** Whether naming the columns may help. */
export function lacksColumns(error: unknown): error is RollscopeError {
  return error instanceof RollscopeError && REASONS.includes(`${error.details?.reason}`);
}

/** The error with a hint for the editor. */
export function withEditorHint(error: unknown): unknown {
  if (!lacksColumns(error)) return error;
  const { code, message, details } = error;
  const isMap = details?.reason === 'bad-map';
  return new RollscopeError(
    code,
    isMap ? message.replace(/^--map: /, '') : message,
    isMap
      ? 'Name columns as in prompt=question,response=text.'
      : "Choose a trainer's output folder, a folder of its rollouts, or a file with one rollout per row: a prompt and a response.",
    { ...(details && { details }) },
  );
}
