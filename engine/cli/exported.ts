/** Rows that `rollscope export` wrote, for the commands that grade answers and take votes. */
import * as z from 'zod';

export const Text = z.union([z.string(), z.number().transform(String)], 'expected a string or a number');
/** One reference answer, or several of which any counts. */
export const References = z.union(
  [Text.transform((text) => [text]), z.array(Text).min(1)],
  'expected a string, a number, or a list of them',
);

/**
 * One rollout of a run, as far as it is read here. Its number is only passed on: exports of early versions count from 0,
 * and their answers do as well.
 */
export const ExportedRollout = z
  .looseObject({
    problemId: z.string(),
    step: z.int(),
    phase: z.string(),
    rollout: z.int(),
    text: z.string(),
    reference: Text.nullish(),
    references: z.string().nullish(),
  })
  .transform(({ problemId, step, phase, rollout, text, reference, references }) => ({
    exported: true as const,
    place: { id: problemId, step, phase },
    rollout,
    text,
    references: typeof references === 'string' ? listIn(references) : reference == null ? null : [reference],
  }));
export type ExportedRollout = z.infer<typeof ExportedRollout>;

function listIn(text: string): string[] | null {
  try {
    const list: unknown = JSON.parse(text);
    return Array.isArray(list) && list.length > 0 ? list.map(String) : null;
  } catch {
    return [text];
  }
}

/** Whether a line is a row of an export: both kinds of lines are read from one file or stream. */
export function isExported(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'problemId' in value && 'rollout' in value && 'text' in value;
}
