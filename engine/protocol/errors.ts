/**
 * The only kind of error that users see: a code that programs can match, a message that names file, line or field, and
 * a hint that says what to do. Anything else that is thrown is a bug and is reported as such (code `internal`).
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

/**
 * What an error is about, as values: the reason (which of the refusals of a code it is) and the values in its texts,
 * such as file, line, field and value; `system` is the message of the operating system or a library. For programs and
 * tests, since the texts may be reworded at any time.
 */
export interface ErrorDetails {
  readonly reason: string;
  /** Paths of the settings of a run that the error is about, such as `optimizer.lr`. */
  readonly settings?: readonly string[];
  readonly [fact: string]: unknown;
}

export interface ErrorData {
  code: ErrorCode;
  message: string;
  hint?: string;
  details?: ErrorDetails;
}

/**
 * An error for people. `message` names the cause, `hint` what to do; `details` has the values that both are written
 * from.
 */
export class RollscopeError extends Error {
  override readonly name = 'RollscopeError';
  /** Index of the problem at fault; null if unknown. It crosses threads and processes with the error. */
  readonly problem: number | null;
  readonly details: ErrorDetails | undefined;
  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly hint?: string,
    options?: ErrorOptions & { problem?: number | null; details?: ErrorDetails | undefined },
  ) {
    super(message, options);
    this.problem = options?.problem ?? null;
    this.details = options?.details;
  }
}

/** The data of an error that crosses a process boundary. */
export function toErrorData(error: unknown): ErrorData {
  if (error instanceof RollscopeError) {
    const { code, message, hint, details } = error;
    return { code, message, hint, ...(details && { details }) };
  }
  const code = (error as { code?: unknown } | null)?.code;
  if (code === 'ENOSPC') {
    return {
      code: 'disk',
      message: 'No space left on the disk.',
      hint: 'Free some space, then try again.',
      details: { reason: 'disk-full' },
    };
  }
  return (
    unreadableFileError(error) ?? { code: 'internal', message: error instanceof Error ? error.message : String(error) }
  );
}

/** The system's error about a file that is read. Missing permissions, or links in a circle, are not bugs. */
function unreadableFileError(error: unknown): ErrorData | null {
  const { code, path, syscall } = (error ?? {}) as { code?: unknown; path?: unknown; syscall?: unknown };
  if (typeof code !== 'string' || typeof path !== 'string') return null;
  if (!/^(?:open|read|scandir|l?stat|readlink|access)$/.test(String(syscall))) return null;
  return {
    code: 'disk',
    message: `${path} cannot be read (${code}).`,
    hint: 'Check its permissions, and the targets of links.',
    details: { reason: 'unreadable', file: path, errno: code },
  };
}

/** An error as the `end` record stores it. */
export function toStoredError(error: unknown): Pick<ErrorData, 'code' | 'message' | 'hint'> {
  const { code, message, hint } = toErrorData(error);
  return { code, message, ...(hint !== undefined && { hint }) };
}

/** Codes that earlier versions wrote. */
const FORMER_CODES: Readonly<Record<string, ErrorCode>> = { cancelled: 'canceled' };

/** A stored or received code; null for one that this version does not know. */
export function errorCodeOf(code: string): ErrorCode | null {
  return ERROR_CODES.find((known) => known === code) ?? FORMER_CODES[code] ?? null;
}

/**
 * Turns the data of an error back into the error.
 * @param problem the index of the problem that it is about
 */
export function fromErrorData(data: ErrorData, problem: number | null = null): RollscopeError {
  return new RollscopeError(data.code, data.message, data.hint, { problem, details: data.details });
}
