/**
 * How tensors in files differ from the decoder's: fused projections, other names, transposed matrices. One description
 * serves reading and writing, for Hugging Face folders and GGUF.
 */
import type { FolderLayout } from './architectures/architecture.ts';
import { architectureOf } from './architectures/index.ts';
import type { DecoderConfig } from './config.ts';
import { EMBEDDINGS, PARENT, parameterShapes, projectionShape } from './parameters.ts';

/** A tensor in a file, and the decoder's tensors that are stacked in it by rows. */
export interface FileTensor {
  readonly name: string;
  /** Shape in the file. */
  readonly shape: readonly number[];
  readonly parts: readonly { readonly name: string; readonly shape: readonly number[] }[];
  /** Whether the file stores [in, out] instead of [out, in]. */
  readonly transposed: boolean;
}

const LAYER = /^model\.layers\.(\d+)\.(.+)\.(weight|bias)$/;

/** Whether Hugging Face folders of an architecture use the decoder's own layout. */
export function usesDecoderLayout({ architecture }: Pick<DecoderConfig, 'architecture'>): boolean {
  return architectureOf(architecture).huggingFace.layout === undefined;
}

/** The tensors of a Hugging Face folder, in the decoder's order. */
export function folderTensors(config: DecoderConfig): FileTensor[] {
  const layout: FolderLayout = architectureOf(config.architecture).huggingFace.layout ?? {};
  const found = new Map<string, FileTensor>();
  for (const [name, shape] of parameterShapes(config)) {
    const place = nameInFolder(layout, name);
    const parts = [...(found.get(place)?.parts ?? []), { name, shape }];
    const transposed = layout.transposed === true && shape.length === 2 && LAYER.test(name);
    const rows = parts.reduce((sum, part) => sum + part.shape[0]!, 0);
    const stacked = [rows, ...shape.slice(1)];
    found.set(place, { name: place, parts, transposed, shape: transposed ? stacked.reverse() : stacked });
  }
  return [...found.values()];
}

/** The name in a folder of the decoder's tensor `name`, or of the fused tensor that contains it. */
export function nameInFolder({ fused = {}, names }: FolderLayout, name: string): string {
  const layer = LAYER.exec(name);
  if (!layer) {
    const [, module, kind] = /^(.+)\.(weight|bias)$/.exec(name)!;
    return `${names?.outer?.[module!] ?? module}.${kind}`;
  }
  const [, index, module, kind] = layer;
  const whole = fusedModule(fused, module!);
  const renamed = names?.layer[whole] ?? whole;
  return `${names?.layers ?? 'model.layers'}.${index}.${renamed}.${kind}`;
}

function fusedModule(fused: NonNullable<FolderLayout['fused']>, module: string): string {
  const [parent, projection] = module.split('.') as [string, string | undefined];
  const whole = Object.entries(fused).find(([, parts]) => parts.some((part) => part === projection))?.[0];
  return whole ? `${parent}.${whole}` : module;
}

/**
 * The modules that an adapter can target, under PEFT's names: a fused module with its projections in order, or a single
 * projection.
 */
export function adaptedModules(config: DecoderConfig): { module: string; parts: readonly string[] }[] {
  return folderTensors(config)
    .filter(({ name, parts }) => name.endsWith('.weight') && parts.every((part) => isProjection(part.name)))
    .map(({ name, parts }) => ({ module: withoutKind(name), parts: parts.map((part) => withoutKind(part.name)) }));
}

function withoutKind(name: string): string {
  return name.replace(/\.(weight|bias)$/, '');
}

function isProjection(name: string): boolean {
  return name !== EMBEDDINGS && (name.match(/\.(\w+)\.weight$/)?.[1] ?? '') in PARENT;
}

/** Output and input dimensions of a module such as `model.layers.0.self_attn.q_proj`. */
export function moduleShape(config: DecoderConfig, module: string): [number, number] {
  return projectionShape(config, module.split('.').at(-1) as keyof typeof PARENT);
}

/** Transposes a matrix [rows, columns]. */
export function transposed(values: Float32Array, rows: number, columns: number): Float32Array {
  const out = new Float32Array(values.length);
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) out[c * rows + r] = values[r * columns + c]!;
  return out;
}
