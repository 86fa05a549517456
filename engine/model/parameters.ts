/** Names and shapes of a decoder's tensors, with Hugging Face's names and layouts. */
import { elementsOf } from '../tensor/tensor.ts';
import type { Projection } from './block.ts';
import type { DecoderConfig } from './config.ts';

/** Name of the embedding matrix [vocabulary, hidden]. */
export const EMBEDDINGS = 'model.embed_tokens.weight';

/** Name of the unembedding matrix [vocabulary, hidden], if it is not tied to the embedding matrix. */
export const UNEMBEDDING = 'lm_head.weight';

/** Name of the mean of the unembedding's rows, [1, hidden], if the model's weights are block-quantized. */
export const MEAN_UNEMBEDDING = 'rollscope.unembedding_mean';

/** Name of the position embeddings [context, hidden], if they are learned. */
export const POSITIONS = 'model.embed_positions.weight';

/** The module that a projection belongs to. */
export const PARENT: Readonly<Record<Projection, 'self_attn' | 'mlp'>> = {
  q_proj: 'self_attn',
  k_proj: 'self_attn',
  v_proj: 'self_attn',
  o_proj: 'self_attn',
  gate_proj: 'mlp',
  up_proj: 'mlp',
  down_proj: 'mlp',
};

/** Shape [out, in] of a projection. */
export function projectionShape(config: DecoderConfig, projection: Projection): [number, number] {
  const { hiddenSize: d, heads, kvHeads, headDim, intermediateSize: m } = config;
  switch (projection) {
    case 'q_proj':
      return [heads * headDim, d];
    case 'k_proj':
    case 'v_proj':
      return [kvHeads * headDim, d];
    case 'o_proj':
      return [d, heads * headDim];
    case 'gate_proj':
    case 'up_proj':
      return [m, d];
    case 'down_proj':
      return [d, m];
  }
}

/** Sizes of the query and key norms; null if there are none. */
function qkNormWidths({ block, heads, kvHeads, headDim }: DecoderConfig): { q: number; k: number } | null {
  switch (block.qkNorm) {
    case 'none':
      return null;
    case 'each head':
      return { q: headDim, k: headDim };
    case 'all heads':
      return { q: heads * headDim, k: kvHeads * headDim };
  }
}

type Shapes = [string, number[]][];

/** The layers' projections, in order. With experts, the MLP's are those of each expert. */
export function projectionsOf({ block }: Pick<DecoderConfig, 'block'>): Projection[] {
  const gate = block.mlp === 'gated' ? (['gate_proj'] as const) : [];
  return ['q_proj', 'k_proj', 'v_proj', 'o_proj', ...gate, 'up_proj', 'down_proj'];
}

/** Whether a projection can have an adapter: the layers have it, and only once, not per expert. */
export function adaptable(config: Pick<DecoderConfig, 'block' | 'experts'>, projection: Projection): boolean {
  return projectionsOf(config).includes(projection) && (!config.experts || PARENT[projection] === 'self_attn');
}

/** A projection's modules in a layer: one, or one per expert. */
export function modulesOf({ experts }: Pick<DecoderConfig, 'experts'>, projection: Projection): string[] {
  const parent = PARENT[projection];
  if (!experts || parent === 'self_attn') return [`${parent}.${projection}`];
  return Array.from({ length: experts.count }, (_, e) => `mlp.experts.${e}.${projection}`);
}

function layerShapes(config: DecoderConfig): Shapes {
  const { block, hiddenSize, experts } = config;
  const { attentionNorms, mlpNorms, biases } = block;
  const norm = (name: string | null): Shapes => {
    if (name === null) return [];
    const weight: Shapes[number] = [`${name}.weight`, [hiddenSize]];
    return block.norm === 'layer' ? [weight, [`${name}.bias`, [hiddenSize]]] : [weight];
  };
  const projection = (name: Projection): Shapes => {
    const [out, into] = projectionShape(config, name);
    return modulesOf(config, name).flatMap((module): Shapes => {
      const weight: Shapes[number] = [`${module}.weight`, [out, into]];
      return biases.includes(name) ? [weight, [`${module}.bias`, [out]]] : [weight];
    });
  };
  const widths = qkNormWidths(config);
  const qkNorms: Shapes = widths
    ? [
        ['self_attn.q_norm.weight', [widths.q]],
        ['self_attn.k_norm.weight', [widths.k]],
      ]
    : [];
  const router: Shapes = experts ? [['mlp.gate.weight', [experts.count, hiddenSize]]] : [];
  const projections = projectionsOf(config);
  const inside = (parent: 'self_attn' | 'mlp') => projections.filter((name) => PARENT[name] === parent);
  return [
    ...norm(attentionNorms.before),
    ...inside('self_attn').flatMap(projection),
    ...qkNorms,
    ...norm(attentionNorms.after),
    ...norm(mlpNorms.before),
    ...router,
    ...inside('mlp').flatMap(projection),
    ...norm(mlpNorms.after),
  ];
}

/** The tensors of a decoder with this configuration. */
export function parameterShapes(config: DecoderConfig): Map<string, number[]> {
  const { vocabularySize, hiddenSize, block } = config;
  const shapes = new Map<string, number[]>([[EMBEDDINGS, [vocabularySize, hiddenSize]]]);
  if (block.positions === 'learned') shapes.set(POSITIONS, [config.contextLength, hiddenSize]);
  const layer = layerShapes(config);
  for (let i = 0; i < config.layers; i++) {
    for (const [name, shape] of layer) shapes.set(`model.layers.${i}.${name}`, shape);
  }
  shapes.set('model.norm.weight', [hiddenSize]);
  if (block.norm === 'layer') shapes.set('model.norm.bias', [hiddenSize]);
  if (!config.tiedEmbeddings) shapes.set(UNEMBEDDING, [vocabularySize, hiddenSize]);
  return shapes;
}

/** The number of weights in a model. */
export function parameterCount(config: DecoderConfig): number {
  return [...parameterShapes(config).values()].reduce((n, shape) => n + elementsOf(shape), 0);
}
