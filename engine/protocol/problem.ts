/** A problem as a run has it, and its prompt: what `problems.jsonl` and `prompts.jsonl` have one per line. */
import * as z from 'zod';

/** A turn of a conversation. */
export const Turn = z.strictObject({ role: z.enum(['system', 'user', 'assistant']), content: z.string() });
export type Turn = z.infer<typeof Turn>;

/** A problem as the run sees it; one per line in `problems.jsonl`. */
export const Problem = z.strictObject({
  /** Position in the run's problem list, from 0. */
  index: z.int().min(0),
  id: z.string(),
  /** The problem's own text, without template. */
  text: z.string(),
  /** The reference answer, when the data has one: for measuring only. */
  answer: z.string().nullable(),
  /** All reference answers, `answer` first, if there are several: a response is correct if it equals any of them. */
  accepted: z.array(z.string()).optional(),
  /** Where the answer of its responses is, if the data specifies it per problem; otherwise the run's rule applies. */
  rule: z.string().optional(),
  /**
   * The conversation, if the problem is more than one turn of the user; the last turn may be the beginning of the
   * assistant's response.
   */
  messages: z.array(Turn).optional(),
  /** File it came from, its row (from 0) and line (from 1; null for binary formats). */
  source: z.string(),
  row: z.int().min(0),
  line: z.int().min(1).nullable(),
  /** Other columns of the row that the run's reward reads. */
  columns: z.record(z.string(), z.json()).optional(),
});
export type Problem = z.infer<typeof Problem>;

/** Which fields reveal the reference answer. A new field does not compile until this is decided here. */
const IS_LABEL: Readonly<Record<keyof Problem, boolean>> = {
  index: false,
  id: false,
  text: false,
  answer: true,
  accepted: true,
  rule: false,
  messages: false,
  source: false,
  row: false,
  line: false,
  columns: false,
};

/** The problem as it is shown to what must not read labels: without its reference answers. */
export function unlabeled(problem: Problem): Problem {
  const shown = Object.entries(problem).filter(([name]) => !IS_LABEL[name as keyof Problem]);
  return { ...(Object.fromEntries(shown) as Omit<Problem, 'answer'>), answer: null };
}

/** The prompt of a problem exactly as the model got it: after templates and chat template. One a line in `prompts.jsonl`. */
export const Prompt = z.strictObject({
  /** Index of the problem. */
  problem: z.int().min(0),
  text: z.string(),
  /** Token ids; null where another trainer did not keep them. */
  tokens: z.array(z.int().min(0)).nullable(),
  /** The chat that another trainer logged in the place of what its template made of it; absent where it logged the text. */
  messages: z.array(Turn).optional(),
});
export type Prompt = z.infer<typeof Prompt>;
