/**
 * Ground truth: the oracle that the other rewards are measured against, graded by the function that grades the votes and
 * all metrics. A problem without a reference gives 0 to all of its rollouts, which are then equal and do not train.
 */
import { type LabeledGroup, labeled, type Part, type Scores } from './types.ts';

function compute({ answers, correct }: LabeledGroup): Scores {
  const rewards = correct.map((right) => (right === true ? 1 : 0));
  return {
    rewards,
    explain: (index) => {
      const right = correct[index]!;
      const answer = answers[index]!;
      const first: Part =
        right === null
          ? { kind: 'correctness', correct: null, text: 'the problem has no reference answer' }
          : answer === null
            ? { kind: 'no-answer', text: 'no answer extracted: reward 0' }
            : {
                kind: 'correctness',
                correct: right,
                text: `answer ${answer} ${right ? 'equals' : 'does not equal'} the reference`,
              };
      return [first, { kind: 'result', reward: rewards[index]!, text: `reward ${rewards[index]}` }];
    },
  };
}

export const groundTruth = labeled({
  name: 'ground-truth',
  title: 'Ground truth',
  summary: '1 if the answer is correct, else 0. Needs labels: the oracle that the other rewards are compared with.',
  scale: 'correctness',
  family: 'external',
  formula: '1 if the answer is equivalent to the reference, else 0; no answer gives 0',
  tokens: 'none: answers only',
  temperature: 'does not apply',
  shift: 'does not apply',
  normalization: 'none',
  range: [0, 1],
  source: 'RLVR, arXiv 2603.08660 section 2',
  compute,
});
