/**
 * What a decoder may have that a GGUF file of its architecture cannot say, or that llama.cpp does not read from one: such a
 * model is refused, since other programs would not load its file, or would compute another model.
 */
import type { Architecture, GgufNames } from './architectures/architecture.ts';
import { architectureOf } from './architectures/index.ts';
import type { DecoderConfig } from './config.ts';
import { notInGguf } from './gguf-write.ts';
import { yarnGrowth } from './rope.ts';
import type { RopeScaling } from './traits.ts';

/** Whether a stretching is written as one divisor for each frequency. */
export function isOneDivisorEach({ architecture, ropeScaling }: DecoderConfig): boolean {
  if (ropeScaling?.type === 'llama3') return true;
  return ropeScaling?.type === 'longrope' && architecture !== 'phi3';
}

/** Throws RollscopeError `model` for what cannot be written. */
export function checkGguf(config: DecoderConfig): void {
  const { architecture, block, heads, headDim, hiddenSize, ropeScaling } = config;
  const cannot = (field: string, what: string, facts: Record<string, string> = {}) =>
    notInGguf(field, `${what} cannot be written for ${architecture}`, { architecture, ...facts });
  const { gguf, block: given }: Architecture = architectureOf(architecture);
  if (gguf.headsShare && heads * headDim !== hiddenSize) {
    throw cannot('head_dim', 'Heads of another size than hidden size / heads');
  }
  const added = block.biases.filter((name) => !given.biases.includes(name));
  if (added.length > 0 && !gguf.hasOptions) {
    throw cannot(added.includes('q_proj') ? 'attention_bias' : 'mlp_bias', 'Biases');
  }
  if (ropeScaling && !isReadScaling(config, ropeScaling, gguf)) {
    throw cannot('rope_scaling', `RoPE scaling of the type ${ropeScaling.type} with these numbers`, {
      type: ropeScaling.type,
    });
  }
}

function isReadScaling(config: DecoderConfig, scaling: RopeScaling, { hasOptions = false }: GgufNames): boolean {
  const { architecture, localRope } = config;
  switch (scaling.type) {
    case 'yarn': {
      const grows = Math.abs(scaling.attentionFactor / yarnGrowth(scaling.factor) - 1) < 1e-6;
      // llama.cpp applies another factor to layers with frequencies of their own, too.
      return scaling.truncate && (grows || architecture !== 'gemma3_text' || localRope === null);
    }
    case 'llama3':
      return hasOptions;
    case 'longrope': {
      if (architecture === 'phi3') return true;
      const same = scaling.divisors.every((divisor, i) => divisor === scaling.longDivisors[i]);
      return hasOptions && scaling.attentionFactor === 1 && same;
    }
    default:
      return true;
  }
}
