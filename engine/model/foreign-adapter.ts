/**
 * Converts an adapter with its own scale, ranks and targets to values of a policy's adapter. PEFT adds `alpha / r`
 * times B A, or `alpha / sqrt(r)` with rsLoRA, with ranks and alphas that patterns may set for single modules; the
 * policy's graph adds its own alpha / rank. So B is multiplied by the ratio of the two scales, a smaller rank is padded
 * with zeros, and a module without an adapter gets zeros. An error names what cannot be expressed this way.
 */
import { type ErrorDetails, RollscopeError } from '../protocol/errors.ts';
import type { LoraConfig } from '../protocol/index.ts';
import type { Parameter } from '../tensor/optimizer.ts';
import type { DecoderConfig } from './config.ts';
import { projectionAdapter } from './folder-export.ts';
import { adaptedModules } from './folder-layout.ts';
import type { PeftAdapter } from './peft.ts';

type Config = Readonly<Record<string, unknown>>;
type Values = Map<string, Float32Array>;

/** Returns the values of the policy's parameters. Throws RollscopeError `model` if they cannot express the adapter. */
export function asOwnAdapter(
  folder: string,
  adapter: Pick<PeftAdapter, 'config' | 'tensors'>,
  lora: Pick<LoraConfig, 'rank' | 'alpha'>,
  parameters: readonly Parameter[],
  decoder: DecoderConfig,
  purpose: 'vote' | 'start' = 'vote',
): Values {
  const { config } = adapter;
  const tensors = projectionAdapter(decoder, adapter.tensors);
  const modules = namesInFolder(decoder);
  const refuse = (reason: string, field: string, what: string) => {
    const details: ErrorDetails = { reason, policy: folder, field };
    const [cannot, hint] =
      purpose === 'vote'
        ? ['vote', `Use LoRA adapters of rank ${lora.rank} or less on the same projections, or \`base\`.`]
        : ['be trained further', 'Use a LoRA adapter of projections, or merge it into its base model with peft first.'];
    return new RollscopeError('model', `The adapter ${folder} ${what}: it cannot ${cannot}.`, hint, { details });
  };
  const unsupported = unsupportedIn(config);
  if (unsupported) throw refuse('unsupported-adapter', unsupported, `has ${unsupported}, which is not supported`);
  const known = new Set(parameters.map(({ name }) => name));
  const strange = [...tensors.keys()].find((name) => !known.has(name));
  if (strange !== undefined)
    throw refuse('unknown-tensor', strange, `changes ${strange}, which the policy does not train`);

  const values: Values = new Map();
  for (const { name, shape } of parameters) {
    const tensor = tensors.get(name);
    const isA = name.endsWith('.lora_A.weight');
    const partner = name.replace(isA ? '.lora_A.' : '.lora_B.', isA ? '.lora_B.' : '.lora_A.');
    if (!tensor) {
      if (tensors.has(partner)) throw refuse('missing-tensor', name, `lacks ${name}`);
      values.set(name, new Float32Array(shape[0]! * shape[1]!));
      continue;
    }
    const rank = tensor.shape[isA ? 0 : 1]!;
    const [own, other] = isA ? [shape[1], tensor.shape[1]] : [shape[0], tensor.shape[0]];
    if (rank > lora.rank || own !== other || tensor.shape.length !== 2) {
      throw refuse('other-shape', name, `has ${name} of the shape [${tensor.shape}], not [${shape}] or a lower rank`);
    }
    const scale = isA
      ? 1
      : scaleOf(config, modules.get(moduleOf(name)) ?? moduleOf(name), rank) / (lora.alpha / lora.rank);
    values.set(name, isA ? withRows(tensor.data, lora.rank * own!) : withColumns(tensor.data, rank, lora.rank, scale));
  }
  if (tensors.size === 0) throw refuse('empty-adapter', 'adapter_model.safetensors', 'has no weights');
  return values;
}

/** The PEFT option that changes what an adapter computes or which weights it changes; null if none is set. */
function unsupportedIn(config: Config): string | null {
  const type = config.peft_type ?? 'LORA';
  if (type !== 'LORA') return `peft_type ${String(type)}`;
  const flag = FLAGS.find((name) => isSet(config[name]));
  if (flag) return flag;
  // As regular expressions they could match any module; ranks come from the tensors.
  const pattern = Object.keys((config.alpha_pattern as object | null) ?? {}).find((key) => !isName(key));
  if (pattern !== undefined) return `alpha_pattern ${pattern}`;
  if (isSet(config.bias) && config.bias !== 'none') return `bias ${String(config.bias)}`;
  const start = config.init_lora_weights;
  // Other initializations modify the base model, which is not part of the adapter.
  const plain = typeof start !== 'string' || ['gaussian', 'eva', 'orthogonal'].includes(start);
  return plain ? null : `init_lora_weights ${start}`;
}

const FLAGS = [
  'use_dora',
  'modules_to_save',
  'lora_bias',
  'trainable_token_indices',
  'layer_replication',
  'target_parameters',
  'use_qalora',
  'use_bdlora',
  'alora_invocation_tokens',
  'arrow_config',
  'kasa_config',
  'monteclora_config',
] as const;

/** Whether an option is set to an effective value. */
function isSet(value: unknown): boolean {
  if (value === undefined || value === null || value === false) return false;
  return typeof value !== 'object' || Object.keys(value).length > 0;
}

/** PEFT's factor on B A, for a module and the rank of its tensors. */
function scaleOf(config: Config, module: string, rank: number): number {
  const alpha = Number(patternValue(config.alpha_pattern, module) ?? config.lora_alpha ?? 8);
  return alpha / (config.use_rslora === true ? Math.sqrt(rank) : rank);
}

/** The value of the first key that equals a module's name or is a suffix of it, as PEFT matches keys. */
function patternValue(pattern: unknown, module: string): unknown {
  if (typeof pattern !== 'object' || pattern === null) return undefined;
  const found = Object.entries(pattern).find(([key]) => {
    const name = nameOf(key);
    return module === name || (!key.startsWith('^') && module.endsWith(`.${name}`));
  });
  return found?.[1];
}

/** A key without anchors and escapes. */
function nameOf(key: string): string {
  return key.replace(/^\^/, '').replace(/\$$/, '').replaceAll('\\.', '.');
}

function isName(key: string): boolean {
  return /^[\w.]+$/.test(nameOf(key));
}

/** The names in the folder of the modules that contain the decoder's projections. */
function namesInFolder(decoder: DecoderConfig): ReadonlyMap<string, string> {
  return new Map(adaptedModules(decoder).flatMap(({ module, parts }) => parts.map((part) => [part, module] as const)));
}

function moduleOf(name: string): string {
  return name.replace(/\.lora_[AB]\.weight$/, '');
}

/** Pads A [rank, in] with rows of zeros. */
function withRows(data: Float32Array, length: number): Float32Array {
  if (data.length === length) return data;
  const values = new Float32Array(length);
  values.set(data);
  return values;
}

/** Multiplies B [out, rank] by a scale and pads it with columns of zeros. */
function withColumns(data: Float32Array, rank: number, columns: number, scale: number): Float32Array {
  if (rank === columns && scale === 1) return data;
  const rows = data.length / rank;
  const values = new Float32Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    for (let i = 0; i < rank; i++) values[row * columns + i] = data[row * rank + i]! * scale;
  }
  return values;
}
