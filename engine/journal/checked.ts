/** JSON of a run folder, checked when it is read. */
import type * as z from 'zod';
import { RollscopeError } from '../protocol/errors.ts';
import { isObject } from '../protocol/values.ts';
import { readTolerantly } from './tolerant.ts';

/** Parses JSON and checks it, without the keys that it does not know; throws `run-broken`, naming `where`. */
export function parseChecked<T>(
  schema: z.ZodType<T>,
  text: string,
  where: string,
  { upgrade, hint }: { upgrade?: (value: Record<string, unknown>) => unknown; hint?: string } = {},
): T {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new RollscopeError('run-broken', `${where}: not valid JSON (${(error as Error).message}).`, hint, {
      details: { reason: 'not-json', place: where, system: (error as Error).message },
    });
  }
  const result = readTolerantly(schema, upgrade && isObject(value) ? upgrade(value) : value);
  if (!result.success)
    throw new RollscopeError('run-broken', `${where}: ${result.error}.`, hint, {
      details: { reason: 'bad-record', place: where, fault: result.error },
    });
  return result.data;
}
