/**
 * Correction for rollouts that were sampled in another precision than the policy trains in, by truncated importance sampling
 * of each token (Yao et al., "Your Efficient RL Framework Secretly Brings You Off-Policy RL Training", 2025; TRL's
 * vllm_importance_sampling_correction, verl's rollout_is with the level `token`): with p of the policy and q of what
 * sampled, a token's surrogate gets the weight min(p / q, cap), through which no gradient flows.
 */
import { ReferencePolicy } from './reference.ts';
import type { TrainedGroup, TrainedResponse, WeightedGroup } from './responses.ts';
import { tokenCount, withoutWeights } from './responses.ts';
import type { ScoreSource } from './scorer.ts';

/** The groups with corrections, and how far the policy is from what sampled them. */
export interface CorrectedGroups {
  /** With the policy's log-probabilities, in the precision of training, from when the groups first trained. */
  groups: TrainedGroup[];
  /** Weights of each token. */
  importance: ReadonlyMap<TrainedResponse, Float32Array>;
  /** KL(what sampled || policy), nats per token: the mean of r - 1 - log r with r = p / q; null without tokens. */
  mismatch: number | null;
}

type Score = (groups: readonly WeightedGroup[], tick: (fraction: number) => void) => ReturnType<ScoreSource['scores']>;

/** Corrects groups before they train; those that train several times are scored once. */
export class RolloutCorrection {
  private readonly policy: ReferencePolicy;

  /** `score` runs the policy as it is now; `cap`: most that a token's surrogate is weighted by. */
  constructor(
    score: Score,
    epochs: number,
    private readonly cap: number,
  ) {
    this.policy = new ReferencePolicy(score, epochs);
  }

  async correct(groups: readonly TrainedGroup[], tick: (fraction: number) => void): Promise<CorrectedGroups> {
    const own = await this.policy.logProbs(withoutWeights(groups), tick);
    const importance = new Map<TrainedResponse, Float32Array>();
    const all = groups.flatMap(({ responses }) => responses);
    let total = 0;
    const corrected = groups.map((group) => ({
      ...group,
      responses: group.responses.map((response) => {
        const logprob = own.get(response)!;
        const weights = new Float32Array(response.tokens.length);
        for (let t = 0; t < weights.length; t++) {
          const d = logprob[t]! - response.logprob[t]!;
          weights[t] = Math.min(this.cap, Math.exp(d));
          total += Math.expm1(d) - d;
        }
        const seen = { ...response, logprob };
        importance.set(seen, weights);
        return seen;
      }),
    }));
    const tokens = tokenCount(all);
    return { groups: corrected, importance, mismatch: tokens === 0 ? null : total / tokens };
  }
}
