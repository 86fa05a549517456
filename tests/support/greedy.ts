/** Greedy decoding of a model, one prompt at a time. */
import { readTensor } from '../../engine/model/safetensors.ts';
import type { ModelSource } from '../../engine/model/source.ts';
import { Weights } from '../../engine/model/weights.ts';
import { LoraConfig } from '../../engine/protocol/index.ts';
import { type SampledRollout, Sampler } from '../../engine/rollout/sampler.ts';
import type { Backend } from '../../engine/runtime/backend.ts';
import { openDevice } from '../../engine/runtime/devices/index.ts';

/** `backend`: an open one to use; by default, one is opened and released here. `frozen`: weights stay in their files. */
export async function greedyTokens(
  { config, tensors }: Pick<ModelSource, 'config' | 'tensors'>,
  prompts: readonly number[][],
  { tokens: maxTokens, backend: given, frozen = false }: { tokens: number; backend?: Backend; frozen?: boolean },
): Promise<SampledRollout[]> {
  const backend = given ?? (await openDevice('cpu', { threads: 1 }));
  const lora = frozen ? { ...LoraConfig.parse({}), targets: [] } : null;
  const weights = await Promise.all(
    (frozen ? [] : [...tensors]).map(
      async ([name, stored]) => [name, backend.value('float32', stored.shape, await readTensor(stored))] as const,
    ),
  );
  const sampler = new Sampler({
    ...{ backend, config, eosIds: [], positions: 64, memory: 1e9 },
    bind: (graph) => new Weights(graph, config, tensors, lora),
    parameters: () => Object.fromEntries(weights),
  });
  const found: SampledRollout[] = [];
  await sampler.sample({
    prompts: prompts.map((tokens, problem) => ({ problem, tokens: Int32Array.from(tokens) })),
    sampling: { temperature: 0, topP: 1, topK: 0, maxTokens },
    ...{ rows: 1, seed: 1, stream: 'rollout', step: 0 },
    onGroup: (i, [rollout]) => {
      found[i] = rollout!;
    },
  });
  await sampler.release();
  if (!given) await backend.release();
  return found;
}
