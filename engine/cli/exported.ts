/** Rows written by `rollscope export`, as input for `grade` and `vote`. */
import * as z from 'zod';

export const Text = z.union([z.string(), z.number().transform(String)], 'expected a string or a number');
/** One reference answer, or several alternatives. */
export const References = z.union(
  [Text.transform((text) => [text]), z.array(Text).min(1)],
  'expected a string, a number, or a list of those',
);

/**
 * The fields of an exported rollout that are used here. The rollout number is passed through unchanged: exports of early
 * versions count from 0, and so do the answers to them.
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

/** Whether a line is an exported row; a file may contain both kinds of lines. */
export function isExported(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'problemId' in value && 'rollout' in value && 'text' in value;
}
