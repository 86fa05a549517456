/**
 * What some rewards ask for beyond a problem's own rollouts, gathered while the model was at hand and stored with the
 * group, so that the reward can be explained, and computed again, without the model. One entry for each reward that
 * needs it. Lists over rollouts have one item per rollout.
 */
import * as z from 'zod';

const Answers = z.array(z.string().nullable());

/** A judge's responses to one question, with what was read out of each: null where it could not be parsed. */
const Verdicts = z.array(z.strictObject({ text: z.string(), verdict: z.boolean().nullable() }));

/** What a program outside said about one rollout. */
export const Check = z.strictObject({
  /** 1 accepted, 0 refused, in between for a share of tests; the user's own program may say any number. */
  score: z.number(),
  /** One sentence for a person: which test failed, what the compiler said. */
  detail: z.string(),
});
export type Check = z.infer<typeof Check>;

export const Evidence = z
  .strictObject({
    /** Answers to each rephrasing of the problem. */
    'co-reward': z.strictObject({ rephrasings: z.array(z.strictObject({ prompt: z.string(), answers: Answers })) }),
    /** Answers of each policy that votes; `weight` is its mean majority share over the step's problems. */
    rlccf: z.strictObject({
      policies: z.array(z.strictObject({ name: z.string(), weight: z.number().min(0), answers: Answers })),
    }),
    /** Pairs of clusters (by index) that the model takes for equal. */
    empo: z.strictObject({ equal: z.array(z.tuple([z.int().min(0), z.int().min(0)])) }),
    /** For each rollout and each of its prefixes that leave room, the cluster whose answer is likeliest; [] for none. */
    covo: z.strictObject({ likeliest: z.array(z.array(z.int().min(0))) }),
    /** The model's verdicts on each rollout's solution. */
    'self-verification': z.strictObject({ verdicts: z.array(Verdicts) }),
    /** Ends of the continuation's tokens: numbers of characters from its beginning. */
    'next-token': z.strictObject({ boundaries: z.array(z.int().min(0)) }),
    /** What was hidden, and for each rollout the values that the dual task gave back. */
    dual: z.strictObject({ hidden: z.string(), question: z.string(), reconstructions: z.array(Answers) }),
    program: z.strictObject({ checks: z.array(Check) }),
    lean: z.strictObject({ checks: z.array(Check) }),
    custom: z.strictObject({ checks: z.array(Check) }),
  })
  .partial();
export type Evidence = z.infer<typeof Evidence>;
export type EvidenceKind = keyof Evidence;
