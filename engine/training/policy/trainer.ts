/**
 * Gradients and updates. A batch is cut into micro-batches that fit the memory given; their gradients add up on the
 * device; one AdamW step follows. Responses without advantage are left out where they have no gradient. The reference
 * policy is the one that the trainer was made with: the model with an adapter that does nothing yet, or its first weights.
 */

import type { DecoderConfig } from '../../model/config.ts';
import type { Parameter } from '../../model/lora.ts';
import { RollscopeError } from '../../protocol/errors.ts';
import type { LossConfig, OptimizerConfig, ProblemUpdate } from '../../protocol/index.ts';
import type { BindWeights } from '../../rollout/graphs.ts';
import type { Backend, Value } from '../../runtime/backend.ts';
import { type CompiledFunction, compileFunction, dispose, type Values } from '../../runtime/function.ts';
import type { Named } from '../../tensor/index.ts';
import { type AdamwInputs, type AdamwOutputs, type AdamwState, adamwGraph } from '../../tensor/optimizer.ts';
import {
  type GradientInputs,
  type GradientOutputs,
  policyGradientGraph,
  type ScoreInputs,
  type ScoreOutputs,
  scoreGraph,
} from './graphs.ts';
import {
  batchFeeds,
  microBatches,
  type Piece,
  responseWeights,
  type TrainedGroup,
  type TrainedResponse,
} from './micro-batch.ts';
import { meanKl, needsReference, type ReferenceLogProbs, ReferencePolicy } from './reference.ts';

export interface UpdateMetrics {
  loss: number | null;
  /** Global norm before clipping. */
  gradientNorm: number | null;
  /** Share of trained tokens whose ratio was clipped. */
  clipFraction: number | null;
  /** `meanKl` over the trained tokens, those without advantage included; null where it is not measured. */
  kl: number | null;
  /** KL and clip fraction of each problem with trained tokens, in the order of the groups. */
  problems: ProblemUpdate[];
}

/** What a policy says of a given response, nats: one number a token. */
export interface ResponseScores {
  logprob: Float32Array;
  entropy: Float32Array;
}

export interface TrainerOptions {
  backend: Backend;
  bind: BindWeights;
  config: DecoderConfig;
  parameters: readonly Parameter[];
  /** First values of the parameters, which are those of the reference policy too. */
  initial: ReadonlyMap<string, Float32Array>;
  loss: LossConfig;
  /** Rollouts are sampled from a part of the distribution: the ratios to it are not known, and 1 is taken. */
  truncates?: boolean;
  optimizer: OptimizerConfig;
  /** Longest response, tokens: the constant of the `dr-grpo` normalizer. */
  maxTokens: number;
  temperature: number;
  positions: number;
  /** Bytes for activations. */
  memory: number;
}

/** A number that is infinite or none; names the problem whose responses made it, where that is known. */
export class NonFiniteError extends RollscopeError {
  constructor(what: 'probability of a token' | 'loss' | 'gradient', problem: number | null) {
    super('non-finite', `the ${what} is not a finite number`, undefined, { problem });
  }
}

/** Share of an update that scoring under the reference policy takes; for progress only. */
const REFERENCE_SHARE = 0.25;

export class Trainer {
  private state: AdamwState<Value>;
  private updates = 0;
  /** null where nothing asks for it. */
  private readonly reference: ReferencePolicy | null = null;
  private gradient: CompiledFunction<GradientInputs, GradientOutputs> | null = null;
  private scorer: CompiledFunction<ScoreInputs, ScoreOutputs> | null = null;
  private optimizer: CompiledFunction<AdamwInputs, AdamwOutputs> | null = null;

  constructor(private readonly options: TrainerOptions) {
    const { initial, loss } = options;
    this.state = { parameters: this.hold(initial), first: this.zeros(), second: this.zeros() };
    if (needsReference(loss)) {
      const kept = this.hold(initial);
      this.reference = new ReferencePolicy((groups, tick) => this.scores(groups, kept, tick), loss.epochs);
    }
  }

  /** Arrays as values for the parameters that train. */
  private hold(arrays: ReadonlyMap<string, Float32Array>, prefix = ''): Named<Value> {
    const { backend, parameters } = this.options;
    return Object.fromEntries(
      parameters.map(({ name, shape }) => [name, backend.value('float32', shape, arrays.get(prefix + name)!)]),
    );
  }

  /** Zeros in the shapes of the parameters: sums of gradients before the first, moments before the first step. */
  private zeros(): Named<Value> {
    const { backend, parameters } = this.options;
    return Object.fromEntries(
      parameters.map(({ name, shape }) => [
        name,
        backend.value('float32', shape, new Float32Array(shape.reduce((a, b) => a * b, 1))),
      ]),
    );
  }

  /** Current parameters. */
  get parameters(): Named<Value> {
    return this.state.parameters;
  }

  /** Whether importance ratios are taken: several updates are made on the same rollouts. */
  private get offPolicy(): boolean {
    const { loss, truncates = false } = this.options;
    return !truncates && (loss.epochs > 1 || loss.miniBatch !== undefined);
  }

