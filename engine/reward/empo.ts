/**
 * Semantic clusters: of mathematically equivalent answers, of equal normalized texts, or of answers that the model takes
 * for the same. A rollout without an answer is in no cluster, but counts in N.
 *
 * Filter: a group is left out of training unless its answer entropy H = -sum_c (n_c / n) log(n_c / n), over the n
 * rollouts with an answer, is between `entropyLow` and `entropyHigh` times log N.
 */
import { clusterAnswers } from '../grading/index.ts';
import { plural, shortNumber } from '../protocol/format.ts';
import { choice, number, section, text, type ValuesOf } from '../protocol/settings/kit.ts';
import { askSampling, fillTemplate, question } from './asking.ts';
import type { EvidenceContext, EvidenceGroup } from './evidence.ts';
import { judgmentOf } from './judgment.ts';
import { maxTokens } from './questions.ts';
import { countShape, listOf, pairOf, record, type ShapeValue } from './shape.ts';
import { type Group, labelFree, type Part, type Scores } from './types.ts';

const OPTIONS = section('Semantic clusters', {
  clusters: choice(
    {
      equivalence: 'mathematical equivalence',
      text: 'equal normalized text',
      model: "the model's own judgment",
    },
    {
      title: 'Answer comparison',
      help: 'how answers are compared: equivalence (as mathematics), text, or model (judged by the model)',
      placeholder: 'kind',
      flag: '--empo-clusters',
      default: 'equivalence',
    },
  ),
  entropyLow: number({
    title: 'Lower entropy bound',
    help: 'minimum answer entropy of a group used for training, as a fraction of log N',
    example: '0.1',
    placeholder: 'x',
    flag: '--empo-entropy-low',
    min: 0,
    max: 1,
    default: 0,
  }),
  entropyHigh: number({
    title: 'Upper entropy bound',
    help: 'maximum answer entropy of a group used for training, as a fraction of log N',
    example: '0.9',
    placeholder: 'x',
    flag: '--empo-entropy-high',
    min: 0,
    max: 1,
    default: 1,
  }),
  template: text({
    title: 'Prompt for judging meaning',
    help: 'prompt that compares two answers with --empo-clusters model; contains {{problem}}, {{first}} and {{second}}',
    placeholder: 'text',
    flag: '--empo-template',
    empty: true,
    default:
      'Problem:\n{{problem}}\n\nDo these two answers mean the same?\nFirst: {{first}}\nSecond: {{second}}\n\nFinish with \\boxed{yes} or \\boxed{no}.',
  }),
  accept: text({
    title: 'Accepting answer',
    help: "the model's answer for the same meaning",
    placeholder: 'text',
    flag: '--empo-accept',
    default: 'yes',
  }),
  reject: text({
    title: 'Rejecting answer',
    help: "the model's answer for different meanings",
    placeholder: 'text',
    flag: '--empo-reject',
    default: 'no',
  }),
  maxTokens: maxTokens('--empo-max-tokens', 'judgment', 64),
});
type Options = ValuesOf<typeof OPTIONS.fields>;

/** Pairs of clusters (by index) that the model considers equal. */
const EVIDENCE = record({ equal: listOf(pairOf(countShape)) });
type EqualAnswers = ShapeValue<typeof EVIDENCE>;

/** The most clusters that the model compares with each other, since the number of questions grows with the square. */
const MAX_COMPARED_CLUSTERS = 12;

/** Which answers the policy considers equal. */
async function gather(
  groups: readonly EvidenceGroup[],
  { options, config, step, policy }: EvidenceContext<Options>,
): Promise<EqualAnswers[]> {
  const pairs = groups.flatMap(({ problem, clusters }, g) => {
    const compared = clusters.slice(0, MAX_COMPARED_CLUSTERS);
    return compared.flatMap((first, a) =>
      compared.slice(a + 1).map((second, b) => ({
        group: g,
        pair: [a, a + 1 + b] as [number, number],
        question: {
          prompt: question(
            config,
            fillTemplate(options.template, { problem: problem.text, first: first.answer, second: second.answer }),
          ),
          problem: problem.index,
          first: a * MAX_COMPARED_CLUSTERS + b,
        },
      })),
    );
  });
  const responses = await policy.ask({
    questions: pairs.map((p) => p.question),
    rows: 1,
    sampling: { ...askSampling, temperature: 0, maxTokens: options.maxTokens },
    stream: 'equality',
    step,
    policy: null,
    activity: 'comparing-answers',
  });
  return groups.map((_, g) => ({
    equal: pairs.flatMap(({ group, pair }, i) =>
      group === g && judgmentOf(responses[i]?.[0] ?? '', options) === true ? [pair] : [],
    ),
  }));
}

