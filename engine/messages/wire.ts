/** How errors cross a boundary, and the check of what arrives. */
import {
  type ErrorData,
  type ErrorDetails,
  errorCodeOf,
  fromErrorData,
  RollscopeError,
  toErrorData,
} from '../protocol/errors.ts';
import type { MessageShape } from './contract.ts';
import { ErrorCodes, ResponseError } from './json-rpc.ts';

/** JSON-RPC leaves -32000 to -32099 to the application; Rollscope's own code travels in the error's data. */
const APPLICATION_ERROR = -32000;

/** The data of an error that crosses a boundary. */
interface WireError extends ErrorData {
  problem?: number;
  stack?: string | undefined;
}

/** The JSON-RPC error code, in addition to Rollscope's. */
const wireCodes = new WeakMap<RollscopeError, number>();

/**
 * An error as a response carries it: code, message, hint and details as data.
 * @param stacks whether an unexpected error brings its stack @param retell words the error for the other end
 */
export function toWire(
  error: unknown,
  { stacks = false, retell = (data) => data }: { stacks?: boolean; retell?: (data: ErrorData) => ErrorData },
): ResponseError<WireError> {
  const data: WireError = { ...retell(toErrorData(error)) };
  if (error instanceof RollscopeError && error.problem !== null) data.problem = error.problem;
  if (stacks && error instanceof Error) data.stack = error.stack;
  return new ResponseError(wireCodes.get(error as RollscopeError) ?? APPLICATION_ERROR, data.message, data);
}

/** The error that the other side threw. One without a known code is a bug there: `internal`. */
export function fromWire(error: ResponseError<unknown>): RollscopeError {
  const data = error.data as WireError | undefined;
  const code = data && errorCodeOf(data.code);
  if (!data || !code) return new RollscopeError('internal', error.message);
  const received = fromErrorData({ ...data, code }, data.problem);
  if (data.stack) received.stack = data.stack;
  return received;
}

/**
 * An error about a message that does not fit the contract.
 * @param wireCode the code of JSON-RPC that it is sent with
 */
export function contractError(
  code: 'usage' | 'internal',
  message: string,
  wireCode: number,
  details: ErrorDetails,
): RollscopeError {
  const hint = 'The editor and the engine may be different versions: restart the engine.';
  const error = new RollscopeError(code, message, hint, { details });
  wireCodes.set(error, wireCode);
  return error;
}

/** A part of a conversation, as an error's facts. */
type Part = { request: string; part: 'parameters' | 'result' } | { notification: string; part: 'notification' };

function subjectOf(part: Part): string {
  switch (part.part) {
    case 'parameters':
      return `The parameters of '${part.request}' do`;
    case 'result':
      return `The response to '${part.request}' does`;
    case 'notification':
      return `The notification '${part.notification}' does`;
  }
}

/** The parsed value, with defaults. Throws `usage` for parameters that do not fit the shape, `internal` for other parts. */
export function check(shape: MessageShape | undefined, value: unknown, part: Part): unknown {
  if (!shape || !('safeParse' in shape)) return value;
  const parsed = shape.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  const where = issue.path.length > 0 ? ` at ${issue.path.join('.')}` : '';
  const code = part.part === 'parameters' ? 'usage' : 'internal';
  const message = `${subjectOf(part)} not match the protocol${where}: ${issue.message}.`;
  throw contractError(code, message, ErrorCodes.InvalidParams, {
    ...{ reason: 'bad-message', ...part, field: issue.path.join('.'), fault: issue.message },
  });
}

/** The error of a request that its sender canceled. */
export function canceledError(name: string): RollscopeError {
  return new RollscopeError('canceled', `'${name}' was canceled.`, undefined, {
    details: { reason: 'request', request: name },
  });
}
