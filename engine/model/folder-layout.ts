/**
 * How the tensors of files differ from the decoder's: several projections in one matrix, other names,
 * transposed matrices. One description serves reading and writing, for folders of Hugging Face and for GGUF.
 */
import type { FolderLayout } from './architectures/architecture.ts';
import { architectureOf } from './architectures/index.ts';
import type { DecoderConfig } from './config.ts';
import { EMBEDDINGS, PARENT, parameterShapes, projectionShape } from './parameters.ts';

/** A tensor of a file, and the decoder's tensors that are in it one below the other. */
export interface FileTensor {
  readonly name: string;
  /** As the file has it. */
  readonly shape: readonly number[];
  readonly parts: readonly { readonly name: string; readonly shape: readonly number[] }[];
  /** The file has [in, out] for matrices [out, in]. */
  readonly transposed: boolean;
}

const LAYER = /^model\.layers\.(\d+)\.(.+)\.(weight|bias)$/;

/** Whether the folders of an architecture have the decoder's own layout. */
export function isPlain({ architecture }: Pick<DecoderConfig, 'architecture'>): boolean {
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

/** The name in a folder of what the decoder calls `name`, or of the tensor that it is a part of. */
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
 * The modules that an adapter is for, as PEFT names them: for a fused one with the projections inside of it, in order,
 * otherwise with the one projection.
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

/** Rows and columns of a module such as `model.layers.0.self_attn.q_proj`. */
export function moduleShape(config: DecoderConfig, module: string): [number, number] {
  return projectionShape(config, module.split('.').at(-1) as keyof typeof PARENT);
}

/** Transposes a matrix [rows, columns]. */
export function transposed(values: Float32Array, rows: number, columns: number): Float32Array {
  const out = new Float32Array(values.length);
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) out[c * rows + r] = values[r * columns + c]!;
  return out;
}
