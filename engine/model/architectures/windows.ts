/** Sliding windows: which layers have one, as `config.json` and GGUF metadata say it. */
import type { ConfigFields } from '../fields.ts';
import { type GgufField, list } from '../gguf-write.ts';
import { type LayerKind, shortestCycle } from '../traits.ts';

const SLIDING = 'sliding_attention';
const FULL = 'full_attention';

/** The layers of a `config.json` by whether they have a window: `layer_types`, or where it is missing what holds then. */
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
const SAME: Ropes = { sliding: 'main', full: 'main' };

function kindsOf(sliding: readonly boolean[], window: number, ropes: Ropes): readonly LayerKind[] {
  return shortestCycle(
    sliding.map((is) => (is ? { window, rope: ropes.sliding } : { window: null, rope: ropes.full })),
  );
}

/**
 * Kinds of layers of a `config.json` with windows in some. `usual`: which layers have one where `layer_types` is missing;
 * `otherwise`: the window where `sliding_window` is missing, null for none.
 */
export function windowedKinds(
  fields: ConfigFields,
  layers: number,
  { usual, otherwise, ropes = SAME }: { usual: (layer: number) => boolean; otherwise: number | null; ropes?: Ropes },
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

/** A window in every layer, as Mistral has it. */
export function windowEverywhere(fields: ConfigFields, otherwise: number | null): readonly LayerKind[] {
  return windowedKinds(fields, 1, { usual: () => true, otherwise });
}

/** Qwen's windows: only where `use_sliding_window` is set, in the layers from `max_window_layers` on. */
export function qwenKinds(fields: ConfigFields, layers: number): readonly LayerKind[] {
  if (!fields.flag('use_sliding_window', false)) return [{ window: null, rope: 'main' }];
  const from = fields.get('max_window_layers') === 0 ? 0 : fields.count('max_window_layers', 28);
  return windowedKinds(fields, layers, { usual: (layer) => layer >= from, otherwise: 4096 });
}

type Written = { readonly kinds: readonly LayerKind[]; readonly layers: number };

function layerTypes({ kinds, layers }: Written): string[] {
  return Array.from({ length: layers }, (_, i) => (kinds[i % kinds.length]!.window === null ? FULL : SLIDING));
}

/** The window of the layers that have one; null: none has. */
export function windowOf({ kinds }: Pick<Written, 'kinds'>): number | null {
  return kinds.find(({ window }) => window !== null)?.window ?? null;
}

/** The fields of a `config.json` that say which layers attend in a window: `sliding_window` and `layer_types`. */
export function writtenWindows(config: Written): object {
  return { sliding_window: windowOf(config), layer_types: layerTypes(config) };
}

/** The same with `use_sliding_window`. */
export function writtenQwenWindows(config: Written): object {
  if (windowOf(config) === null) return { use_sliding_window: false };
  return { use_sliding_window: true, max_window_layers: 0, ...writtenWindows(config) };
}

/** Which layers have the window, for a GGUF file whose layers llama.cpp asks for it. */
export function ggufPattern(config: Written): Readonly<Record<string, GgufField>> {
  if (windowOf(config) === null) return {};
  const pattern = layerTypes(config).map((type) => type === SLIDING);
  return { 'attention.sliding_window_pattern': list('bool', pattern) };
}

/** Kinds of layers of GGUF metadata: all but every `every`-th (counted from 1) have the window. */
export function ggufKinds(fields: ConfigFields, layers: number, every: number, ropes = SAME): readonly LayerKind[] {
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
