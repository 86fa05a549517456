/** Names and shapes of a decoder's tensors, with Hugging Face's names and layouts. */
import type { Projection } from './block.ts';
import type { DecoderConfig } from './config.ts';

/** Name of the embedding matrix [vocabulary, hidden]. */
export const EMBEDDINGS = 'model.embed_tokens.weight';

/** Name of the matrix [vocabulary, hidden] behind the last layer, where it is not the embedding matrix. */
export const UNEMBEDDING = 'lm_head.weight';

/** Name of the mean of the rows of that matrix, [1, hidden], where the model's weights lie in blocks. */
export const MEAN_UNEMBEDDING = 'rollscope.unembedding_mean';

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

/** Numbers in the norms of queries and keys; null where there are none. */
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

function layerShapes(config: DecoderConfig): [string, number[]][] {
  const { block, hiddenSize } = config;
  const { attentionNorms, mlpNorms, biases } = block;
  const norm = (name: string | null): [string, number[]][] => (name === null ? [] : [[`${name}.weight`, [hiddenSize]]]);
  const projection = (name: Projection): [string, number[]][] => {
    const [out, into] = projectionShape(config, name);
    const module = `${PARENT[name]}.${name}`;
    const weight: [string, number[]] = [`${module}.weight`, [out, into]];
    return biases.includes(name) ? [weight, [`${module}.bias`, [out]]] : [weight];
  };
  const widths = qkNormWidths(config);
  const qkNorms: [string, number[]][] = widths
    ? [
        ['self_attn.q_norm.weight', [widths.q]],
        ['self_attn.k_norm.weight', [widths.k]],
      ]
    : [];
  return [
    ...norm(attentionNorms.before),
    ...(['q_proj', 'k_proj', 'v_proj', 'o_proj'] as const).flatMap(projection),
    ...qkNorms,
    ...norm(attentionNorms.after),
    ...norm(mlpNorms.before),
    ...(['gate_proj', 'up_proj', 'down_proj'] as const).flatMap(projection),
    ...norm(mlpNorms.after),
  ];
}

/** The tensors that a decoder of this configuration has. */
export function parameterShapes(config: DecoderConfig): Map<string, number[]> {
  const { vocabularySize, hiddenSize } = config;
  const shapes = new Map<string, number[]>([[EMBEDDINGS, [vocabularySize, hiddenSize]]]);
  const layer = layerShapes(config);
  for (let i = 0; i < config.layers; i++) {
    for (const [name, shape] of layer) shapes.set(`model.layers.${i}.${name}`, shape);
  }
  shapes.set('model.norm.weight', [hiddenSize]);
  if (!config.tiedEmbeddings) shapes.set(UNEMBEDDING, [vocabularySize, hiddenSize]);
  return shapes;
}
