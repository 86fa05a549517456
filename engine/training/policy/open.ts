/**
 * Opens a policy: the model on its device, with room for everything that it will be asked, and the policies that vote
 * with it.
 */
import { longestSequence } from '../../model/config.ts';
import { checkTargets, initialLora } from '../../model/lora.ts';
import { roundingFactors } from '../../model/narrow-weights.ts';
import { EMBEDDINGS } from '../../model/parameters.ts';
import { readTensor } from '../../model/safetensors.ts';
import { type ModelSource, openModel } from '../../model/source.ts';
import { trainableParameters, Weights } from '../../model/weights.ts';
import { checkActivationPrecision, checkCachePrecision } from '../../rollout/cache-precision.ts';
import { LayeredModel } from '../../rollout/layered-model.ts';
import { generator } from '../../rollout/philox.ts';
import { Sampler } from '../../rollout/sampler.ts';
import type { Backend } from '../../runtime/backend.ts';
import { resolveDevice } from '../../runtime/choose-device.ts';
import { openDevice } from '../../runtime/devices/index.ts';
import { elementsOf, type Graph, isBlockType } from '../../tensor/index.ts';
import type { Parameter } from '../../tensor/optimizer.ts';
import { activationMemory } from './activation-memory.ts';
import type { PolicyHooks, PolicyInfo, PolicyOptions } from './contract.ts';
import { loadOtherPolicy } from './other-policies.ts';
import { PolicyQuestions } from './policy-questions.ts';
import { encodePrompts } from './prompts.ts';
import { Trainer } from './trainer.ts';

/** Tokens of the words around problem and response in a question. */
const QUESTION_WORDS = 256;

/** The parts of a policy. */
export interface PolicyParts {
  options: PolicyOptions;
  source: ModelSource;
  /** Tokens of the problems' prompts. */
  prompts: readonly Int32Array[];
  /** Tokens that fit the graphs. */
  positions: number;
  backend: Backend;
  /** The models that run layer by layer: for training and for sampling. */
  layers: readonly LayeredModel[];
  trainer: Trainer;
  sampler: Sampler;
  asks: PolicyQuestions;
  info: PolicyInfo;
}

/**
 * Opens a model for a set of prompts. Throws RollscopeError: `model` (missing, broken, unsupported), `dataset` (a prompt
 * that does not fit the context), `device`, `memory` (the limit does not hold the model), `canceled`.
 * @param signal cancels downloads and the reading of models
 */
