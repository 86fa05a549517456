/** `rollscope vote`: majority votes over the responses to each problem, line by line. */
import * as z from 'zod';
import { type Grader, referenceAnswer } from '../../grading/index.ts';
import { voteOf } from '../../protocol/vote.ts';
import { type AnswerOptions, graderFor, votingAnswer } from '../answers.ts';
import { ExportedRollout, isExported, References, Text } from '../exported.ts';
import { answerLines } from '../jsonl.ts';
import { EXIT, Output } from '../output.ts';

const Rollouts = z.object({
  id: z.union([z.string(), z.number()], 'expected a string or a number').optional(),
  responses: z.array(Text.nullable(), 'expected a list of strings'),
  answer: References.nullish(),
});
/** All responses to a problem, or one exported rollout. */
const Line = z.unknown().transform((value, context) => {
  const parsed = isExported(value) ? ExportedRollout.safeParse(value) : Rollouts.safeParse(value);
  if (parsed.success) return parsed.data;
  for (const { path, message } of parsed.error.issues) context.addIssue({ code: 'custom', path, message });
  return z.NEVER;
});

interface Group {
  /** The fields that identify the group in the output. */
  place: object;
  responses: readonly (string | null)[];
  references: readonly string[] | null;
}

/** One vote per problem, in input order. Exit code 2 if a line could not be read. */
export async function vote(file: string, options: AnswerOptions & { json?: boolean }): Promise<number> {
  const output = new Output(options.json === true);
  const grader = graderFor(options);
  let right = 0;
  let labeled = 0;
  const voted = (group: Group) => {
    const result = tally(group, options, grader);
    if ('correct' in result) labeled++;
    if (result.correct) right++;
    return { ...group.place, ...result };
  };
  // Consecutive exported rows of the same group.
  let open: { key: string; rows: ExportedRollout[] } | null = null;
  const closed = () => {
    const rows = open?.rows ?? [];
    open = null;
    if (!rows[0]) return [];
    return [voted({ place: rows[0].place, responses: rows.map(({ text }) => text), references: rows[0].references })];
  };
  const { lines, errors } = await answerLines(
    file,
    Line,
    (line) => {
      if (!('exported' in line)) {
        const { id, responses, answer } = line;
        const group = { place: id === undefined ? {} : { id }, responses, references: answer ?? null };
        return [...closed(), voted(group)];
      }
      const key = JSON.stringify(line.place);
      const before = open?.key === key ? [] : closed();
      open ??= { key, rows: [] };
      open.rows.push(line);
      return before;
    },
    closed,
  );
  output.result({ lines, labeled, correct: right, errors });
  return errors > 0 ? EXIT.usage : EXIT.ok;
}

function tally({ responses, references: given }: Group, { strict = false, answer }: AnswerOptions, grader: Grader) {
  const found = (given ?? []).flatMap((reference) => referenceAnswer(reference) ?? []);
  const references = found.length > 0 ? found : null;
  const answers = responses.map((text) => (text === null ? null : votingAnswer(text, strict, answer)));
  const clusters = grader.cluster(answers, references);
  const majority = voteOf(answers, clusters);
  const correct = references === null ? null : (clusters[0]?.correct ?? false);
  return {
    majority: majority?.answer ?? null,
    share: majority?.share ?? null,
    clusters: clusters.map((cluster) => ({
      answer: cluster.answer,
      count: cluster.members.length,
      share: cluster.members.length / responses.length,
      // Rollouts are counted from 1 everywhere.
      members: cluster.members.map((member) => member + 1),
      ...(references === null ? {} : { correct: cluster.correct }),
    })),
    ...(correct === null ? {} : { correct }),
  };
}
