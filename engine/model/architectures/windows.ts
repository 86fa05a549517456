/** Sliding windows: which layers have one, according to `config.json` or GGUF metadata. */
import type { ConfigFields } from '../fields.ts';
import { type GgufField, list } from '../gguf-write.ts';
import { type LayerKind, shortestCycle } from '../traits.ts';

const SLIDING = 'sliding_attention';
const FULL = 'full_attention';

/** Whether each layer of a `config.json` has a window: `layer_types`, or the default if it is missing. */
function slidingLayers(fields: ConfigFields, layers: number, usual: (layer: number) => boolean): boolean[] {
  const types = fields.get('layer_types');
  if (types === undefined) return Array.from({ length: layers }, (_, i) => usual(i));
  const known = Array.isArray(types) && types.length >= layers && types.every((t) => t === SLIDING || t === FULL);
  if (!known) throw fields.unsupported('layer_types');
  return types.slice(0, layers).map((type) => type === SLIDING);
}

interface Ropes {
  readonly sliding: LayerKind['rope'];
  readonly full: LayerKind['rope'];
}
const SAME_ROPE: Ropes = { sliding: 'main', full: 'main' };

function kindsOf(sliding: readonly boolean[], window: number, ropes: Ropes): readonly LayerKind[] {
  return shortestCycle(
    sliding.map((is) => (is ? { window, rope: ropes.sliding } : { window: null, rope: ropes.full })),
  );
}

/**
 * Layer kinds of a `config.json` with windows in some layers. `usual`: which layers have one if `layer_types` is
 * missing; `otherwise`: the window if `sliding_window` is missing, null for none.
 */
export function windowedKinds(
  fields: ConfigFields,
  layers: number,
  {
    usual,
    otherwise,
    ropes = SAME_ROPE,
  }: { usual: (layer: number) => boolean; otherwise: number | null; ropes?: Ropes },
): readonly LayerKind[] {
  const sliding = slidingLayers(fields, layers, usual);
  if (!sliding.some((is) => is)) return kindsOf(sliding, 1, ropes);
  const missing = fields.has('sliding_window') ? null : otherwise;
  const window = fields.get('sliding_window') === undefined ? missing : fields.count('sliding_window');
  return window === null
    ? kindsOf(
        sliding.map(() => false),
        1,
        ropes,
      )
    : kindsOf(sliding, window, ropes);
}

/** A window in every layer, as in Mistral. */
export function windowEverywhere(fields: ConfigFields, otherwise: number | null): readonly LayerKind[] {
  return windowedKinds(fields, 1, { usual: () => true, otherwise });
}

/** Qwen's windows: only if `use_sliding_window` is set, in layers from `max_window_layers` on. */
export function qwenKinds(fields: ConfigFields, layers: number): readonly LayerKind[] {
  if (!fields.flag('use_sliding_window', false)) return [{ window: null, rope: 'main' }];
  const from = fields.get('max_window_layers') === 0 ? 0 : fields.count('max_window_layers', 28);
  return windowedKinds(fields, layers, { usual: (layer) => layer >= from, otherwise: 4096 });
}

type Written = { readonly kinds: readonly LayerKind[]; readonly layers: number };

function layerTypes({ kinds, layers }: Written): string[] {
  return Array.from({ length: layers }, (_, i) => (kinds[i % kinds.length]!.window === null ? FULL : SLIDING));
}

/** The window of the layers that have one; null if none has. */
export function windowOf({ kinds }: Pick<Written, 'kinds'>): number | null {
  return kinds.find(({ window }) => window !== null)?.window ?? null;
}

/** The fields of a `config.json` for attention windows: `sliding_window` and `layer_types`. */
export function writtenWindows(config: Written): object {
  return { sliding_window: windowOf(config), layer_types: layerTypes(config) };
}

/** The same fields, plus `use_sliding_window`. */
export function writtenQwenWindows(config: Written): object {
  if (windowOf(config) === null) return { use_sliding_window: false };
  return { use_sliding_window: true, max_window_layers: 0, ...writtenWindows(config) };
}

/** The metadata that tells llama.cpp which layers have the window, for architectures where it reads that from the file. */
export function ggufPattern(config: Written): Readonly<Record<string, GgufField>> {
  if (windowOf(config) === null) return {};
  const pattern = layerTypes(config).map((type) => type === SLIDING);
  return { 'attention.sliding_window_pattern': list('bool', pattern) };
}

/** Layer kinds of GGUF metadata: all but every `every`-th layer (counted from 1) have the window. */
export function ggufKinds(
  fields: ConfigFields,
  layers: number,
  every: number,
  ropes = SAME_ROPE,
): readonly LayerKind[] {
  const pattern = fields.get('attention.sliding_window_pattern');
  const window = fields.get('attention.sliding_window') ? fields.count('attention.sliding_window') : null;
  const sliding = Array.from({ length: layers }, (_, i) =>
    Array.isArray(pattern) ? pattern[i] === true : (i + 1) % (typeof pattern === 'number' ? pattern : every) !== 0,
  );
  if (window === null)
    return kindsOf(
      sliding.map(() => false),
      1,
      ropes,
    );
  return kindsOf(sliding, window, ropes);
}
