/**
 * The one error a user meets: a code that programs can match, a message that names file, line or field, and a hint that
 * says what to do. Anything else that is thrown is a bug and is reported as such (code `internal`).
 */
export const ERROR_CODES = [
  'usage',
  'config',
  'dataset',
  'model',
  'device',
  'memory',
  'disk',
  'run-in-use',
  'run-version',
  'run-not-found',
  'run-broken',
  'busy',
  'non-finite',
  'engine-stopped',
  'engine-version',
  'unauthorized',
  'canceled',
  'internal',
] as const;
export type ErrorCode = (typeof ERROR_CODES)[number];

export interface ErrorData {
  code: ErrorCode;
  message: string;
  hint?: string;
}

export class RollscopeError extends Error {
  override readonly name = 'RollscopeError';
  /** Index of the problem at fault; null where none is known. It crosses threads and processes with the error. */
  readonly problem: number | null;
  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly hint?: string,
    options?: ErrorOptions & { problem?: number | null },
  ) {
    super(message, options);
    this.problem = options?.problem ?? null;
  }
}

/** What crosses a process boundary. */
export function toErrorData(error: unknown): ErrorData {
  if (error instanceof RollscopeError) return { code: error.code, message: error.message, hint: error.hint };
  const code = (error as { code?: unknown } | null)?.code;
  if (code === 'ENOSPC') {
    return { code: 'disk', message: 'No space left on the disk.', hint: 'Free some space, then resume the run.' };
  }
  return { code: 'internal', message: error instanceof Error ? error.message : String(error) };
}

export function fromErrorData(data: ErrorData, problem: number | null = null): RollscopeError {
  return new RollscopeError(data.code, data.message, data.hint, { problem });
}
