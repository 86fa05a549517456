/** The model's weights in a graph: trainable ones are inputs, frozen ones are read from their files or fed. */
import type { LoraConfig } from '../protocol/index.ts';
import { type Graph, type Named, op, type Tensor } from '../tensor/index.ts';
import type { Parameter } from '../tensor/optimizer.ts';
import type { DecoderConfig } from './config.ts';
import { adapterNames, loraParameters } from './lora.ts';
import { EMBEDDINGS, MEAN_UNEMBEDDING, UNEMBEDDING } from './parameters.ts';
import type { StoredTensor } from './safetensors.ts';

/** Parameters that train: the adapter's, or all of the model's weights. */
export function trainableParameters(
  config: DecoderConfig,
  tensors: ReadonlyMap<string, StoredTensor>,
  lora: LoraConfig | null,
): Parameter[] {
  if (lora) return loraParameters(config, lora);
  return [...tensors].map(([name, { shape }]) => ({ name, shape }));
}

/** Gives a graph the model's weights: trainable ones as inputs, frozen ones from their files. */
export class Weights {
  private readonly bound = new Map<string, Tensor>();
  readonly trainable: ReadonlyMap<string, Parameter>;

  constructor(
    readonly graph: Graph,
    readonly config: DecoderConfig,
    private readonly tensors: ReadonlyMap<string, StoredTensor>,
    private readonly lora: LoraConfig | null,
    private readonly frozenAre: 'constants' | 'inputs' = 'constants',
  ) {
    this.trainable = new Map(trainableParameters(config, tensors, lora).map((p) => [p.name, p]));
  }

  /** The same weights for the same graph, with the frozen ones as inputs too: one graph then serves all layers. */
  fed(): Weights {
    return new Weights(this.graph, this.config, this.tensors, this.lora, 'inputs');
  }

  /** Where a weight is stored. */
  stored(name: string): StoredTensor {
    const stored = this.tensors.get(name);
    if (!stored) throw new Error(`the model has no tensor ${name}`);
    return stored;
  }

  get(name: string): Tensor {
    let tensor = this.bound.get(name);
    if (tensor) return tensor;
    const parameter = this.trainable.get(name);
    if (parameter) {
      tensor = this.graph.input(`p.${name}`, 'float32', parameter.shape);
    } else {
      const { file, offset, bytes, dtype, shape, widenedAtUse } = this.stored(name);
      tensor =
        this.frozenAre === 'inputs'
          ? this.graph.input(`w.${name}`, 'float32', shape)
          : this.graph.external(name, shape, { file, offset, bytes, stored: dtype, widenedAtUse });
    }
    this.bound.set(name, tensor);
    return tensor;
  }

  /** Trainable parameters that the graph has read so far, by name: inputs of the graph. */
  inputs(): Named<Tensor> {
    return Object.fromEntries(
      [...this.trainable.keys()].flatMap((name) => {
        const tensor = this.bound.get(name);
        return tensor ? [[name, tensor]] : [];
      }),
    );
  }

  /** Frozen weights that the graph has read so far, by name: inputs of the graph where they are fed. */
  frozen(): Named<Tensor> {
    return Object.fromEntries([...this.bound].filter(([name]) => !this.trainable.has(name)));
  }

  /** x [M, in] through a projection: weight, bias where there is one, adapter where there is one. */
  project(x: Tensor, module: string): Tensor {
    let y = op.linear(x, this.get(`${module}.weight`));
    if (this.tensors.has(`${module}.bias`)) y = op.add(y, this.get(`${module}.bias`));
    const { a, b } = adapterNames(module);
    if (this.lora && this.trainable.has(a)) {
      const low = op.mul(op.linear(x, this.get(a)), this.lora.alpha / this.lora.rank);
      y = op.add(y, op.linear(low, this.get(b)));
    }
    return y;
  }

  /** The matrix [vocabulary, hidden] that turns hidden states into logits. */
  unembedding(): Tensor {
    return this.get(this.config.tiedEmbeddings ? EMBEDDINGS : UNEMBEDDING);
  }

  /** The mean of its rows [1, hidden]: its product with a hidden state is the mean logit. */
  meanUnembedding(): Tensor {
    if (this.tensors.has(MEAN_UNEMBEDDING)) return this.get(MEAN_UNEMBEDDING);
    return op.reduceMean(this.unembedding(), [0], true);
  }
}
