/**
 * Scores of hidden states and their gradients with a frozen unembedding: only some of its rows, and the logits of some
 * tokens, are in memory at a time. All tokens are processed with one slice before the next one is read.
 */
import { EMBEDDINGS, UNEMBEDDING } from '../../model/parameters.ts';
import { type LayerNames, layerNames } from '../../rollout/layered-model.ts';
import type { Value } from '../../runtime/backend.ts';
import { type CompiledFunction, compileFunction, dispose } from '../../runtime/function.ts';
import { Graph, type GraphFunction, type Named, type Ports } from '../../tensor/index.ts';
import type { HeadOptions } from './head.ts';
import { LOGIT_BYTES, LOGIT_COPIES, type OutputHead, ranges, SLICE_BYTES, type TokenScores } from './head-contract.ts';
import { normGradientGraph, sliceGradientGraph, sliceScoreGraph } from './slice-graphs.ts';

type Compiled<F> =
  F extends GraphFunction<infer I extends Ports, infer O extends Ports> ? CompiledFunction<I, O> : never;

interface Functions {
  scores: Compiled<ReturnType<typeof sliceScoreGraph>>;
  gradients: Compiled<ReturnType<typeof sliceGradientGraph>>;
  norm: Compiled<ReturnType<typeof normGradientGraph>>;
  /** The inputs of the last norm. */
  names: LayerNames;
}

/** Some tokens of a pass. */
interface TokenRange {
  from: number;
  to: number;
}

/** The head for an unembedding that does not train: slices of SLICE_BYTES, one after another, for all tokens. */
export class SlicedHead implements OutputHead {
  private functions: Functions | null = null;
  private readonly unembedding: string;
  private readonly slices: readonly { from: number; to: number }[];

  constructor(private readonly options: HeadOptions) {
    const { hiddenSize, vocabularySize, tiedEmbeddings } = options.config;
    this.unembedding = tiedEmbeddings ? EMBEDDINGS : UNEMBEDDING;
    this.slices = ranges(vocabularySize, Math.floor((options.sliceBytes ?? SLICE_BYTES) / (4 * hiddenSize)));
  }

  async scores(x: Value, targets: Int32Array, _parameters: Named<Value>, tick: () => void): Promise<TokenScores> {
    const { backend } = this.options;
    const { scores } = await this.compiled();
    const numbers = (value = 0) => new Float64Array(targets.length).fill(value);
    const all = { largest: numbers(-Infinity), mass: numbers(), weighted: numbers(), target: numbers() };
    await this.each(x, targets, tick, async (feeds, { from, to }) => {
      const outputs = await scores.run(feeds);
      const read = async (value: Value) => (await backend.read(value)) as Float32Array;
      const [largest, mass, weighted, target] = [
        await read(outputs.largest),
        await read(outputs.mass),
        await read(outputs.weighted),
        await read(outputs.target),
      ];
      for (let i = from; i < to; i++) {
        const most = Math.max(all.largest[i]!, largest[i - from]!);
        const [old, fresh] = [Math.exp(all.largest[i]! - most), Math.exp(largest[i - from]! - most)];
        all.mass[i] = all.mass[i]! * old + mass[i - from]! * fresh;
        all.weighted[i] = all.weighted[i]! * old + weighted[i - from]! * fresh;
        all.largest[i] = most;
        all.target[i]! += target[i - from]!;
      }
      dispose(outputs);
    });
    const logsumexp = all.largest.map((most, i) => most + Math.log(all.mass[i]!));
    return {
      logsumexp: Float32Array.from(logsumexp),
      entropy: Float32Array.from(logsumexp, (sum, i) => sum - all.weighted[i]! / all.mass[i]!),
      logprob: Float32Array.from(logsumexp, (sum, i) => all.target[i]! - sum),
    };
  }

