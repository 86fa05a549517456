/**
 * Reading is tolerant where writing is strict: the schemas refuse keys that they do not know, so that nothing is written
 * that nobody has described; on reading, such keys (of a newer Rollscope) are dropped.
 */
import type * as z from 'zod';

export type Tolerant<T> = { success: true; data: T } | { success: false; error: string };

/** Checks a value that was read, without the keys that the schema does not know. `error` is for a person. */
export function readTolerantly<T>(schema: z.ZodType<T>, value: unknown): Tolerant<T> {
  let result = schema.safeParse(value);
  // What lies deeper is only looked at once its surroundings are known.
  for (let depth = 0; depth < 8 && !result.success; depth++) {
    const unknown = result.error.issues.flatMap(unknownKeys);
    if (unknown.length === 0) break;
    for (const { path, keys } of unknown) drop(value, path, keys);
    result = schema.safeParse(value);
  }
  return result.success ? result : { success: false, error: describeIssues(result.error) };
}

/** What zod found, in the words of a person: `metrics.loss: expected number, received string`. */
export function describeIssues(error: z.ZodError): string {
  return error.issues.map((issue) => `${issue.path.join('.') || 'value'}: ${issue.message}`).join('; ');
}

type Path = readonly PropertyKey[];

function unknownKeys(issue: z.core.$ZodIssue): { path: Path; keys: string[] }[] {
  if (issue.code === 'unrecognized_keys') return [{ path: issue.path, keys: issue.keys }];
  if (issue.code !== 'invalid_union') return [];
  // Only of an alternative that fits but for such keys: to another one, its neighbors' own keys are unknown.
  const near = issue.errors.find(
    (issues) => issues.length > 0 && issues.every(({ code }) => code === 'unrecognized_keys'),
  );
  return (near ?? []).flatMap(unknownKeys).map(({ path, keys }) => ({ path: [...issue.path, ...path], keys }));
}

function drop(value: unknown, path: Path, keys: readonly string[]): void {
  let at = value as Record<PropertyKey, unknown> | undefined;
  for (const key of path) at = at?.[key] as Record<PropertyKey, unknown> | undefined;
  if (at) for (const key of keys) delete at[key];
}
