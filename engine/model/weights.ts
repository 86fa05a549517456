/** The model's weights in a graph: trainable ones are inputs, frozen ones are read from their files or fed. */
import type { LoraConfig } from '../protocol/index.ts';
import { type Graph, type Named, op, type Tensor } from '../tensor/index.ts';
import type { Parameter } from '../tensor/optimizer.ts';
import type { DecoderConfig } from './config.ts';
import { adapterNames, loraParameters } from './lora.ts';
import { EMBEDDINGS, MEAN_UNEMBEDDING, UNEMBEDDING } from './parameters.ts';
import type { StoredTensor } from './safetensors.ts';

/** Parameters that train: the adapter's, or all weights of the model. */
export function trainableParameters(
  config: DecoderConfig,
  tensors: ReadonlyMap<string, StoredTensor>,
  lora: LoraConfig | null,
): Parameter[] {
  if (lora) return loraParameters(config, lora);
  return [...tensors].map(([name, { shape }]) => ({ name, shape }));
}

/**
 * Adapters of projections with the same input x [M, in], merged into few small matrix products, for graphs that use
 * them many times.
 */
interface SharedAdapter {
  /** Their scaled A matrices, concatenated: [in, rank * modules]. */
  readonly down: Tensor;
  /** The transposed B of each module: [rank, out]. */
  readonly up: ReadonlyMap<string, Tensor>;
}

/** Gives a graph the model's weights: trainable ones as inputs, frozen ones from their files. */
export class Weights {
  private readonly bound = new Map<string, Tensor>();
  /** By the first module of each group with the same input. */
  private readonly shared = new Map<string, SharedAdapter>();
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

  /** The same weights for the same graph, with frozen ones as inputs too, so that one graph serves all layers. */
  withFrozenInputs(): Weights {
    return new Weights(this.graph, this.config, this.tensors, this.lora, 'inputs');
  }

  /** The stored tensor of a weight. */
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
      const { file, offset, bytes, dtype, shape, widenedAtUse, roundsFactors } = this.stored(name);
      tensor =
        this.frozenAre === 'inputs'
          ? this.graph.input(`w.${name}`, 'float32', shape)
          : this.graph.external(name, shape, { file, offset, bytes, stored: dtype, widenedAtUse, roundsFactors });
    }
    this.bound.set(name, tensor);
    return tensor;
  }

  /** Trainable parameters that the graph has used so far, by name: inputs of the graph. */
  inputs(): Named<Tensor> {
    return Object.fromEntries(
      [...this.trainable.keys()].flatMap((name) => {
        const tensor = this.bound.get(name);
        return tensor ? [[name, tensor]] : [];
      }),
    );
  }

  /** Frozen weights that the graph has used so far, by name: inputs of the graph if they are fed. */
  frozen(): Named<Tensor> {
    return Object.fromEntries([...this.bound].filter(([name]) => !this.trainable.has(name)));
  }

  /**
   * Prepares adapters for products with few rows, in the current scope: modules with the same input x share one product
   * with all their scaled A matrices, and no operand needs transposing. No gradient flows through these.
   */
  shareAdapters(modules: readonly string[]): void {
    const { lora } = this;
    const adapted = modules.filter((module) => this.isAdapted(module));
    if (!lora || adapted.length === 0) return;
    const transposed = (x: Tensor) => op.transpose(x, [1, 0]);
    const names = adapted.map((module) => ({ module, ...adapterNames(module) }));
    const down = op.concat(
      names.map(({ a }) => this.get(a)),
      0,
    );
    this.shared.set(modules[0]!, {
      down: transposed(op.mul(down, lora.alpha / lora.rank)),
      up: new Map(names.map(({ module, b }) => [module, transposed(this.get(b))])),
    });
  }

  private isAdapted(module: string): boolean {
    return this.trainable.has(adapterNames(module).a) && this.lora !== null;
  }

  /** Applies projections with the same input x [M, in]: weights, plus biases and adapters if present. */
  project(x: Tensor, modules: readonly string[]): Tensor[] {
    const shared = this.shared.get(modules[0]!);
    const ranks = shared && Array.from(shared.up, () => this.lora!.rank);
    const low = shared ? op.split(op.matmul(x, shared.down), -1, ranks!) : [];
    const ups = [...(shared?.up ?? [])];
    return modules.map((module) => {
      let y = op.linear(x, this.get(`${module}.weight`));
      if (this.tensors.has(`${module}.bias`)) y = op.add(y, this.get(`${module}.bias`));
      const at = ups.findIndex(([name]) => name === module);
      if (at >= 0) return op.add(y, op.matmul(low[at]!, ups[at]![1]));
      return this.isAdapted(module) ? op.add(y, this.adapted(x, module)) : y;
    });
  }

  /** The adapter's contribution to a module's output. */
  private adapted(x: Tensor, module: string): Tensor {
    const { a, b } = adapterNames(module);
    const low = op.mul(op.linear(x, this.get(a)), this.lora!.alpha / this.lora!.rank);
    return op.linear(low, this.get(b));
  }

  /** The unembedding matrix [vocabulary, hidden], which maps hidden states to logits. */
  unembedding(): Tensor {
    return this.get(this.config.tiedEmbeddings ? EMBEDDINGS : UNEMBEDDING);
  }

  /** The mean [1, hidden] of the unembedding's rows: its product with a hidden state is the mean logit. */
  meanUnembedding(): Tensor {
    if (this.tensors.has(MEAN_UNEMBEDDING)) return this.get(MEAN_UNEMBEDDING);
    return op.reduceMean(this.unembedding(), [0], true);
  }
}
