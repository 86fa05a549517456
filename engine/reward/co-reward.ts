/**
 * Majority voting across rephrasings, which are given by the data or written by the model. Where no rephrasing has an
 * answer, nobody earns. In the paper the vote of the original is also the label for the rephrasings; here the original's
 * rollouts train, and answers are compared as clusters, not as strings.
 */
import { plural, shortNumber } from '../protocol/format.ts';
import { integer, section, text, type ValuesOf } from '../protocol/settings/kit.ts';
import { ANSWERS, answersOf, askSampling, fillTemplate, question, ROLLOUTS, rephrased } from './asking.ts';
import type { EvidenceContext, EvidenceGroup, Question } from './evidence.ts';
import { maxTokens, temperature } from './questions.ts';
import { listOf, record, type ShapeValue, textShape } from './shape.ts';
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
    help: 'column with a list of rephrasings; without it, the model writes them',
    placeholder: 'name',
    flag: '--rephrasings-field',
    default: 'rephrasings',
  }),
  template: text({
    title: 'Prompt for rephrasings',
    help: 'prompt that asks for a rephrasing if the data has none; contains {{problem}}',
    placeholder: 'text',
    flag: '--rephrasings-template',
    empty: true,
    default:
      'Rewrite the following problem in other words, without changing its meaning, its numbers or its answer, and without solving it. Write the rewritten problem only.\n\n{{problem}}',
  }),
  temperature: temperature('--rephrasings-temperature', 'rephrasing', 1),
  maxTokens: maxTokens('--rephrasings-max-tokens', 'rephrasing', 512),
});

type Options = ValuesOf<typeof OPTIONS.fields>;

/** Answers to each rephrasing of the problem. */
const EVIDENCE = record({ rephrasings: listOf(record({ prompt: textShape, answers: ANSWERS })) });
type Rephrased = ShapeValue<typeof EVIDENCE>;

/** Gathers answers to rephrasings of the problems; the policy writes rephrasings if the data has too few. */
async function gather(groups: readonly EvidenceGroup[], context: EvidenceContext<Options>): Promise<Rephrased[]> {
  const { config, step, policy } = context;
  const written = await rephrasingsOf(groups, context);
  const asked = groups.flatMap(({ problem }, g) =>
    written[g]!.map((prompt, r) => ({
      group: g,
      text: prompt,
      prompt: question(config, rephrased(config.dataset.template, prompt, problem.columns)),
      problem: problem.index,
      first: r * ROLLOUTS,
    })),
  );
  const answers = await policy.ask({
    questions: asked.map(({ group: _, text: __, ...q }) => q),
    rows: config.votes,
    sampling: config.sampling,
    stream: 'rephrasing',
    step,
    policy: null,
    activity: 'sampling-rephrasings',
  });
  return groups.map(({ grader }, g) => ({
    rephrasings: asked.flatMap(({ group, text: prompt }, i) =>
      group === g ? [{ prompt, answers: answersOf(answers[i]!, grader) }] : [],
    ),
  }));
}

/** The rephrasings of each problem: those in the data, then those that the policy writes. */
async function rephrasingsOf(
  groups: readonly EvidenceGroup[],
  { options, config, step, policy }: EvidenceContext<Options>,
): Promise<string[][]> {
  const given = groups.map(({ problem }) => textsOf(problem.columns?.[options.column]).slice(0, options.count));
  const questions = groups.flatMap(({ problem }, g): (Question & { group: number })[] =>
    Array.from({ length: options.count - given[g]!.length }, (_, r) => ({
      group: g,
      prompt: question(config, fillTemplate(options.template, { problem: problem.text })),
      problem: problem.index,
      first: r,
    })),
  );
  const written = await policy.ask({
    questions: questions.map(({ group: _, ...q }) => q),
    rows: 1,
    sampling: { ...askSampling, stopAtAnswer: false, temperature: options.temperature, maxTokens: options.maxTokens },
    stream: 'rephrase',
    step,
    policy: null,
    activity: 'rephrasing',
  });
  written.forEach((responses, i) => {
    const text = responses?.[0]?.trim();
    if (text) given[questions[i]!.group]!.push(text);
  });
  return given;
}

function textsOf(value: unknown): string[] {
  const list = Array.isArray(value) ? value : [value];
  return list.filter((item): item is string => typeof item === 'string' && item.trim() !== '');
}

function compute({ answers, grader }: Group, _: Options, evidence: () => Rephrased): Scores {
  const { rephrasings } = evidence();
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
          text: `the responses to ${of} voted for ${winner.answer} (${winner.votes} of ${plural(asked, 'vote')}); answer ${answer} ${agrees[index] ? 'agrees' : 'differs'}`,
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
    '1 if the answer is the majority over rollouts of rephrasings of the problem, else 0. Asks the model for rephrasings unless a column contains them.',
  scale: 'correctness',
  family: 'ensemble',
  formula: "1 if the answer equals the majority over the rollouts of the problem's rephrasings, else 0",
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
  evidence: { shape: EVIDENCE, gather, questionTokens: ({ maxTokens }) => maxTokens },
  compute,
});
