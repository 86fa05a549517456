/** The responses of a batch that train: which of them count in the loss, with which weight, and which have a gradient. Pure. */
import type { LossConfig } from '../../protocol/index.ts';

export interface TrainedResponse {
  tokens: Int32Array;
  /** Log-probabilities at the time of sampling, nats; read when off-policy, and to measure the KL. */
  logprob: Float32Array;
  advantage: number;
  truncated: boolean;
}

/** A problem's responses that train. */
export interface TrainedGroup {
  prompt: Int32Array;
  responses: TrainedResponse[];
  /** Names the problem in errors. */
  problem: number;
}

/** The responses of a group that count in the loss, all of them or those that fit a micro-batch. */
export interface WeightedGroup {
  prompt: Int32Array;
  problem: number;
  responses: WeightedResponse[];
}

export interface WeightedResponse {
  response: TrainedResponse;
  /** Weight of each token in the loss. */
  weight: number;
  /** Log-probabilities under the reference policy, nats. */
  referenceLogprob?: Float32Array | undefined;
  /** Importance of each token that was sampled in another precision. */
  importance?: Float32Array | undefined;
}

/** Log-probabilities of responses under the reference policy, nats: one number per token. */
export type ReferenceLogProbs = ReadonlyMap<TrainedResponse, Float32Array>;

/** Weight of every token of a response in the loss, by the normalizer (see LossConfig); null: it does not count. */
export function responseWeights(
  responses: readonly TrainedResponse[],
  loss: Pick<LossConfig, 'normalizer' | 'maskTruncated'>,
  maxTokens: number,
): (number | null)[] {
  const counts = (r: TrainedResponse) => r.tokens.length > 0 && !(loss.maskTruncated && r.truncated);
  const counted = responses.filter(counts);
  const total = counted.reduce((n, r) => n + r.tokens.length, 0);
  return responses.map((r) => {
    if (!counts(r)) return null;
    const tokens = { grpo: counted.length * r.tokens.length, dapo: total, 'dr-grpo': counted.length * maxTokens };
    return 1 / tokens[loss.normalizer];
  });
}

/** The groups without the responses that do not count in the loss. */
export function responsesInLoss(groups: readonly TrainedGroup[], loss: LossConfig, maxTokens: number): WeightedGroup[] {
  const all = groups.flatMap((group) => group.responses);
  const weights = responseWeights(all, loss, maxTokens);
  let at = 0;
  return groups
    .map(({ prompt, problem, responses }) => ({
      prompt,
      problem,
      responses: responses.flatMap((response) => {
        const weight = weights[at++]!;
        return weight === null ? [] : [{ response, weight }];
      }),
    }))
    .filter(({ responses }) => responses.length > 0);
}

/** The groups without responses that have no gradient, and with the penalty's reference log-probabilities. */
export function withGradient(
  groups: readonly WeightedGroup[],
  { klCoefficient, entropyCoefficient }: LossConfig,
  referenceLogProbs: ReferenceLogProbs | null,
  importance: ReadonlyMap<TrainedResponse, Float32Array> | null,
): WeightedGroup[] {
  const always = klCoefficient > 0 || entropyCoefficient !== 0;
  return groups
    .map((group) => ({
      ...group,
      responses: group.responses
        .filter(({ response }) => always || response.advantage !== 0)
        .map((entry) => ({
          ...entry,
          referenceLogprob: referenceLogProbs?.get(entry.response),
          importance: importance?.get(entry.response),
        })),
    }))
    .filter(({ responses }) => responses.length > 0);
}

/** Groups whose responses are only scored. */
export function withoutWeights(groups: readonly TrainedGroup[]): WeightedGroup[] {
  return groups.map((group) => ({
    ...group,
    responses: group.responses.map((response) => ({ response, weight: 0 })),
  }));
}

/** The responses of a group without their weights, in row order. */
export function responsesOf({ responses }: WeightedGroup): TrainedResponse[] {
  return responses.map(({ response }) => response);
}

/** Tokens of the responses together, end tokens included. */
export function tokenCount(responses: readonly TrainedResponse[]): number {
  return responses.reduce((n, { tokens }) => n + tokens.length, 0);
}

/** Length of a group's longest response, tokens; -Infinity without responses. */
export function longestOf({ responses }: WeightedGroup): number {
  return Math.max(...responses.map(({ response }) => response.tokens.length));
}
