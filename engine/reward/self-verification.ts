/**
 * Self-verification: the model judges its own solutions.
 *
 * Formula: r_i = share of the judge's samples whose verdict accepts solution i. The verdict is the judge's last marked
 * answer (`\boxed{yes}`, `#### 1`), or a response that is nothing but the verdict (`yes`); `the answer is yes` in a
 * sentence is none. One that is neither the accepting nor the rejecting text counts 0.
 * Tokens: none of the response's (its text is judged). Temperature: the judge's own, 0.5 by default. Shift: does not
 * apply. Normalisation: by the number of the judge's samples. Range: [0, 1].
 * Source: self-verification on Countdown, arXiv 2603.08660, section 5.
 */
import { missingEvidence } from './evidence.ts';
import { shortNumber } from './text.ts';
import type { Group, LabelFreeReward, Scores } from './types.ts';

function compute({ evidence }: Group): Scores {
  const { verdicts } = evidence['self-verification'] ?? missingEvidence('self-verification');
  const rewards = verdicts.map((of) => of.filter(({ verdict }) => verdict === true).length / Math.max(1, of.length));
  return {
    rewards,
    explain: (index) => {
      const of = verdicts[index]!;
      const count = (verdict: boolean | null) => of.filter((v) => v.verdict === verdict).length;
      const said = [
        [count(true), 'accepted'],
        [count(false), 'rejected'],
        [count(null), 'gave no verdict'],
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
              : `of ${of.length} ${of.length === 1 ? 'judgement' : 'judgements'} ${said.join(', ')}${words ? ` ("${words}")` : ''}`,
        },
        { kind: 'result', reward: rewards[index]!, text: `reward ${shortNumber(rewards[index]!)}` },
      ];
    },
  };
}

export const selfVerification: LabelFreeReward = {
  name: 'self-verification',
  title: 'Self-verification',
  family: 'external',
  labels: false,
  formula: 'share of the model’s own judgements that accept the solution; an unparsable judgement counts 0',
  tokens: 'none: the text is judged',
  temperature: 'the judge’s own (0.5 by default)',
  shift: 'does not apply',
  normalisation: 'by the number of judgements',
  range: [0, 1],
  source: 'arXiv 2603.08660 section 5; RLSR, arXiv 2505.08827',
  setup: 'The judge’s prompt, its accepting and rejecting texts, samples and temperature can be set.',
  evidence: () => 'self-verification',
  compute,
};
