/** Errors of the Hub, with their remedies. */
import { HubApiError } from '@huggingface/hub';
import { RollscopeError } from '../protocol/errors.ts';
import type { HubId } from './hub-cache.ts';

/** `$HF_ENDPOINT`, or the public Hub. */
export function endpoint(): string {
  return process.env.HF_ENDPOINT || 'https://huggingface.co';
}

export function hubError(error: unknown, id: HubId): RollscopeError {
  if (error instanceof RollscopeError) return error;
  if (error instanceof HubApiError) return refused(error, id);
  const { name, code } = (error ?? {}) as NodeJS.ErrnoException;
  if (name === 'AbortError')
    return new RollscopeError('canceled', 'The download was canceled.', undefined, { details: { reason: 'download' } });
  if (code === 'ENOSPC') {
    return new RollscopeError(
      'disk',
      `No space left on the disk while downloading ${id.spec}.`,
      'Free some space, then try again: partial downloads are kept.',
      { details: { reason: 'disk-full', model: id.spec } },
    );
  }
  const reason =
    error instanceof Error ? (error.cause instanceof Error ? error.cause.message : error.message) : String(error);
  return new RollscopeError(
    'model',
    `${id.spec} is not in the cache and the Hub at ${endpoint()} cannot be reached: ${reason}`,
    'Check the connection, or use the path of a .gguf file or a model folder. Partial downloads are kept.',
    { details: { reason: 'hub-unreachable', model: id.spec, endpoint: endpoint(), system: reason } },
  );
}

function refused({ statusCode, message }: HubApiError, { spec, name, revision }: HubId): RollscopeError {
  if (statusCode === 401 || statusCode === 403) {
    return new RollscopeError(
      'model',
      `No access to ${spec} on the Hub (status ${statusCode}): it is private, gated, or does not exist.`,
      'Check the name; accept the terms on the model’s page and set HF_TOKEN to a token with read access.',
      { details: { reason: 'no-access', model: spec, status: statusCode } },
    );
  }
  if (statusCode === 404 && revision !== 'main') {
    return new RollscopeError(
      'model',
      `The model ${name}, or its revision ${revision}, does not exist on the Hub.`,
      'Check the owner, the name, and the branch, tag or commit after the @.',
      { details: { reason: 'unknown-revision', model: name, revision, status: statusCode } },
    );
  }
  if (statusCode === 404) {
    return new RollscopeError(
      'model',
      `The model ${name} does not exist on the Hub.`,
      'Check the owner and the name.',
      { details: { reason: 'unknown-model', model: name, status: statusCode } },
    );
  }
  return new RollscopeError(
    'model',
    `The Hub returned status ${statusCode} for ${spec}: ${message}`,
    'Try again later.',
    { details: { reason: 'hub-failed', model: spec, status: statusCode, system: message } },
  );
}