  async gradients(
    x: Value,
    targets: Int32Array,
    { entropy, logsumexp }: TokenScores,
    { dLogprob, dEntropy }: { dLogprob: Float32Array; dEntropy: Float32Array | null },
    _parameters: Named<Value>,
    sums: Named<Value>,
    tick: () => void,
  ): Promise<{ dx: Value; sums: Named<Value> }> {
    const { backend, config, temperature } = this.options;
    const { gradients, norm, names } = await this.compiled();
    const width = config.hiddenSize;
    const dWarm = new Float32Array(targets.length * width);
    const noEntropy = new Float32Array(targets.length);
    await this.each(x, targets, tick, async (feeds, { from, to }) => {
      const numbers = (values: Float32Array) => backend.value('float32', [to - from], values.subarray(from, to));
      const part = dWarm.subarray(from * width, to * width);
      const outputs = await gradients.run({
        ...feeds,
        ...{ logsumexp: numbers(logsumexp), entropy: numbers(entropy) },
        ...{ dLogprob: numbers(dLogprob), dEntropy: numbers(dEntropy ?? noEntropy) },
        dWarm: backend.value('float32', [to - from, width], part),
      });
      part.set((await backend.read(outputs.dWarm)) as Float32Array);
      dispose(outputs);
    });
    const outputs = await norm.run({
      x,
      temperature: backend.value('float32', [], Float32Array.of(temperature)),
      frozen: this.options.weights.read(names.frozen),
      dWarm: backend.value('float32', [targets.length, width], dWarm),
    });
    return { dx: outputs.x, sums };
  }

  /** Runs `work` for every slice and, within it, for all tokens, in groups whose logits fit. */
  private async each(
    x: Value,
    targets: Int32Array,
    tick: () => void,
    work: (feeds: Parameters<Functions['scores']['run']>[0], tokens: TokenRange) => Promise<void>,
  ): Promise<void> {
    const { backend, config, weights, temperature } = this.options;
    const { names } = await this.compiled();
    const width = config.hiddenSize;
    const hidden = (await backend.read(x)) as Float32Array;
    for (const { from: first, to: end } of this.slices) {
      const rows = weights.slice(this.unembedding, first, end);
      const most = Math.floor(LOGIT_BYTES / (LOGIT_COPIES * 4 * (end - first)));
      for (const { from, to } of ranges(targets.length, most)) {
        tick();
        const own = targets.subarray(from, to);
        const isInside = (target: number) => target >= first && target < end;
        await work(
          {
            x: backend.value('float32', [to - from, width], hidden.subarray(from * width, to * width)),
            temperature: backend.value('float32', [], Float32Array.of(temperature)),
            frozen: weights.read(names.frozen),
            rows,
            targets: backend.value(
              'int32',
              [to - from],
              own.map((target) => (isInside(target) ? target - first : 0)),
            ),
            inside: backend.value(
              'float32',
              [to - from],
              Float32Array.from(own, (t) => (isInside(t) ? 1 : 0)),
            ),
          },
          { from, to },
        );
      }
    }
  }

  private async compiled(): Promise<Functions> {
    if (this.functions) return this.functions;
    const { backend, bind } = this.options;
    const made = normGradientGraph(bind);
    this.functions = {
      scores: await compileFunction(backend, sliceScoreGraph(bind)),
      gradients: await compileFunction(backend, sliceGradientGraph(bind)),
      norm: await compileFunction(backend, made, { keepOnDevice: (outputs) => outputs }),
      names: layerNames({ parameters: {}, frozen: made.inputs.frozen }),
    };
    return this.functions;
  }

  async release(): Promise<void> {
    if (!this.functions) return;
    const { scores, gradients, norm } = this.functions;
    for (const compiled of [scores, gradients, norm]) await compiled.release();
  }
}

/** Whether the unembedding is frozen, and too large to be in memory as a whole. */
export function isSliced({
  bind,
  config,
  sliceBytes = SLICE_BYTES,
}: Pick<HeadOptions, 'bind' | 'config' | 'sliceBytes'>): boolean {
  const { trainable } = bind(new Graph());
  const name = config.tiedEmbeddings ? EMBEDDINGS : UNEMBEDDING;
  const frozen = !trainable.has(name) && !trainable.has('model.norm.weight');
  return frozen && 4 * config.vocabularySize * config.hiddenSize > 2 * sliceBytes;
}
