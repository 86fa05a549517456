/** The input and output lines of `rollscope score`: a group of responses, and its scores. */
import * as z from 'zod';
import { referenceAnswer } from '../grading/index.ts';
import { printParts } from '../protocol/explanation.ts';
import { byStatistic, type GroupDetail, NO_STATISTICS, type Rollout, TOKEN_STATISTICS } from '../protocol/group.ts';
import { tokenFacts } from '../protocol/group-facts.ts';
import { type Problem, RollscopeError } from '../protocol/index.ts';
import type { Scores } from '../reward/index.ts';
import { References, Text } from './exported.ts';

const numbers = z.array(z.number()).transform((values) => Float32Array.from(values));

/** A response with its known token statistics; each list has one entry per token. */
const Response = z.object({
  text: z.string(),
  finish: z.enum(['stop', 'length']).nullish(),
  ids: z.array(z.int()).nullish(),
  tokenTexts: z.array(z.string()).nullish(),
  ...byStatistic(() => numbers.nullish()),
});
type Response = z.infer<typeof Response>;

const GivenProblem = z.object({
  text: z.string().default(''),
  answer: References.nullish(),
  columns: z.record(z.string(), z.json()).optional(),
  rule: z.string().optional(),
});

export const ScoreLine = z
  .object({
    id: Text.optional(),
    /** Its index in the run, or the problem itself. */
    problem: z.union([z.int().min(0), GivenProblem], 'expected an index or an object').optional(),
    step: z.int().min(0).optional(),
    responses: z
      .array(z.union([z.string().transform((text): Response => ({ text })), Response], 'expected texts or objects'))
      .min(1),
  })
  .superRefine(({ responses }, context) => {
    for (const [i, response] of responses.entries()) {
      const lengths = COLUMNS.flatMap((name) => response[name]?.length ?? []);
      if (new Set(lengths).size <= 1) continue;
      const message = `lists of tokens have different lengths (${[...new Set(lengths)].join(', ')})`;
      context.addIssue({ code: 'custom', path: ['responses', i], message });
    }
  });
export type ScoreLine = z.infer<typeof ScoreLine>;

const COLUMNS = ['ids', 'tokenTexts', ...TOKEN_STATISTICS] as const;

/** A problem outside of a run. */
export function toProblem({ problem, id = '1' }: ScoreLine): Problem {
  const { text = '', answer = null, columns, rule } = typeof problem === 'object' ? problem : {};
  const accepted = (answer ?? []).map((label) => referenceAnswer(label) ?? label);
  return {
    ...{ index: 0, id, text, source: '', row: 0, line: null },
    answer: accepted[0] ?? null,
    ...(accepted.length > 1 && { accepted }),
    ...(columns && { columns }),
    ...(rule !== undefined && { rule }),
  };
}

/** A problem of the run by its index. @throws RollscopeError `usage` for an unknown index */
export function problemAt(problems: readonly Problem[] | null, index: number): Problem {
  const found = problems?.[index];
  if (found) return found;
  const most = problems?.length ?? 0;
  throw new RollscopeError(
    'usage',
    problems
      ? `The run has no problem with the index ${index}; it has ${most} problems.`
      : `The problem is given as an index, ${index}, which needs a run.`,
    problems ? undefined : 'Name the run with --run, or give the problem as an object.',
    { details: { reason: 'unknown-problem', value: index, most } },
  );
}

/**
 * Rewords the error about a list that the reward reads and the caller omitted: it uses the field's name here, not the
 * title of stored statistics. Other errors are unchanged.
 */
export function asInputError(error: RollscopeError, reward: string): RollscopeError {
  if (error.details?.reason !== 'statistics-not-recorded') return error;
  const name = error.details.field === 'tokens' ? 'ids' : String(error.details.field);
  return new RollscopeError(
    'config',
    `The reward ${reward} reads "${name}", which a response lacks.`,
    'Add it as a list with one entry per token, or choose a reward that reads texts only, such as majority-vote.',
    { details: { reason: 'statistics-not-given', field: name, reward } },
  );
}

/** The group before grading. */
export function toDetail({ step = 0, responses }: ScoreLine, problem: number): GroupDetail {
  const rollouts = responses.map((response): Rollout => {
    const { text, finish = null, tokenTexts = null } = response;
    const ids = response.ids ? Int32Array.from(response.ids) : null;
    const known = TOKEN_STATISTICS.flatMap((name) => (response[name] ? [[name, response[name]]] : []));
    const statistics = { ...NO_STATISTICS, ...Object.fromEntries(known) };
    return {
      ...{ answer: null, cluster: null, correct: null, reward: null, advantage: null },
      ...tokenFacts(ids, statistics),
      ...{ text, finish, ids, tokenTexts, statistics, rewards: {}, why: [], foreign: {} },
    };
  });
  return { phase: 'train', step, problem, clusters: [], majority: null, rollouts, evidence: {} };
}

/** The output for a group: values in the order of its responses; members are counted from 1. */
export function scoredLine({ clusters, majority, rollouts, evidence }: GroupDetail, scores: Scores) {
  const labeled = clusters.some(({ correct }) => correct !== null);
  return {
    rewards: scores.rewards,
    ...(scores.components && { components: scores.components }),
    ...(scores.skip !== undefined && { skip: scores.skip }),
    majority: majority?.answer ?? null,
    share: majority?.share ?? null,
    ...(majority?.tied && { tied: true }),
    answers: rollouts.map(({ answer }) => answer),
    clusters: clusters.map(({ answer, members, correct }) => ({
      answer,
      count: members.length,
      share: members.length / rollouts.length,
      members: members.map((member) => member + 1),
      ...(labeled && { correct }),
    })),
    explanations: rollouts.map((_, i) => explanation(scores, i)),
    ...(Object.keys(evidence).length > 0 && { evidence }),
  };
}

/** null if it would quote tokens with unknown texts. */
function explanation(scores: Scores, index: number): string | null {
  try {
    return printParts(scores.explain(index));
  } catch (error) {
    if (error instanceof RollscopeError && error.details?.reason === 'statistics-not-recorded') return null;
    throw error;
  }
}