  /** One optimizer step on the groups; `tick` is called between two calls of the device and throws to cancel. */
  async update(
    groups: readonly TrainedGroup[],
    learningRate: number,
    tick: (fraction: number) => void,
  ): Promise<UpdateMetrics> {
    const { backend, config, memory } = this.options;
    const counted = this.counted(groups);
    const responses = counted.flatMap(responsesOf);
    const reference = (await this.reference?.logProbs(counted, (share) => tick(share * REFERENCE_SHARE))) ?? null;
    const kl = reference && meanKl(responses, reference);
    const batches = microBatches(this.withGradient(counted, reference), config, memory);
    const problems = (clipped: ReadonlyMap<number, number> | null): ProblemUpdate[] =>
      counted.map((group) => ({
        problem: group.problem,
        kl: reference && meanKl(responsesOf(group), reference),
        clipFraction: clipped && (clipped.get(group.problem) ?? 0) / tokensOf(responsesOf(group)),
      }));
    if (batches.length === 0) {
      return { loss: null, gradientNorm: null, clipFraction: null, kl, problems: problems(null) };
    }

    const begun = reference ? REFERENCE_SHARE : 0;
    const gradient = await this.gradientFunction();
    let sums = this.zeros();
    let lossSum = 0;
    const clipped = new Map<number, number>();
    for (const [i, batch] of batches.entries()) {
      tick(begun + (1 - begun) * (i / batches.length));
      const { gradients, ...outputs } = await gradient.run(this.gradientInputs(batch, sums));
      dispose(sums);
      sums = gradients;
      const part = (await backend.read(outputs.loss))[0] as number;
      if (!Number.isFinite(part)) {
        dispose(sums);
        throw new NonFiniteError('loss', await this.culprit(batch, outputs.logprob));
      }
      lossSum += part;
      addByProblem(clipped, batch, (await backend.read(outputs.clipped)) as Float32Array);
      dispose(outputs);
    }
    tick(1);
    const gradientNorm = await this.step(sums, learningRate);
    if (gradientNorm === null) throw new NonFiniteError('gradient', await this.steepest(batches.flat()));
    const clipFraction = [...clipped.values()].reduce((a, b) => a + b, 0) / tokensOf(responses);
    return { loss: lossSum, gradientNorm, clipFraction, kl, problems: problems(clipped) };
  }

