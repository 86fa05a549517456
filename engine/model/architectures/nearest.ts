/** For a model that is refused: the supported architecture that is nearest to it, so that another model can be chosen. */
import { ARCHITECTURES, type ArchitectureName, type KnownArchitecture } from './index.ts';

/** By the beginning of `model_type` or of GGUF's name, the longer ones first. */
const NEAREST: readonly (readonly [string, ArchitectureName])[] = [
  ['gemma3', 'gemma3_text'],
  ['gemma', 'gemma2'],
  ['qwen2moe', 'qwen3_moe'],
  ['qwen2_moe', 'qwen3_moe'],
  ['qwen', 'qwen3'],
  ['mixtral', 'qwen3_moe'],
  ['mistral', 'mistral'],
  ['ministral', 'mistral'],
  ['deepseek', 'qwen2'],
  ['llama', 'llama'],
  ['mllama', 'llama'],
  ['olmo', 'olmo2'],
  ['granite', 'granite'],
  ['phi', 'phi3'],
  ['smol', 'smollm3'],
  ['lfm2', 'smollm3'],
  ['exaone', 'llama'],
  ['ernie', 'llama'],
  ['hunyuan', 'qwen3'],
  ['stablelm', 'llama'],
  ['falcon', 'llama'],
  ['cohere', 'llama'],
  ['gpt', 'gpt2'],
  ['opt', 'gpt2'],
  ['bloom', 'gpt2'],
];

/** The supported architecture whose block is most like that of an unsupported one, for a hint; null where none is. */
export function nearestArchitecture(name: unknown): KnownArchitecture | null {
  const text = String(Array.isArray(name) ? name[0] : name).toLowerCase();
  const near = NEAREST.find(([start]) => text.startsWith(start))?.[1];
  return ARCHITECTURES.find((architecture) => architecture.name === near) ?? null;
}
