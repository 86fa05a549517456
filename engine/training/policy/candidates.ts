/** How likely candidate texts are after parts of responses. */
import type { ModelSource } from '../../model/source.ts';
import type { ScoreOptions } from '../../reward/index.ts';
import type { PolicyHooks } from './contract.ts';
import type { TrainedGroup } from './responses.ts';

export interface CandidateScorer {
  tokenizer: ModelSource['tokenizer'];
  /** By problem. */
  prompts: readonly Int32Array[];
  /** Tokens that fit the context. */
  positions: number;
  /** Log-probabilities of given responses, nats per token. */
  score: (groups: readonly TrainedGroup[]) => Promise<{ logprob: Float32Array }[][]>;
  tick: PolicyHooks['tick'];
}

/** Mean log-probability per token of each candidate of each item, nats; -Infinity where it does not fit the context. */
export async function scoreCandidates(
  { items, cue, activity }: ScoreOptions,
  scorer: CandidateScorer,
): Promise<number[][]> {
  const cueTokens = scorer.tokenizer.encodeLiteral(cue);
  const results: number[][] = [];
  for (const [i, { problem, prefix, candidates }] of items.entries()) {
    scorer.tick({ activity, fraction: i / items.length, tokens: 0 });
    const prompt = concatTokens(scorer.prompts[problem]!, prefix);
    const tokens = candidates.map((candidate) => scorer.tokenizer.encodeLiteral(cue + candidate));
    const fits = (t: Int32Array) => t.length > 0 && prompt.length + t.length <= scorer.positions;
    const scores = await logProbs(scorer, problem, prompt, tokens.filter(fits));
    let at = 0;
    results.push(tokens.map((t) => (fits(t) ? meanAfterCue(cueTokens, t, scores[at++]!) : Number.NEGATIVE_INFINITY)));
  }
  return results;
}

function concatTokens(prompt: Int32Array, prefix: Int32Array): Int32Array {
  const both = new Int32Array(prompt.length + prefix.length);
  both.set(prompt);
  both.set(prefix, prompt.length);
  return both;
}

/** Log-probabilities of the tokens of responses to one prompt, nats. */
async function logProbs(
  { score }: CandidateScorer,
  problem: number,
  prompt: Int32Array,
  responses: readonly Int32Array[],
): Promise<Float32Array[]> {
  if (responses.length === 0) return [];
  const unscored = { advantage: 0, truncated: false };
  const scores = await score([
    {
      prompt,
      problem,
      responses: responses.map((tokens) => ({ tokens, logprob: new Float32Array(tokens.length), ...unscored })),
    },
  ]);
  return scores[0]!.map(({ logprob }) => logprob);
}

/** Mean over the tokens after the cue. A tokenizer may join its end with the candidate's beginning: that token is scored. */
function meanAfterCue(cue: Int32Array, tokens: Int32Array, logprob: Float32Array): number {
  let from = 0;
  while (from < cue.length && from < tokens.length - 1 && tokens[from] === cue[from]) from++;
  return logprob.subarray(from).reduce((a, b) => a + b, 0) / (tokens.length - from);
}