  /** The groups without the responses that do not count in the loss. */
  private counted(groups: readonly TrainedGroup[]): Piece[] {
    const { loss, maxTokens } = this.options;
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
  private withGradient(counted: readonly Piece[], reference: ReferenceLogProbs | null): Piece[] {
    const { klCoefficient, entropyCoefficient } = this.options.loss;
    const always = klCoefficient > 0 || entropyCoefficient !== 0;
    return counted
      .map((group) => ({
        ...group,
        responses: group.responses
          .filter(({ response }) => always || response.advantage !== 0)
          .map((entry) => ({ ...entry, reference: reference?.get(entry.response) })),
      }))
      .filter(({ responses }) => responses.length > 0);
  }

  /** The problem of the first response whose log-probabilities are not finite. */
  private async culprit(batch: readonly Piece[], scores: Value): Promise<number | null> {
    const logprob = (await this.options.backend.read(scores)) as Float32Array;
    const [rows, L] = scores.shape as [number, number];
    const G = rows / batch.length;
    for (let i = 0; i < rows * L; i++) if (!Number.isFinite(logprob[i]!)) return batch[Math.floor(i / L / G)]!.problem;
    return batch.length === 1 ? batch[0]!.problem : null;
  }

  /** The problem whose own gradient is not finite, or else the largest: of all together, the norm was not. */
  private async steepest(pieces: readonly Piece[]): Promise<number | null> {
    const { backend } = this.options;
    const gradient = await this.gradientFunction();
    const zeros = this.zeros();
    let steepest: { problem: number; square: number } | null = null;
    for (const piece of pieces) {
      const outputs = await gradient.run(this.gradientInputs([piece], zeros));
      let square = 0;
      for (const value of Object.values(outputs.gradients)) {
        for (const x of (await backend.read(value)) as Float32Array) square += x * x;
      }
      dispose(outputs);
      if (!Number.isFinite(square)) return piece.problem;
      if (square > (steepest?.square ?? 0)) steepest = { problem: piece.problem, square };
    }
    return steepest?.problem ?? null;
  }

  /** One AdamW step. Returns the gradient's norm; null when it is not finite, and the weights are as before. */
  private async step(gradients: Named<Value>, learningRate: number): Promise<number | null> {
    const { backend, parameters, optimizer } = this.options;
    this.optimizer ??= await compileFunction(backend, adamwGraph(parameters, optimizer), {
      keepOnDevice: (outputs) => outputs.state,
    });
    const scalar = (x: number) => backend.value('float32', [], Float32Array.of(x));
    const next = await this.optimizer.run({
      state: this.state,
      gradients,
      lr: scalar(learningRate),
      step: scalar(this.updates + 1),
      scale: scalar(1),
    });
    dispose(gradients);
    const norm = (await backend.read(next.norm))[0] as number;
    if (!Number.isFinite(norm)) {
      dispose(next);
      return null;
    }
    dispose(this.state);
    this.state = next.state;
    this.updates++;
    return norm;
  }

  private async gradientFunction(): Promise<CompiledFunction<GradientInputs, GradientOutputs>> {
    const { backend, bind, positions, loss } = this.options;
    const graph = () => policyGradientGraph(bind, { positions, offPolicy: this.offPolicy, loss });
    this.gradient ??= await compileFunction(backend, graph(), { keepOnDevice: (outputs) => outputs.gradients });
    return this.gradient;
  }

  private gradientInputs(pieces: readonly Piece[], gradients: Named<Value>): Values<GradientInputs> {
    const { backend, temperature } = this.options;
    return { ...batchFeeds(backend, pieces, temperature), parameters: this.parameters, gradients };
  }

  /** Log-probabilities and entropies of given responses under the current parameters. */
  async score(groups: readonly TrainedGroup[]): Promise<ResponseScores[][]> {
    const pieces = groups.map((group) => ({
      ...group,
      responses: group.responses.map((response) => ({ response, weight: 0 })),
    }));
    const scores = await this.scores(pieces, this.parameters, () => {});
    return groups.map(({ responses }) => responses.map((response) => scores.get(response)!));
  }

  private async scores(
    groups: readonly Piece[],
    parameters: Named<Value>,
    tick: (fraction: number) => void,
  ): Promise<Map<TrainedResponse, ResponseScores>> {
    const { backend, bind, positions, temperature, config, memory } = this.options;
    this.scorer ??= await compileFunction(backend, scoreGraph(bind, positions));
    const found = new Map<TrainedResponse, ResponseScores>();
    const batches = microBatches(groups, config, memory);
    for (const [i, batch] of batches.entries()) {
      tick(i / batches.length);
      const feeds = batchFeeds(backend, batch, temperature);
      const outputs = await this.scorer.run({ batch: feeds.batch, parameters });
      const [rows, L] = outputs.logprob.shape as [number, number];
      const logprob = (await backend.read(outputs.logprob)) as Float32Array;
      const entropy = (await backend.read(outputs.entropy)) as Float32Array;
      batch.forEach(({ responses }, p) => {
        responses.forEach(({ response }, g) => {
          const from = (p * (rows / batch.length) + g) * L;
          const to = from + response.tokens.length;
          found.set(response, { logprob: logprob.slice(from, to), entropy: entropy.slice(from, to) });
        });
      });
      dispose(outputs);
    }
    return found;
  }

  /** Parameters by name, read back to the host. */
  async weights(): Promise<Map<string, { shape: readonly number[]; data: Float32Array }>> {
    return this.readAll(this.state.parameters);
  }

  /** What the optimizer remembers: `m.<name>`, `v.<name>` and the number of updates. */
  async optimizerState(): Promise<{
    updates: number;
    tensors: Map<string, { shape: readonly number[]; data: Float32Array }>;
  }> {
    const tensors = new Map<string, { shape: readonly number[]; data: Float32Array }>();
    for (const [name, tensor] of await this.readAll(this.state.first)) tensors.set(`m.${name}`, tensor);
    for (const [name, tensor] of await this.readAll(this.state.second)) tensors.set(`v.${name}`, tensor);
    return { updates: this.updates, tensors };
  }

  private async readAll(values: Named<Value>) {
    const result = new Map<string, { shape: readonly number[]; data: Float32Array }>();
    for (const { name, shape } of this.options.parameters) {
      result.set(name, { shape, data: (await this.options.backend.read(values[name]!)) as Float32Array });
    }
    return result;
  }

  /** Puts parameters and optimizer state back as `weights` and `optimizerState` gave them. */
  restore(weights: ReadonlyMap<string, Float32Array>, state: ReadonlyMap<string, Float32Array>, updates: number): void {
    dispose(this.state);
    this.state = {
      parameters: this.hold(weights),
      first: this.hold(state, 'm.'),
      second: this.hold(state, 'v.'),
    };
    this.updates = updates;
  }

  async release(): Promise<void> {
    for (const executable of [this.gradient, this.scorer, this.optimizer]) await executable?.release();
  }
}

function responsesOf({ responses }: Piece): TrainedResponse[] {
  return responses.map(({ response }) => response);
}

function tokensOf(responses: readonly TrainedResponse[]): number {
  return responses.reduce((n, { tokens }) => n + tokens.length, 0);
}

/** Adds the rows of a micro-batch, as many for each piece, to the sums of their problems. */
function addByProblem(sums: Map<number, number>, batch: readonly Piece[], rows: Float32Array): void {
  const G = rows.length / batch.length;
  batch.forEach(({ problem }, p) => {
    const own = rows.subarray(p * G, (p + 1) * G);
    sums.set(
      problem,
      own.reduce((a, b) => a + b, sums.get(problem) ?? 0),
    );
  });
}
