/** The supported architectures. To add one: a file next to this one, and a line here. */
import type { Architecture } from './architecture.ts';
import { llama } from './llama.ts';
import { mistral } from './mistral.ts';
import { olmo2 } from './olmo2.ts';
import { qwen2 } from './qwen2.ts';
import { qwen3 } from './qwen3.ts';

/** Where two share a name in GGUF, the first reads the file. */
const REGISTRY = [llama, qwen2, qwen3, mistral, olmo2] as const satisfies readonly Architecture[];

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

/** By `general.architecture` of a GGUF file. */
export function byGgufName(name: unknown): KnownArchitecture | undefined {
  return ARCHITECTURES.find(({ gguf }) => gguf.architecture === name);
}

/** All of them for people: `llama` (SmolLM2, Llama 2 and 3), `qwen2` ... */
export function describeArchitectures(): string {
  return ARCHITECTURES.map(({ name, models }) => `\`${name}\` (${models})`).join(', ');
}
