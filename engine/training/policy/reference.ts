/**
 * The reference policy: the policy at the beginning of its run, that is, the model with an adapter without effect, or
 * the model's own weights if all of them train. The KL penalty pulls towards it, and the KL metric is relative to it.
 */
import type { LossConfig } from '../../protocol/index.ts';
import type { ReferenceLogProbs, TrainedResponse, WeightedGroup } from './responses.ts';

/** Whether the reference policy's parameters are kept in addition to those being trained: this doubles their memory. */
export function needsReference({ measureKl, klCoefficient }: LossConfig): boolean {
  return measureKl || klCoefficient > 0;
}

type Score = (
  groups: readonly WeightedGroup[],
  tick: (fraction: number) => void,
) => Promise<Map<TrainedResponse, { logprob: Float32Array }>>;

/** Scores responses under the reference policy, once for each group however many passes there are. */
export class ReferencePolicy {
  /** With several passes over a batch: the scores of the first pass, by group, and how many more passes need them. */
  private readonly kept = new Map<string, { left: number; logprobs: Float32Array[] }>();

  /** `score` runs the reference policy; `passes` is how often each group will be requested. */
  constructor(
    private readonly score: Score,
    private readonly passes: number,
  ) {}

  async logProbs(groups: readonly WeightedGroup[], tick: (fraction: number) => void): Promise<ReferenceLogProbs> {
    const found = new Map<TrainedResponse, Float32Array>();
    const fresh = groups.filter((group) => !this.addStoredScores(group, found));
    for (const [response, { logprob }] of await this.score(fresh, tick)) found.set(response, logprob);
    if (this.passes > 1) {
      for (const group of fresh) {
        const logprobs = group.responses.map(({ response }) => found.get(response)!);
        this.kept.set(contentOf(group), { left: this.passes - 1, logprobs });
      }
    }
    return found;
  }

  /** Adds the stored scores of a group; false if there are none. */
  private addStoredScores(group: WeightedGroup, found: Map<TrainedResponse, Float32Array>): boolean {
    const key = contentOf(group);
    const known = this.kept.get(key);
    if (!known) return false;
    for (const [i, { response }] of group.responses.entries()) found.set(response, known.logprobs[i]!);
    if (--known.left === 0) this.kept.delete(key);
    return true;
  }
}

/**
 * Identifies a group by its problem and the tokens of its responses: the reference policy's scores for them are always
 * the same.
 */
function contentOf({ problem, responses }: WeightedGroup): string {
  return [problem, ...responses.map(({ response }) => response.tokens.join())].join(';');
}

/**
 * KL(policy || reference), in nats/token: the mean over the responses' tokens of k3 = exp(d) - d - 1, d = log p_ref -
 * log p (see `klTerm` in `loss-graph.ts`). log p is that of sampling, so that the tokens are the policy's own, and both
 * are at the sampling temperature. 0 or more; null without tokens. If top-p or top-k truncated the distribution, tokens
 * are drawn from the rest of it, and this is only an estimate.
 */
export function meanKl(responses: readonly TrainedResponse[], referenceLogProbs: ReferenceLogProbs): number | null {
  let total = 0;
  let tokens = 0;
  for (const response of responses) {
    for (const [t, value] of referenceLogProbs.get(response)!.entries()) {
      const d = value - response.logprob[t]!;
      total += Math.expm1(d) - d;
      tokens++;
    }
  }
  return tokens === 0 ? null : total / tokens;
}
