/** Synthetic rollouts as a policy returns them, the same for every program that is measured. */

export interface SampledGroup {
  problem: {
    index: number;
    id: string;
    text: string;
    prompt: string;
    answer: string;
    source: string;
    row: number;
    line: number;
  };
  rollouts: ReturnType<typeof rollout>[];
}

const WORDS = [
  'First',
  ' we',
  ' add',
  ' the',
  ' two',
  ' numbers',
  ',',
  ' then',
  ' we',
  ' get',
  ' 1',
  '2',
  ' and',
  '\n',
];

/** A response of `tokens` tokens that ends with a boxed answer. */
function rollout(answer: string, tokens: number, seed: number) {
  const end = ['So', ' the', ' answer', ' is', ' \\boxed{', answer, '}', ''];
  const words = Array.from(
    { length: Math.max(0, tokens - end.length) },
    (_, i) => WORDS[(i * 7 + seed) % WORDS.length]!,
  );
  const tokenTexts = [...words, ...end].slice(-tokens);
  const numbers = (scale: number) => Float32Array.from(tokenTexts, (_, i) => scale * Math.abs(Math.sin(i + seed)));
  return {
    text: tokenTexts.join(''),
    tokenTexts,
    /** Earlier name of `tokenTexts`. */
    pieces: tokenTexts,
    finish: 'stop' as const,
    tokens: Int32Array.from(tokenTexts, (_, i) => (i * 31 + seed) % 1000),
    logprob: numbers(-1),
    entropy: numbers(1),
    logsumexp: numbers(10),
    meanLogit: numbers(2),
    top1: numbers(0.9),
    top2: numbers(0.05),
  };
}

/** `count` groups of `size` rollouts of `tokens` tokens each; most rollouts agree, some are wrong. */
export function sampledGroups(count: number, size: number, tokens: number): SampledGroup[] {
  return Array.from({ length: count }, (_, index) => {
    const text = `What is ${index} plus 2?`;
    const problem = {
      index,
      id: `p-${index}`,
      text,
      prompt: text,
      answer: `${index + 2}`,
      source: 'b',
      row: index,
      line: index + 1,
    };
    const answers = (i: number) => (i % 4 === 0 ? `${index + 3 + (i % 3)}` : `${index + 2}`);
    return { problem, rollouts: Array.from({ length: size }, (_, i) => rollout(answers(i), tokens, index * size + i)) };
  });
}