interface MeaningCluster {
  answers: string[];
  members: number[];
}

function clusterByMeaning(
  { answers, clusters }: Group,
  kind: Options['clusters'],
  evidence: () => EqualAnswers,
): MeaningCluster[] {
  const named = (members: readonly number[]) => ({
    answers: [...new Set(members.map((i) => answers[i]!))],
    members: [...members],
  });
  if (kind === 'equivalence') return clusters.map(({ members }) => named(members));
  if (kind === 'text') return clusterAnswers(answers, null, 'text').map(({ members }) => named(members));
  const { equal } = evidence();
  // The model's judgments may not be transitive: clusters are the connected ones.
  const root = clusters.map((_, c) => c);
  const find = (c: number): number => (root[c] === c ? c : find(root[c]!));
  for (const [a, b] of equal) root[find(Math.max(a, b))] = find(Math.min(a, b));
  const joined = new Map<number, number[]>();
  clusters.forEach(({ members }, c) => {
    const key = find(c);
    joined.set(key, [...(joined.get(key) ?? []), ...members]);
  });
  return [...joined.values()].map((members) => named(members.sort((a, b) => a - b)));
}

function compute(group: Group, options: Options, evidence: () => EqualAnswers): Scores {
  const N = group.answers.length;
  const clusters = clusterByMeaning(group, options.clusters, evidence);
  const answered = clusters.reduce((n, { members }) => n + members.length, 0);
  const entropy = clusters.reduce((h, { members }) => {
    const p = members.length / answered;
    return h - p * Math.log(p);
  }, 0);
  const rewards = new Array<number>(N).fill(0);
  for (const { members } of clusters) for (const i of members) rewards[i] = members.length / N;
  const level = N > 1 ? entropy / Math.log(N) : 0;
  // An answer apiece has a level of 1 only up to rounding.
  const outside = level < options.entropyLow - 1e-12 || level > options.entropyHigh + 1e-12;
  const skip = outside
    ? `its answer entropy is ${shortNumber(level)} of the maximum, outside ${options.entropyLow} to ${options.entropyHigh}`
    : undefined;
  return {
    rewards,
    ...(skip !== undefined && { skip }),
    explain: (index) => {
      const reward = rewards[index]!;
      const result: Part = { kind: 'result', reward, text: `reward ${shortNumber(reward)}` };
      const at = clusters.findIndex(({ members }) => members.includes(index));
      if (at < 0) return [{ kind: 'no-answer', text: 'no answer extracted: in no cluster, reward 0' }, result];
      const { answers, members } = clusters[at]!;
      const filter: Part[] =
        skip === undefined
          ? []
          : [{ kind: 'check', passed: false, text: `the group is not used for training: ${skip}` }];
      return [
        {
          kind: 'cluster',
          cluster: at,
          answers,
          votes: members.length,
          of: N,
          share: reward,
          text: `${members.length} of ${plural(N, 'response')} ${members.length === 1 ? 'has' : 'have'} this meaning: {${answers.slice(0, 8).join(', ')}${answers.length > 8 ? ', ...' : ''}}`,
        },
        { kind: 'number', name: 'answer entropy', value: entropy, text: `answer entropy ${shortNumber(entropy)} nats` },
        ...filter,
        result,
      ];
    },
  };
}

export const empo = labelFree({
  name: 'empo',
  title: 'Semantic clusters',
  summary:
    'Share of the rollouts whose answers have the same meaning. Needs only the rollouts, unless the model compares the answers.',
  scale: 'correctness',
  family: 'ensemble',
  formula: "size of the answer's semantic cluster / N; no answer gives 0",
  tokens: 'none: answers only',
  temperature: 'does not apply',
  shift: 'does not apply',
  normalization: 'by the number of rollouts',
  range: [0, 1],
  source: 'EMPO, arXiv 2504.05812',
  setup:
    'Answers are compared as mathematics, as text, or by the model. Groups whose answer entropy is outside the bounds are not used for training.',
  options: OPTIONS,
  evidence: {
    shape: EVIDENCE,
    when: ({ clusters }) => clusters === 'model',
    gather,
    questionTokens: ({ maxTokens }) => maxTokens,
  },
  compute,
});
