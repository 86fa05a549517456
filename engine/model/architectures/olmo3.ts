/** OLMo 3: OLMo 2's block with a sliding window in three of four layers, whose rotary frequencies are never scaled. */
import { huggingFaceRope, toHuggingFaceScaling } from '../rope.ts';
import { type Architecture, HUGGING_FACE_KEYS } from './architecture.ts';
import { olmo2 } from './olmo2.ts';
import { ggufKinds, ggufPattern, windowedKinds, writtenWindows } from './windows.ts';

const ROPES = { sliding: 'local', full: 'main' } as const;

export const olmo3 = {
  name: 'olmo3',
  models: 'OLMo 3',
  block: olmo2.block,
  huggingFace: {
    ...olmo2.huggingFace,
    modelType: 'olmo3',
    className: 'Olmo3ForCausalLM',
    keys: HUGGING_FACE_KEYS,
    read: (fields, { layers }) => {
      const kinds = windowedKinds(fields, layers, {
        usual: (layer) => (layer + 1) % 4 !== 0,
        otherwise: 4096,
        ropes: ROPES,
      });
      const rope = (type: string, scaled: boolean) =>
        huggingFaceRope(fields, 500_000, { type, thetaKey: 'rope_theta', scaled });
      const { ropeTheta, ropeScaling } = rope('full_attention', true);
      const local = rope('sliding_attention', false);
      return {
        kinds,
        ropeTheta,
        ropeScaling,
        localRope: { ropeTheta: local.ropeTheta, ropeScaling: local.ropeScaling },
      };
    },
    write: (config) => ({
      ...writtenWindows(config),
      rope_theta: config.ropeTheta,
      rope_scaling: toHuggingFaceScaling(config.ropeScaling),
    }),
  },
  gguf: {
    ...olmo2.gguf,
    windowed: true,
    write: ggufPattern,
    read: (fields, { layers }) => ({
      kinds: ggufKinds(fields, layers, 4, ROPES),
      localRope: { ropeTheta: fields.positive('rope.freq_base', 500_000), ropeScaling: null },
    }),
  },
} as const satisfies Architecture;
