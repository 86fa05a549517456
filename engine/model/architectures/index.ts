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

/** Where several share a name in GGUF, the first one reads its files, or the one for files with windows. */
const REGISTRY = [
  ...[llama, qwen2, qwen3, qwen3Moe, mistral, olmo2, olmo3],
  ...[olmoe, smollm3, gemma2, gemma3, phi3, granite, gpt2],
] as const satisfies readonly Architecture[];

export type ArchitectureName = (typeof REGISTRY)[number]['name'];

/** The registry with names as literals, in the order in which texts list them. */
export const ARCHITECTURES: readonly (Architecture & { readonly name: ArchitectureName })[] = REGISTRY;

export type KnownArchitecture = (typeof ARCHITECTURES)[number];

/**
 * An architecture by the name that its file gives it; to find the one of a model folder or GGUF file, search by its
 * own names.
 */
export function architectureOf(name: ArchitectureName): KnownArchitecture {
  return ARCHITECTURES.find((architecture) => architecture.name === name)!;
}

/** By `model_type` of a `config.json`. */
export function byModelType(modelType: unknown): KnownArchitecture | undefined {
  return ARCHITECTURES.find(({ huggingFace }) => huggingFace.modelType === modelType);
}

/** By `general.architecture` of a GGUF file; `windows`: whether its metadata has sliding windows. */
export function byGgufName(name: unknown, windows = false): KnownArchitecture | undefined {
  const named = ARCHITECTURES.filter(({ gguf }) => gguf.architecture === name);
  return named.find(({ gguf }) => windows && gguf.windowed) ?? named[0];
}

/** All of them for people: `llama` (SmolLM2, Llama 2 and 3), `qwen2` ... */
export function describeArchitectures(): string {
  return ARCHITECTURES.map(({ name, models }) => `\`${name}\` (${models})`).join(', ');
}
