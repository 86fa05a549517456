/** What went wrong at the Hub, in words, and what to do. */
import { HubApiError } from '@huggingface/hub';
import { RollscopeError } from '../protocol/errors.ts';
import type { HubId } from './hub-cache.ts';

/** Where `$HF_ENDPOINT` says, else the public Hub. */
export function endpoint(): string {
  return process.env.HF_ENDPOINT || 'https://huggingface.co';
}

export function hubError(error: unknown, id: HubId): RollscopeError {
  if (error instanceof RollscopeError) return error;
  if (error instanceof HubApiError) return refused(error, id);
  const { name, code } = (error ?? {}) as NodeJS.ErrnoException;
  if (name === 'AbortError') return new RollscopeError('canceled', 'The download was canceled.');
  if (code === 'ENOSPC') {
    return new RollscopeError(
      'disk',
      `No space left while fetching ${id.spec}.`,
      'Free some space, then try again: what was fetched is kept.',
    );
  }
  const reason =
    error instanceof Error ? (error.cause instanceof Error ? error.cause.message : error.message) : String(error);
  return new RollscopeError(
    'model',
    `${id.spec} is not in the cache and the Hub at ${endpoint()} cannot be reached: ${reason}`,
    'Check the connection, or give the path of a .gguf file or of a model folder. What was fetched so far is kept.',
  );
}

function refused({ statusCode, message }: HubApiError, { spec, name, revision }: HubId): RollscopeError {
  if (statusCode === 401 || statusCode === 403) {
    return new RollscopeError(
      'model',
      `The Hub does not let you read ${spec} (status ${statusCode}): it is private, gated, or does not exist.`,
      'Check the name; accept the terms on the model’s page and set HF_TOKEN to a token that may read it.',
    );
  }
  if (statusCode === 404 && revision !== 'main') {
    return new RollscopeError(
      'model',
      `The Hub has no model ${name}, or no revision ${revision} of it.`,
      'Check the owner, the name, and the branch, tag or commit after the @.',
    );
  }
  if (statusCode === 404) {
    return new RollscopeError('model', `The Hub has no model ${name}.`, 'Check the owner and the name.');
  }
  return new RollscopeError('model', `The Hub answered ${statusCode} for ${spec}: ${message}`, 'Try again later.');
}
