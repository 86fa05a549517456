/**
 * Features of a decoder that GGUF files of its architecture cannot express, or that llama.cpp does not read: such a
 * model is refused, since other programs could not load its file or would compute different results.
 */
import type { Architecture, GgufNames } from './architectures/architecture.ts';
import { architectureOf } from './architectures/index.ts';
import type { DecoderConfig } from './config.ts';
import { notInGguf } from './gguf-write.ts';
import { rotaryFrequencies, rotaryScale, yarnGrowth } from './rope.ts';
import { kindOf, type Rope, type RopeScaling } from './traits.ts';

/** Whether a RoPE scaling is written as one divisor per frequency. */
export function isOneDivisorEach({ architecture, ropeScaling }: DecoderConfig): boolean {
  if (ropeScaling?.type === 'llama3') return true;
  return ropeScaling?.type === 'longrope' && !namesOf(architecture).hasLongDivisors;
}

function namesOf(architecture: DecoderConfig['architecture']): GgufNames {
  return architectureOf(architecture).gguf;
}

function refusal({ architecture }: DecoderConfig, field: string, what: string, facts: Record<string, string> = {}) {
  return notInGguf(field, `A GGUF file of the architecture ${architecture} cannot contain ${what}.`, {
    architecture,
    ...facts,
  });
}

/** Throws RollscopeError `model` for features that llama.cpp does not read. */
export function checkGguf(config: DecoderConfig): void {
  const { architecture, block, heads, kvHeads, headDim, hiddenSize, ropeScaling } = config;
  const { gguf, block: given }: Architecture = architectureOf(architecture);
  if (gguf.headsShare && heads * headDim !== hiddenSize) {
    throw refusal(config, 'head_dim', 'a head size other than hidden size / heads');
  }
  if (gguf.keysEach && kvHeads !== heads) {
    throw refusal(config, 'num_key_value_heads', 'fewer key-value heads than attention heads');
  }
  const added = block.biases.filter((name) => !given.biases.includes(name));
  if (added.length > 0 && !gguf.hasOptions) {
    throw refusal(config, added.includes('q_proj') ? 'attention_bias' : 'mlp_bias', 'biases');
  }
  if (ropeScaling && !isReadScaling(config, ropeScaling, gguf)) throw ropeRefusal(config, ropeScaling);
}

function ropeRefusal(config: DecoderConfig, { type }: RopeScaling) {
  return refusal(config, 'rope_scaling', `RoPE scaling of type ${type} with these parameters`, { type });
}

function isReadScaling(config: DecoderConfig, scaling: RopeScaling, gguf: GgufNames): boolean {
  switch (scaling.type) {
    case 'yarn': {
      const grows = Math.abs(scaling.attentionFactor / yarnGrowth(scaling.factor) - 1) < 1e-6;
      return grows || !gguf.growthEverywhere || config.localRope === null;
    }
    case 'llama3':
      return gguf.hasOptions === true;
    case 'longrope': {
      if (gguf.hasLongDivisors) return true;
      return gguf.hasOptions === true && scaling.divisors.every((divisor, i) => divisor === scaling.longDivisors[i]);
    }
    default:
      return true;
  }
}

/** Features that a file must reproduce, under their names in `config.json`. */
const COMPARED_FEATURES: readonly (readonly [field: string, what: string, of: (config: DecoderConfig) => unknown])[] = [
  ['hidden_act', 'this activation function', ({ activation }) => activation],
  ['norm_topk_prob', "this normalization of the experts' weights", ({ experts }) => experts?.normalized],
  [
    'no_rope_layers',
    "this model's choice of layers without positional encoding",
    perLayer(({ rope }) => rope !== null),
  ],
  ['sliding_window', "this model's choice of sliding-window layers", perLayer(({ window }) => window)],
  ['query_pre_attn_scalar', 'this scale of attention scores', (c) => c.attentionScale ?? 1 / Math.sqrt(c.headDim)],
  ['attn_logit_softcapping', 'this cap on attention scores', ({ attentionCap }) => attentionCap],
  ['final_logit_softcapping', 'this cap on logits', ({ logitCap }) => logitCap],
  ['embedding_multiplier', 'this scale of embeddings', ({ embeddingScale }) => embeddingScale],
  ['residual_multiplier', 'this scale of residuals', ({ residualScale }) => residualScale],
  ['logits_scaling', 'this scale of logits', ({ logitScale }) => logitScale],
];

function perLayer(of: (kind: ReturnType<typeof kindOf>) => unknown): (config: DecoderConfig) => unknown {
  return (config) => Array.from({ length: config.layers }, (_, i) => of(kindOf(config, i)));
}

/**
 * Throws RollscopeError `model` if `read`, the configuration read back from a file's metadata, would compute something
 * else than `config`, from which it was written.
 */
export function checkRead(config: DecoderConfig, read: DecoderConfig): void {
  for (const [field, what, of] of COMPARED_FEATURES) {
    if (!isSame(of(withoutIneffectiveWindows(config, read)), of(withoutIneffectiveWindows(read, read))))
      throw refusal(config, field, what);
  }
  for (const rope of new Set(config.kinds.map((kind) => kind.rope))) {
    const [ours, theirs] = [config, read].map((item) => rotation(item, rope));
    if (isSame(ours, theirs)) continue;
    const { ropeScaling } = config;
    if (ropeScaling && rope === 'main') throw ropeRefusal(config, ropeScaling);
    throw refusal(config, 'rope_parameters', 'these RoPE frequencies in sliding-window layers');
  }
}

/** Removes windows at least as long as the file's context, since they have no effect. */
function withoutIneffectiveWindows(config: DecoderConfig, { contextLength }: DecoderConfig): DecoderConfig {
  const within = (window: number | null) => (window !== null && window >= contextLength ? null : window);
  return { ...config, kinds: config.kinds.map((kind) => ({ ...kind, window: within(kind.window) })) };
}

/** Frequencies of the layers of a kind, after the factor on their cosines and sines. */
function rotation(config: DecoderConfig, rope: 'main' | 'local' | null): number[] {
  if (rope === null) return [];
  const of: Rope = rope === 'local' ? (config.localRope ?? config) : config;
  return [rotaryScale(of.ropeScaling), ...rotaryFrequencies({ ...of, rotaryDim: config.rotaryDim })];
}

/** Whether two values are equal up to float32 rounding. */
function isSame(a: unknown, b: unknown): boolean {
  if (typeof a === 'number' && typeof b === 'number') return Math.abs(a - b) <= 1e-5 * Math.abs(a);
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((item, i) => isSame(item, b[i]));
  return a === b;
}
