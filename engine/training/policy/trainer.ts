/**
 * Gradients and updates. A batch is cut into micro-batches that fit into the given memory; their gradients add up on
 * the device; one AdamW step follows. Responses without an advantage are left out if they have no gradient. The
 * reference policy is the initial one: the model with an adapter without effect, or its initial weights.
 */
import type { DecoderConfig } from '../../model/config.ts';
import type { LossConfig, OptimizerConfig, ProblemUpdate } from '../../protocol/index.ts';
import type { BindWeights } from '../../rollout/graphs.ts';
import type { LayeredModel } from '../../rollout/layered-model.ts';
import type { Backend, Value } from '../../runtime/backend.ts';
import type { Named } from '../../tensor/index.ts';
import type { Parameter } from '../../tensor/optimizer.ts';
import { ScoringHead } from './head.ts';
import type { OutputHead } from './head-contract.ts';
import { LayeredGradient } from './layered-gradient.ts';
import { LayeredScorer } from './layered-scorer.ts';
import { type HostTensor, TrainedParameters } from './parameters.ts';
import { meanKl, needsReference, ReferencePolicy } from './reference.ts';
import {
  responsesInLoss,
  responsesOf,
  type TrainedGroup,
  tokenCount,
  type WeightedGroup,
  withGradient,
  withoutWeights,
} from './responses.ts';
import { type CorrectedGroups, RolloutCorrection } from './rollout-mismatch.ts';
import { type ResponseScores, Scorer, type ScoreSource } from './scorer.ts';
import { isSliced, SlicedHead } from './sliced-head.ts';
import { UpdateStep } from './update-step.ts';
import { WholeGradient } from './whole-gradient.ts';

export interface UpdateMetrics {
  loss: number | null;
  /** Global norm before clipping. */
  gradientNorm: number | null;
  /** Share of trained tokens whose ratio was clipped. */
  clipFraction: number | null;
  /** `meanKl` over the trained tokens, including those without advantage; null if it is not measured. */
  kl: number | null;
  /** `Corrected.mismatch` of the rollouts; null if they were sampled in the precision of training. */
  rolloutMismatch: number | null;
  /** KL and clip fraction of each problem with trained tokens, in the order of the groups. */
  problems: ProblemUpdate[];
}

export interface TrainerOptions {
  backend: Backend;
  bind: BindWeights;
  config: DecoderConfig;
  parameters: readonly Parameter[];
  /** Initial values of the parameters, which are also those of the reference policy. */
  initial: ReadonlyMap<string, Float32Array>;
  loss: LossConfig;
  /** Rollouts are sampled from a part of the distribution: the ratios to it are not known, and 1 is taken. */
  truncates?: boolean;
  /** Rollouts are sampled in another precision. */
  corrected?: boolean;
  optimizer: OptimizerConfig;
  /** Longest response, tokens: the constant of the `dr-grpo` normalizer. */
  maxTokens: number;
  temperature: number;
  positions: number;
  /** Bytes for activations. */
  memory: number;
  /** Given if the model runs layer by layer for lack of memory; its creator releases it. */
  layers?: LayeredModel | null;
  /** Bytes of a frozen unembedding that are in memory at a time, if it is read in slices. */
  sliceBytes?: number;
}

/** Share of an update's time that scoring under the reference policy takes; for progress only. */
const REFERENCE_SHARE = 0.25;
const CORRECTION_SHARE = 0.25;

/** The trainer of one policy, with the reference policy if the loss needs it. Release it. */
export class Trainer {
  private readonly trained: TrainedParameters;
  private readonly scorer: ScoreSource;
  private readonly head: OutputHead | null;
  private readonly step: UpdateStep;
  /** null if nothing needs it. */
  private readonly referencePolicy: ReferencePolicy | null = null;
  private readonly correction: RolloutCorrection | null = null;

