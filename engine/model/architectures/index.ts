/** The supported architectures. To add one: a file next to this one, and a line here. */
import type { Architecture } from './architecture.ts';
import { olmoe, qwen3Moe } from './experts.ts';
import { gemma2, gemma3 } from './gemma.ts';
import { gpt2 } from './gpt2.ts';
import { granite } from './granite.ts';
import { llama } from './llama.ts';
import { mistral } from './mistral.ts';
import { olmo2 } from './olmo2.ts';
import { olmo3 } from './olmo3.ts';
import { phi3 } from './phi3.ts';
import { qwen2 } from './qwen2.ts';
import { qwen3 } from './qwen3.ts';
import { smollm3 } from './smollm3.ts';

/** If several share a GGUF name, the first one reads its files, or for files with windows the `windowed` one. */
const REGISTRY = [
  ...[llama, qwen2, qwen3, qwen3Moe, mistral, olmo2, olmo3],
  ...[olmoe, smollm3, gemma2, gemma3, phi3, granite, gpt2],
] as const satisfies readonly Architecture[];

export type ArchitectureName = (typeof REGISTRY)[number]['name'];

/** The registry with literal names, in the order in which texts list them. */
export const ARCHITECTURES: readonly (Architecture & { readonly name: ArchitectureName })[] = REGISTRY;

export type KnownArchitecture = (typeof ARCHITECTURES)[number];

/** An architecture by its name in this engine; for a model folder or GGUF file, use the lookups by their names below. */
export function architectureOf(name: ArchitectureName): KnownArchitecture {
  return ARCHITECTURES.find((architecture) => architecture.name === name)!;
}

/** Finds the architecture for the `model_type` of a `config.json`. */
export function byModelType(modelType: unknown): KnownArchitecture | undefined {
  return ARCHITECTURES.find(({ huggingFace }) => huggingFace.modelType === modelType);
}

/** Finds the architecture for the `general.architecture` of a GGUF file; `windows`: whether it has sliding windows. */
export function byGgufName(name: unknown, windows = false): KnownArchitecture | undefined {
  const named = ARCHITECTURES.filter(({ gguf }) => gguf.architecture === name);
  return named.find(({ gguf }) => windows && gguf.windowed) ?? named[0];
}

/** The list for people: `llama` (SmolLM2, Llama 2 and 3), `qwen2` ... */
export function describeArchitectures(): string {
  return ARCHITECTURES.map(({ name, models }) => `\`${name}\` (${models})`).join(', ');
}
