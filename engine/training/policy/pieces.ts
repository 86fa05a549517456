/** Which responses of a batch count in the loss, and which of those have a gradient. Pure. */
import type { LossConfig } from '../../protocol/index.ts';
import { type Piece, responseWeights, type TrainedGroup, type TrainedResponse } from './micro-batch.ts';
import type { ReferenceLogProbs } from './reference.ts';

/** The groups without the responses that do not count in the loss. */
export function counted(groups: readonly TrainedGroup[], loss: LossConfig, maxTokens: number): Piece[] {
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

/** The groups without the responses that have no gradient, with what the penalty compares them with. */
export function withGradient(
  groups: readonly Piece[],
  { klCoefficient, entropyCoefficient }: LossConfig,
  reference: ReferenceLogProbs | null,
): Piece[] {
  const always = klCoefficient > 0 || entropyCoefficient !== 0;
  return groups
    .map((group) => ({
      ...group,
      responses: group.responses
        .filter(({ response }) => always || response.advantage !== 0)
        .map((entry) => ({ ...entry, reference: reference?.get(entry.response) })),
    }))
    .filter(({ responses }) => responses.length > 0);
}

/** Groups whose responses are only scored. */
export function unweighted(groups: readonly TrainedGroup[]): Piece[] {
  return groups.map((group) => ({
    ...group,
    responses: group.responses.map((response) => ({ response, weight: 0 })),
  }));
}

export function responsesOf({ responses }: Piece): TrainedResponse[] {
  return responses.map(({ response }) => response);
}

export function tokensOf(responses: readonly TrainedResponse[]): number {
  return responses.reduce((n, { tokens }) => n + tokens.length, 0);
}