export async function openPolicyParts(
  options: PolicyOptions,
  hooks: PolicyHooks,
  signal?: AbortSignal,
): Promise<PolicyParts> {
  hooks.tick({ activity: 'loading', fraction: null, tokens: 0 });
  const { basePrecision = 'float32', rolloutPrecision = 'base' } = options;
  const rounds = (options.activationPrecision ?? 'float32') !== 'float32';
  const source = await openModel(options.model, {
    ...(options.chat && { chat: options.chat }),
    ...(basePrecision !== 'float32' && { precision: basePrecision }),
    roundsFactors: rounds && (rolloutPrecision === 'base' || rolloutPrecision === basePrecision),
    onProgress: (message, fraction) =>
      hooks.tick({ activity: 'preparing-model', detail: message, fraction, tokens: 0 }),
    ...(signal && { signal }),
  });
  const { config, tokenizer } = source;
  if (options.lora) checkTargets(config, options.lora, source.name);
  const date = new Date(options.date);
  const { encoded, warnings } = encodePrompts(
    options.prompts,
    { date, maxTokens: options.maxTokens, template: options.chat?.template },
    source,
  );
  const prompts = encoded.map(({ tokens }) => Int32Array.from(tokens));
  const longest = prompts.reduce((n, p) => Math.max(n, p.length), 0);
  const positions = positionsFor(options, longest, longestSequence(config));
  const device = await resolveDevice(options.device);
  const backend = await openDevice(device, { threads: options.threads });
  const parameters = trainableParameters(config, source.tensors, options.lora);
  const trainable = parameters.reduce((n, { shape }) => n + elementsOf(shape), 0);

  const stored = source.tensors.get(EMBEDDINGS)?.dtype ?? 'F32';
  const { controlFlow } = backend;
  const sampling = await samplingWeights(options, controlFlow, hooks, signal);
  const narrowBytes = basePrecision === 'float32' ? null : bytesOf(source.tensors);
  const decoding = sampling?.tensors ?? source.tensors;
  const memory = activationMemory(options, source, {
    ...{ longest, trainable, controlFlow, stored, narrowBytes },
    ...{ samplingBytes: sampling?.bytes ?? null, cachePrecision: options.cachePrecision },
    packed: isBlockType(decoding.get(EMBEDDINGS)?.dtype ?? 'F32'),
  });
  const binder = (tensors: ModelSource['tensors']) => (graph: Graph) =>
    new Weights(graph, config, tensors, options.lora);
  const bind = binder(source.tensors);
  const initial = await initialValues(parameters, options, source);
  const layers = memory.layered ? new LayeredModel({ backend, bind, config, positions }) : null;
  // Products of one row with blocks that are not packed widen the whole matrix first.
  const packWeights = !layers || narrowBytes !== null;
  const shared = { backend, bind, config, positions, layers, packWeights };
  const samplingBind = sampling ? binder(sampling.tensors) : bind;
  const samplingLayers =
    layers && sampling ? new LayeredModel({ backend, bind: samplingBind, config, positions }) : layers;
  const { loss, truncates, optimizer, maxTokens } = options;
  const trainer = new Trainer({
    ...shared,
    ...{ parameters, initial, loss, truncates, optimizer, maxTokens },
    corrected: sampling !== null || rounds || (options.cachePrecision ?? 'float32') !== 'float32',
    temperature: options.temperature || 1,
    memory: memory.training,
  });
  const sampler = new Sampler({
    ...shared,
    ...(sampling && { bind: samplingBind, layers: samplingLayers, packWeights: true }),
    ...(rounds && { bind: binder(roundingFactors(decoding)) }),
    ...(options.cachePrecision && { cachePrecision: options.cachePrecision }),
    eosIds: tokenizer.eosIds,
    parameters: () => trainer.parameters,
    memory: memory.sampling,
  });
  const asks = new PolicyQuestions({ source, date, prompts, positions, sampler, seed: options.seed });
  const fingerprints = [source.fingerprint];
  for (const policy of options.otherPolicies) {
    hooks.tick({ activity: 'loading', detail: policy, fraction: null, tokens: 0 });
    const { lora } = options;
    const loaded = await loadOtherPolicy(policy, { backend, parameters, lora, base: initial, config, signal });
    asks.addPolicy(policy, loaded.parameters);
    if (loaded.fingerprint) fingerprints.push(loaded.fingerprint);
  }
  const info = {
    name: source.name,
    prompts: encoded,
    fingerprint: fingerprints.join('+'),
    parameters: source.parameters,
    trainable,
    vocabulary: config.vocabularySize,
    device,
    warnings,
  };
  const allLayers = [...new Set([layers, samplingLayers])].filter((item) => item !== null);
  return { options, source, prompts, positions, backend, layers: allLayers, trainer, sampler, asks, info };
}

/** The frozen base for sampling, if its precision differs from that of training. Throws RollscopeError `config`. */
async function samplingWeights(
  { model, chat, basePrecision = 'float32', rolloutPrecision = 'base', ...options }: PolicyOptions,
  controlFlow: boolean,
  hooks: PolicyHooks,
  signal: AbortSignal | undefined,
): Promise<{ tensors: ModelSource['tensors']; bytes: number } | null> {
  checkCachePrecision(options.cachePrecision ?? 'float32', controlFlow);
  checkActivationPrecision(options.activationPrecision ?? 'float32', controlFlow);
  if (rolloutPrecision === 'base' || rolloutPrecision === basePrecision) return null;
  const { tensors } = await openModel(model, {
    ...(chat && { chat }),
    precision: rolloutPrecision,
    roundsFactors: (options.activationPrecision ?? 'float32') !== 'float32',
    onProgress: (message, fraction) =>
      hooks.tick({ activity: 'preparing-model', detail: message, fraction, tokens: 0 }),
    ...(signal && { signal }),
  });
  return { tensors, bytes: bytesOf(tensors) };
}

function bytesOf(tensors: ModelSource['tensors']): number {
  return [...tensors.values()].reduce((n, { bytes }) => n + bytes, 0);
}

/** Tokens of the longest sequence that the graphs can take. */
function positionsFor({ maxTokens, questionTokens }: PolicyOptions, longest: number, contextLength: number): number {
  // A question about a response contains the problem, the response, and the text around them.
  const question = questionTokens === null ? 0 : QUESTION_WORDS + Math.max(questionTokens, maxTokens);
  // Rounded up so that a larger dataset does not change the graphs.
  return Math.min(contextLength, Math.ceil((longest + maxTokens + question) / 256) * 256);
}

/** Initial values of the trained parameters: a new adapter without effect, or the model's own weights. */
async function initialValues(
  parameters: readonly Parameter[],
  { lora, seed }: PolicyOptions,
  { tensors }: ModelSource,
): Promise<ReadonlyMap<string, Float32Array>> {
  if (lora) return initialLora(parameters, generator(seed, 'initialize'));
  return new Map(
    await Promise.all(parameters.map(async ({ name }) => [name, await readTensor(tensors.get(name)!)] as const)),
  );
}
