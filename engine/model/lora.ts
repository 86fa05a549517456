/** Low-rank adaptation (arXiv 2106.09685): which modules get an adapter, its parameters and their initial values. */
import { type LoraConfig, RollscopeError } from '../protocol/index.ts';
import { LORA_TARGETS } from '../protocol/settings/lora.ts';
import type { Parameter } from '../tensor/optimizer.ts';
import type { DecoderConfig } from './config.ts';
import { adaptable, PARENT, projectionShape } from './parameters.ts';

/** Names of the two matrices of a module's adapter, for modules such as `model.layers.0.self_attn.q_proj`. */
export function adapterNames(module: string): { a: string; b: string } {
  return { a: `${module}.lora_A.weight`, b: `${module}.lora_B.weight` };
}

/**
 * Throws RollscopeError `config` if single projections are targeted that this model lacks, or has once per expert.
 * Targeting all projections means: those that can have an adapter.
 */
export function checkTargets(config: DecoderConfig, { targets }: Pick<LoraConfig, 'targets'>, model: string): void {
  const possible = LORA_TARGETS.filter((name) => adaptable(config, name));
  const missing = targets.filter((name) => !adaptable(config, name));
  if (missing.length === 0 || LORA_TARGETS.every((name) => targets.includes(name))) return;
  const why = config.experts
    ? `experts have matrices of their own, which PEFT has no modules for`
    : `its layers have no ${missing.join(', ')}`;
  throw new RollscopeError(
    'config',
    `LoRA cannot adapt ${missing.join(', ')} of ${model}: ${why}.`,
    `Choose from ${possible.join(', ')} (--lora-targets).`,
    { details: { reason: 'no-such-lora-target', field: 'lora.targets', value: missing.join(','), model } },
  );
}

/** Parameters of an adapter: A [rank, in] and B [out, rank] for every target of every layer. */
export function loraParameters(config: DecoderConfig, lora: LoraConfig): Parameter[] {
  const parameters: Parameter[] = [];
  for (let layer = 0; layer < config.layers; layer++) {
    for (const target of lora.targets.filter((name) => adaptable(config, name))) {
      const [out, into] = projectionShape(config, target);
      const names = adapterNames(`model.layers.${layer}.${PARENT[target]}.${target}`);
      parameters.push({ name: names.a, shape: [lora.rank, into] }, { name: names.b, shape: [out, lora.rank] });
    }
  }
  return parameters;
}

/**
 * Initial values like PEFT's: A uniform in +-1/sqrt(in) (Kaiming with a = sqrt 5), B zero, so that the adapted model
 * initially equals the base model. `random` returns numbers in [0, 1).
 */
export function initialLora(parameters: readonly Parameter[], random: () => number): Map<string, Float32Array> {
  return new Map(
    parameters.map(({ name, shape }) => {
      const values = new Float32Array(shape[0]! * shape[1]!);
      if (name.endsWith('.lora_A.weight')) {
        const bound = 1 / Math.sqrt(shape[1]!);
        for (let i = 0; i < values.length; i++) values[i] = (2 * random() - 1) * bound;
      }
      return [name, values];
    }),
  );
}

/** weight [out, in] += scale * B [out, rank] A [rank, in]. */
export function addProduct(weight: Float32Array, B: Float32Array, A: Float32Array, rank: number, scale: number): void {
  const into = A.length / rank;
  const rows = B.length / rank;
  for (let o = 0; o < rows; o++) {
    for (let r = 0; r < rank; r++) {
      const factor = scale * B[o * rank + r]!;
      if (factor === 0) continue;
      for (let i = 0; i < into; i++) weight[o * into + i]! += factor * A[r * into + i]!;
    }
  }
}
