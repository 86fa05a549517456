/** Errors from the Hub, with hints. */
import { HubApiError } from '@huggingface/hub';
import { RollscopeError } from '../protocol/errors.ts';
import type { HubId } from './hub-cache.ts';

/** URL of the Hub: `HF_ENDPOINT`, or the public one. */
export function endpoint(): string {
  return process.env.HF_ENDPOINT || 'https://huggingface.co';
}

/**
 * Converts an error to a `RollscopeError` that says what the Hub refused or that it is unreachable, with a hint:
 * `model` or `dataset` depending on the request, otherwise `disk` or `canceled`. A `RollscopeError` is returned
 * unchanged.
 */
export function hubError(error: unknown, id: HubId): RollscopeError {
  const what = id.type ?? 'model';
  if (error instanceof RollscopeError) return error;
  if (error instanceof HubApiError) return accessError(error, id);
  const { name, code } = (error ?? {}) as NodeJS.ErrnoException;
  if (name === 'AbortError')
    return new RollscopeError('canceled', 'The download was canceled.', undefined, { details: { reason: 'download' } });
  if (code === 'ENOSPC') {
    return new RollscopeError(
      'disk',
      `No space left on the disk while downloading ${id.spec}.`,
      'Free some space, then try again: partial downloads are kept.',
      { details: { reason: 'disk-full', [what]: id.spec } },
    );
  }
  const reason =
    error instanceof Error ? (error.cause instanceof Error ? error.cause.message : error.message) : String(error);
  const own = what === 'model' ? 'a .gguf file or a model folder' : 'a problem file that exists';
  return new RollscopeError(
    what,
    `${id.spec} is not in the cache and the Hub at ${endpoint()} cannot be reached: ${reason}`,
    `Check the connection, or use the path of ${own}. Partial downloads are kept.`,
    { details: { reason: 'hub-unreachable', [what]: id.spec, endpoint: endpoint(), system: reason } },
  );
}

function accessError(
  { statusCode, message }: HubApiError,
  { spec, name, revision, type = 'model' }: HubId,
): RollscopeError {
  if (statusCode === 401 || statusCode === 403) {
    return new RollscopeError(
      type,
      `No access to ${spec} on the Hub (status ${statusCode}): it is private, gated, or does not exist.`,
      `Check the name; accept the terms on the ${type}'s page and set HF_TOKEN to a token with read access.`,
      { details: { reason: 'no-access', [type]: spec, status: statusCode } },
    );
  }
  if (statusCode === 404 && revision !== 'main') {
    return new RollscopeError(
      type,
      `The ${type} ${name}, or its revision ${revision}, does not exist on the Hub.`,
      'Check the owner, the name, and the branch, tag or commit after the @.',
      { details: { reason: 'unknown-revision', [type]: name, revision, status: statusCode } },
    );
  }
  if (statusCode === 404) {
    return new RollscopeError(
      type,
      `The ${type} ${name} does not exist on the Hub.`,
      type === 'model' ? 'Check the owner and the name.' : 'Check the owner and the name, or the path of the file.',
      { details: { reason: `unknown-${type}`, [type]: name, status: statusCode } },
    );
  }
  return new RollscopeError(type, `The Hub returned status ${statusCode} for ${spec}: ${message}`, 'Try again later.', {
    details: { reason: 'hub-failed', [type]: spec, status: statusCode, system: message },
  });
}
