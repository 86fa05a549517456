/** `rollscope vote`: the vote over the responses to each problem, line by line. */
import * as z from 'zod';
import { clusterAnswers, referenceAnswer } from '../../grading/index.ts';
import { voteOf } from '../../protocol/vote.ts';
import { votingAnswer } from '../answers.ts';
import { answerLines } from '../jsonl.ts';
import { EXIT, Output } from '../output.ts';

const Text = z.union([z.string(), z.number().transform(String)], 'expected a string or a number');
const Rollouts = z.looseObject({
  id: z.union([z.string(), z.number()], 'expected a string or a number').optional(),
  responses: z.array(Text.nullable(), 'expected a list of strings'),
  answer: Text.nullish(),
});

export async function vote(file: string, options: { strict?: boolean; json?: boolean }): Promise<number> {
  const output = new Output(options.json === true);
  const strict = options.strict === true;
  let right = 0;
  let labeled = 0;
  const { lines, errors } = await answerLines(file, Rollouts, ({ id, responses, answer }) => {
    const reference = answer === null || answer === undefined ? null : referenceAnswer(answer);
    const answers = responses.map((text) => (text === null ? null : votingAnswer(text, strict)));
    const clusters = clusterAnswers(answers, reference);
    const majority = voteOf(answers, clusters);
    const correct = reference === null ? null : (clusters[0]?.correct ?? false);
    if (correct !== null) labeled++;
    if (correct) right++;
    return {
      ...(id === undefined ? {} : { id }),
      majority: majority?.answer ?? null,
      share: majority?.share ?? null,
      clusters: clusters.map((cluster) => ({
        answer: cluster.answer,
        count: cluster.members.length,
        share: cluster.members.length / responses.length,
        members: cluster.members,
        ...(reference === null ? {} : { correct: cluster.correct }),
      })),
      ...(correct === null ? {} : { correct }),
    };
  });
  output.result({ lines, labeled, correct: right, errors });
  return errors > 0 ? EXIT.usage : EXIT.ok;
}
