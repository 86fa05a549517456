/**
 * Self-verification: the model judges its own solutions. The judgment is the judge's last marked answer (`\boxed{yes}`,
 * `#### 1`), or a response that is nothing but the judgment (`yes`); `the answer is yes` in a sentence is none. One that is
 * neither the accepting nor the rejecting text counts 0.
 */
import { plural, shortNumber } from '../protocol/format.ts';
import { integer, section, text, type ValuesOf } from '../protocol/settings/kit.ts';
import { askSampling, fillTemplate, question, SAMPLES } from './asking.ts';
import type { EvidenceContext, EvidenceGroup } from './evidence.ts';
import { judgmentOf } from './judgment.ts';
import { maxTokens, temperature } from './questions.ts';
import { booleanShape, listOf, nullableShape, record, type ShapeValue, textShape } from './shape.ts';
import { type Group, labelFree, type Scores } from './types.ts';

const OPTIONS = section('Judge', {
  template: text({
    title: 'Judge prompt',
    help: 'prompt of the judge; contains {{problem}} and {{solution}}',
    placeholder: 'text',
    flag: '--judge-template',
    empty: true,
    check: (prompt: string) => (prompt.includes('{{solution}}') ? null : { message: 'must contain {{solution}}' }),
    default:
      'Problem:\n{{problem}}\n\nProposed solution:\n{{solution}}\n\nIs the proposed solution correct? Check it step by step, then finish with \\boxed{yes} or \\boxed{no}.',
  }),
  accept: text({
    title: 'Accepting judgment',
    help: "the judge's answer that accepts a solution",
    placeholder: 'text',
    flag: '--judge-accept',
    default: 'yes',
  }),
  reject: text({
    title: 'Rejecting judgment',
    help: "the judge's answer that rejects a solution; anything else counts as unparsable",
    placeholder: 'text',
    flag: '--judge-reject',
    default: 'no',
  }),
  samples: integer({
    title: 'Judgments',
    help: 'judgments per solution',
    example: '3',
    placeholder: 'n',
    flag: '--judge-samples',
    min: 1,
    max: 64,
    default: 1,
  }),
  temperature: temperature('--judge-temperature', 'judge', 0.5),
  maxTokens: maxTokens('--judge-max-tokens', 'judgment', 256),
});

type Options = ValuesOf<typeof OPTIONS.fields>;

/** By rollout, the judge's responses with the verdict read from each: null if it could not be parsed. */
const EVIDENCE = record({
  verdicts: listOf(listOf(record({ text: textShape, verdict: nullableShape(booleanShape) }))),
});
type Judgments = ShapeValue<typeof EVIDENCE>;

/** Characters of a judge's response that are kept. */
const MAX_STORED_LENGTH = 2000;

/** Gathers the policy's judgments of its own solutions. */
async function gather(
  groups: readonly EvidenceGroup[],
  { options, config, step, policy }: EvidenceContext<Options>,
): Promise<Judgments[]> {
  const responses = await policy.ask({
    questions: groups.flatMap(({ problem, rollouts }) =>
      rollouts.map((rollout, i) => ({
        prompt: question(config, fillTemplate(options.template, { problem: problem.text, solution: rollout.text })),
        problem: problem.index,
        first: i * SAMPLES,
      })),
    ),
    rows: options.samples,
    sampling: { ...askSampling, temperature: options.temperature, maxTokens: options.maxTokens },
    stream: 'judge',
    step,
    policy: null,
    activity: 'judging',
  });
  let at = 0;
  return groups.map(({ rollouts }) => ({
    verdicts: rollouts.map(() =>
      (responses[at++] ?? []).map((said) => ({
        text: said.slice(-MAX_STORED_LENGTH),
        verdict: judgmentOf(said, options),
      })),
    ),
  }));
}

function compute(_: Group, __: Options, evidence: () => Judgments): Scores {
  const { verdicts } = evidence();
  const rewards = verdicts.map((of) => of.filter(({ verdict }) => verdict === true).length / Math.max(1, of.length));
  return {
    rewards,
    explain: (index) => {
      const of = verdicts[index]!;
      const count = (verdict: boolean | null) => of.filter((v) => v.verdict === verdict).length;
      const said = [
        [count(true), 'accepted'],
        [count(false), 'rejected'],
        [count(null), 'unparsable'],
      ].flatMap(([n, what]) => (n === 0 ? [] : [`${n} ${what}`]));
      const last = of[0]?.text.trim().split('\n').at(-1) ?? '';
      const words = last.length > 120 ? `...${last.slice(-120)}` : last;
      return [
        {
          kind: 'check',
          passed: of.length === 0 || count(null) === of.length ? null : count(true) * 2 > of.length,
          text:
            of.length === 0
              ? 'the solution was too long for the judge'
              : `${plural(of.length, 'judgment')}: ${said.join(', ')}${words ? ` ("${words}")` : ''}`,
        },
        { kind: 'result', reward: rewards[index]!, text: `reward ${shortNumber(rewards[index]!)}` },
      ];
    },
  };
}

export const selfVerification = labelFree({
  name: 'self-verification',
  title: 'Self-verification',
  summary:
    'Share of judgments in which the model calls its own solution correct. Asks the model to judge each solution.',
  scale: 'correctness',
  family: 'external',
  formula: "share of the model's own judgments that accept the solution; an unparsable judgment counts 0",
  tokens: 'none: the text is judged',
  temperature: "the judge's own (0.5 by default)",
  shift: 'does not apply',
  normalization: 'by the number of judgments',
  range: [0, 1],
  source: 'arXiv 2603.08660 section 5; RLSR, arXiv 2505.08827',
  setup: "The judge's prompt, its accepting and rejecting texts, samples and temperature can be set.",
  options: OPTIONS,
  evidence: { shape: EVIDENCE, gather, questionTokens: ({ maxTokens }) => maxTokens },
  compute,
});