  constructor(private readonly options: TrainerOptions) {
    const { backend, initial, loss, optimizer, truncates = false, corrected = false } = options;
    this.trained = new TrainedParameters(backend, options.parameters, initial);
    const { layers = null } = options;
    const heads = layers && { ...options, weights: layers.weights };
    this.head = heads && (isSliced(heads) ? new SlicedHead(heads) : new ScoringHead(heads));
    this.scorer = layers ? new LayeredScorer(options, layers, this.head!) : new Scorer(options);
    // Importance ratios are used if several updates are made with the same rollouts.
    const offPolicy = !truncates && (loss.epochs > 1 || loss.miniBatch !== undefined);
    const gradient = { ...options, graph: { positions: options.positions, offPolicy, corrected, loss } };
    const source = layers ? new LayeredGradient(gradient, layers, this.head!) : new WholeGradient(gradient);
    this.step = new UpdateStep({ backend, source, optimizer }, this.trained);
    if (corrected) {
      const score = (g: readonly WeightedGroup[], tick: (fraction: number) => void) =>
        this.scorer.scores(g, this.parameters, tick);
      this.correction = new RolloutCorrection(score, loss.epochs, loss.importanceCap);
    }
    if (needsReference(loss)) {
      const kept = this.trained.toValues(initial);
      this.referencePolicy = new ReferencePolicy((groups, tick) => this.scorer.scores(groups, kept, tick), loss.epochs);
    }
  }

  /** Current parameters. */
  get parameters(): Named<Value> {
    return this.trained.values;
  }

  /** One optimizer step on the groups; `tick` is called between calls of the device, and throws to cancel. */
  async update(
    groups: readonly TrainedGroup[],
    learningRate: number,
    tick: (fraction: number) => void,
  ): Promise<UpdateMetrics> {
    if (!this.correction) return { ...(await this.updateOn(groups, null, learningRate, tick)), rolloutMismatch: null };
    const corrected = await this.correction.correct(groups, (share) => tick(share * CORRECTION_SHARE));
    const metrics = await this.updateOn(corrected.groups, corrected.importance, learningRate, (share) =>
      tick(CORRECTION_SHARE + (1 - CORRECTION_SHARE) * share),
    );
    return { ...metrics, rolloutMismatch: corrected.mismatch };
  }

  private async updateOn(
    groups: readonly TrainedGroup[],
    importance: CorrectedGroups['importance'] | null,
    learningRate: number,
    tick: (fraction: number) => void,
  ): Promise<Omit<UpdateMetrics, 'rolloutMismatch'>> {
    const { loss, maxTokens } = this.options;
    const weighted = responsesInLoss(groups, loss, maxTokens);
    const responses = weighted.flatMap(responsesOf);
    const referenceLogProbs =
      (await this.referencePolicy?.logProbs(weighted, (share) => tick(share * REFERENCE_SHARE))) ?? null;
    const kl = referenceLogProbs && meanKl(responses, referenceLogProbs);
    const problems = (clipped: ReadonlyMap<number, number> | null): ProblemUpdate[] =>
      weighted.map((group) => ({
        problem: group.problem,
        kl: referenceLogProbs && meanKl(responsesOf(group), referenceLogProbs),
        clipFraction: clipped && (clipped.get(group.problem) ?? 0) / tokenCount(responsesOf(group)),
      }));
    const trained = withGradient(weighted, loss, referenceLogProbs, importance);
    if (trained.length === 0) {
      return { loss: null, gradientNorm: null, clipFraction: null, kl, problems: problems(null) };
    }
    const begun = referenceLogProbs ? REFERENCE_SHARE : 0;
    const { clipped, ...result } = await this.step.take(trained, learningRate, (share) =>
      tick(begun + (1 - begun) * share),
    );
    const clipFraction = [...clipped.values()].reduce((a, b) => a + b, 0) / tokenCount(responses);
    return { ...result, clipFraction, kl, problems: problems(clipped) };
  }

  /** Log-probabilities and entropies of given responses under the current parameters. */
  async score(groups: readonly TrainedGroup[]): Promise<ResponseScores[][]> {
    const scores = await this.scorer.scores(withoutWeights(groups), this.parameters, () => {});
    return groups.map(({ responses }) => responses.map((response) => scores.get(response)!));
  }

  /** Parameters by name, read back to the host. */
  weights(): Promise<Map<string, HostTensor>> {
    return this.trained.weights();
  }

  /** The optimizer's state: `m.<name>`, `v.<name>` and the number of updates. */
  optimizerState(): Promise<{ updates: number; tensors: Map<string, HostTensor> }> {
    return this.trained.optimizerState();
  }

  /** Restores parameters and optimizer state as returned by `weights` and `optimizerState`. */
  restore(weights: ReadonlyMap<string, Float32Array>, state: ReadonlyMap<string, Float32Array>, updates: number): void {
    this.trained.restore(weights, state, updates);
  }

  async release(): Promise<void> {
    await this.step.release();
    await this.scorer.release();
    await this.head?.release();
  }
}
