/** SmolLM3: Llama's block without positional encoding (NoPE, arXiv 2501.18795) in every fourth layer. */
import { type LayerKind, shortestCycle } from '../traits.ts';
import {
  type Architecture,
  ATTENTION_BIAS,
  GGUF_KEYS,
  HUGGING_FACE_KEYS,
  LLAMA_BLOCK,
  MLP_BIAS,
  PRE_NORM_LAYER,
} from './architecture.ts';
import { windowedKinds, windowOf, writtenWindows } from './windows.ts';

export const smollm3 = {
  name: 'smollm3',
  models: 'SmolLM3',
  block: LLAMA_BLOCK,
  huggingFace: {
    modelType: 'smollm3',
    className: 'SmolLM3ForCausalLM',
    keys: HUGGING_FACE_KEYS,
    defaults: { kvHeads: 4, headDim: null, rmsEps: 1e-6, tied: true },
    off: [],
    biasOptions: { ...ATTENTION_BIAS, ...MLP_BIAS },
    read: (fields, { layers }) => {
      const listed = fields.get('no_rope_layers');
      if (listed !== undefined && !Array.isArray(listed)) throw fields.unsupported('no_rope_layers');
      const every = fields.count('no_rope_layer_interval', 4);
      const rotates = (layer: number) => (listed ? Number(listed[layer]) === 1 : (layer + 1) % every !== 0);
      const windows = fields.flag('use_sliding_window', false)
        ? windowedKinds(fields, layers, { usual: (layer) => !rotates(layer), otherwise: null })
        : [{ window: null, rope: 'main' as const }];
      const kinds = Array.from({ length: layers }, (_, i): LayerKind => {
        const { window } = windows[i % windows.length]!;
        return { window, rope: rotates(i) ? 'main' : null };
      });
      return { kinds: shortestCycle(kinds) };
    },
    write: (config) => ({
      no_rope_layers: Array.from({ length: config.layers }, (_, i) =>
        config.kinds[i % config.kinds.length]!.rope === null ? 0 : 1,
      ),
      use_sliding_window: windowOf(config) !== null,
      ...(windowOf(config) !== null && writtenWindows(config)),
    }),
  },
  gguf: {
    architecture: 'smollm3',
    keys: GGUF_KEYS,
    layer: PRE_NORM_LAYER,
    rotated: 'side by side',
    read: (_, { layers }) => ({
      kinds: shortestCycle(
        Array.from({ length: layers }, (_, i) => ({ window: null, rope: (i + 1) % 4 === 0 ? null : 'main' }) as const),
      ),
    }),
  },
} as const satisfies Architecture;
