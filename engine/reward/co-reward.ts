/**
 * Majority voting across rephrasings, which are given by the data or written by the model. Where no rephrasing has an
 * answer, nobody earns. In the paper the vote of the original is also the label for the rephrasings; here the original's
 * rollouts train, and answers are compared as clusters, not as strings.
 */
import { graderOf } from '../grading/index.ts';
import { plural, shortNumber } from '../protocol/format.ts';
import { integer, section, text } from '../protocol/settings/kit.ts';
import { missingEvidence } from './evidence.ts';
import { maxTokens, temperature } from './questions.ts';
import { type Group, labelFree, type Part, type Scores } from './types.ts';
import { weightedVote } from './vote.ts';

const OPTIONS = section('Rephrasings', {
  count: integer({
    title: 'Rephrasings',
    help: 'rephrasings per problem that vote',
    example: '2',
    placeholder: 'n',
    flag: '--rephrasings',
    min: 1,
    max: 64,
    default: 1,
  }),
  column: text({
    title: 'Column with rephrasings',
    help: 'column with a list of rephrasings; where it is missing, the model writes them',
    placeholder: 'name',
    flag: '--rephrasings-field',
    default: 'rephrasings',
  }),
  template: text({
    title: 'Prompt for rephrasings',
    help: 'what the model is asked where the data has no rephrasings, with {{problem}}',
    placeholder: 'text',
    flag: '--rephrasings-template',
    empty: true,
    default:
      'Rewrite the following problem in other words, without changing its meaning, its numbers or its answer, and without solving it. Write the rewritten problem only.\n\n{{problem}}',
  }),
  temperature: temperature('--rephrasings-temperature', 'rephrasing', 1),
  maxTokens: maxTokens('--rephrasings-max-tokens', 'rephrasing', 512),
});

function compute({ answers, evidence, grader = graderOf() }: Group): Scores {
  const { rephrasings } = evidence['co-reward'] ?? missingEvidence('co-reward');
  const votes = weightedVote(
    rephrasings.map((r) => ({ answers: r.answers, weight: 1 })),
    grader,
  );
  const [winner] = votes;
  const asked = rephrasings.reduce((n, r) => n + r.answers.length, 0);
  const agrees = answers.map(
    (answer) => winner !== undefined && answer !== null && grader.equal(answer, winner.answer),
  );
  const rewards = agrees.map((yes) => (yes ? 1 : 0));
  return {
    rewards,
    explain: (index) => {
      const result: Part = { kind: 'result', reward: rewards[index]!, text: `reward ${shortNumber(rewards[index]!)}` };
      const answer = answers[index];
      if (answer === null) return [{ kind: 'no-answer', text: 'no answer extracted: reward 0' }, result];
      const of = plural(rephrasings.length, 'rephrasing');
      if (!winner) return [{ kind: 'no-answer', text: `none of the responses to ${of} has an answer` }, result];
      return [
        {
          kind: 'vote',
          winner: winner.answer,
          won: agrees[index]!,
          tied: votes[1]?.votes === winner.votes,
          text: `the responses to ${of} voted for ${winner.answer} (${winner.votes} of ${asked} votes); answer ${answer} ${agrees[index] ? 'agrees' : 'differs'}`,
        },
        result,
      ];
    },
  };
}

export const coReward = labelFree({
  name: 'co-reward',
  title: 'Majority voting across rephrasings',
  summary:
    '1 if the answer is the majority over rollouts of rephrasings of the problem, else 0. Asks the model for rephrasings unless a column has them.',
  scale: 'correctness',
  family: 'ensemble',
  formula: '1 if the answer equals the majority over the rollouts of the problem’s rephrasings, else 0',
  tokens: 'none: answers only',
  temperature: 'does not apply',
  shift: 'does not apply',
  normalization: 'none',
  range: [0, 1],
  source: 'Co-Reward, arXiv 2508.00410',
  setup:
    'Rephrasings come from a column of the data (`rephrasings`, a list of texts); without one, the model writes them.',
  options: OPTIONS,
  columns: ({ column }) => ({ optional: [column] }),
  throughTemplate: true,
  evidence: () => 'co-reward',
  compute,
});
