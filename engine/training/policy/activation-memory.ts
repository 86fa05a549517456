/** What a policy may use for activations: the limit on memory, less what stays resident. */
import type { ModelSource } from '../../model/source.ts';
import { bytes } from '../../protocol/format.ts';
import { RollscopeError } from '../../protocol/index.ts';
import { rowBytes } from '../../rollout/sampler.ts';
import { machineMemory } from '../../runtime/memory.ts';
import type { PolicyOptions } from './contract.ts';
import { tokenBytes } from './micro-batch.ts';
import { needsReference } from './reference.ts';

/** Bytes of the process before any model is loaded, and of what onnxruntime keeps in addition to weights and activations. */
const PROCESS_BYTES = 350 * 2 ** 20;
/** Bytes that batches are sized for when the user sets no limit, and the share of the machine that they may grow to. */
const USUAL_MEMORY = 4 * 2 ** 30;
const MOST_OF_MACHINE = 0.75;
const SAMPLING_SHARE = 0.35;
const TRAINING_SHARE = 0.65;

/** Bytes. */
export interface ActivationMemory {
  sampling: number;
  training: number;
}

/**
 * `longest`: tokens of the longest prompt; `trainable`: numbers that are trained. Throws RollscopeError `memory` where the
 * limit, or else most of this machine, does not hold the model with one sequence.
 */
export function activationMemory(
  options: Pick<PolicyOptions, 'lora' | 'loss' | 'trains' | 'maxTokens' | 'memoryLimit'>,
  source: Pick<ModelSource, 'name' | 'config' | 'parameters'>,
  { longest, trainable }: { longest: number; trainable: number },
): ActivationMemory {
  const { memoryLimit, trains, maxTokens } = options;
  // Parameters, moments, gradients and what a step makes of them; the reference is one more.
  const copies = trains && needsReference(options.loss) ? 9 : 8;
  const resident = PROCESS_BYTES + (options.lora ? 2 * 4 * source.parameters : 0) + copies * 4 * trainable;
  const trained = longest + maxTokens;
  const least = Math.max(
    rowBytes(source.config, maxTokens) / SAMPLING_SHARE,
    trains ? (trained * tokenBytes(source.config, trained)) / TRAINING_SHARE : 0,
  );
  const most = memoryLimit ?? machineMemory() * MOST_OF_MACHINE;
  if (resident + least > most) throw tooLittle(source.name, trained, resident + least, most, memoryLimit);
  const free = (memoryLimit ?? Math.max(USUAL_MEMORY, resident + least)) - resident;
  return { sampling: free * SAMPLING_SHARE, training: free * TRAINING_SHARE };
}

function tooLittle(name: string, tokens: number, needed: number, most: number, limit: number | null): RollscopeError {
  const bound = limit === null ? "three quarters of this machine's memory" : 'memory limit';
  return new RollscopeError(
    'memory',
    `${name} with sequences of ${tokens} tokens needs about ${bytes(needed)} of memory; available: ${bytes(most)} (${bound}).`,
    `Set ${limit === null ? 'a' : 'a higher'} limit (--memory), use LoRA, lower --max-tokens, or leave out the longest problems.`,
    { details: { reason: 'out-of-memory', model: name, tokens, bytes: needed, most } },
  );
}
