/** External weights as values of an ONNX model: whole, block-quantized, or in 16 bits until used. */
import path from 'node:path';
import {
  BLOCK,
  type BlockParts,
  type BlockType,
  blockSlices,
  type ExternalData,
  isBlockType,
  type Slice,
  type StoredType,
  type Tensor,
} from '../tensor/index.ts';
import { type Element, externalTensor } from './onnx-format.ts';
import type { Message } from './protobuf.ts';

/**
 * `fused` uses onnxruntime's custom operators if they save copies (CPU, CUDA); `portable` uses only operators that the
 * WebGPU provider runs on the device.
 */
export type Dialect = 'fused' | 'portable';

/** ONNX values of a block-quantized weight [rows, width]; see `engine/tensor/blocks.ts`. */
export interface EncodedBlocks extends BlockParts<string> {
  readonly rows: number;
  readonly width: number;
  /** Bits per value in `numbers`. */
  readonly bits: 4 | 8;
  /** Whether products quantize the other factor to 8 bits. */
  readonly roundsFactors: boolean;
}

/** ONNX values of a 16-bit weight [rows, width] that is widened at each use; each is added to the model on demand. */
export interface EncodedHalves {
  readonly rows: number;
  readonly width: number;
  readonly whole: () => string;
  /** Rows `from` to `to`. */
  readonly part: (from: number, to: number) => string;
}

interface WeightOptions {
  dialect: Dialect;
  /** The folder that the model's file names are relative to. */
  folder: string;
  /** Resolved paths of files, by their paths in the graph. */
  files: ReadonlyMap<string, string>;
  /** Adds an initializer to the model. */
  add: (initializer: Message) => void;
}

/** Encodes the weights of one model. */
export class OnnxWeights {
  private readonly blocks = new Map<Tensor, EncodedBlocks>();
  private readonly halves = new Map<Tensor, EncodedHalves>();

  constructor(private readonly options: WeightOptions) {}

  /** The ONNX value of a weight as stored; null if it is block-quantized or in 16 bits, and so used in parts. */
  write(tensor: Tensor, data: ExternalData): string | null {
    if (isBlockType(data.stored)) {
      this.blocks.set(tensor, this.inBlocks(tensor, data, data.stored));
      return null;
    }
    if (this.staysHalf(tensor, data)) {
      this.halves.set(tensor, this.inHalves(tensor, data));
      return null;
    }
    return this.whole(tensor, data, data.stored);
  }

  /** The values of a block-quantized weight; null for other tensors. */
  blocksOf(tensor: Tensor): EncodedBlocks | null {
    return this.blocks.get(tensor) ?? null;
  }

  /** The values of a weight that is widened at each use; null for other tensors. */
  halvesOf(tensor: Tensor): EncodedHalves | null {
    return this.halves.get(tensor) ?? null;
  }

  /** Whether the graph has weights that are widened at each use. */
  get widensAtUse(): boolean {
    return this.halves.size > 0;
  }

  /** Whether a weight is widened at each use. WebGPU lacks bfloat16, and widens both types when it opens a session. */
  private staysHalf({ shape }: Tensor, { widenedAtUse, stored }: ExternalData): boolean {
    return widenedAtUse === true && stored !== 'F32' && shape.length === 2 && this.options.dialect === 'fused';
  }

  private inHalves({ name, shape }: Tensor, data: ExternalData): EncodedHalves {
    const [rows, width] = shape as [number, number];
    const location = this.location(data);
    const element: Element = data.stored === 'F16' ? 'float16' : 'bfloat16';
    const written = new Set<string>();
    const add = (part: string, from: number, to: number) => {
      if (!written.has(part)) {
        const slice = { location, offset: data.offset + 2 * width * from, bytes: 2 * width * (to - from) };
        this.options.add(externalTensor(part, element, [to - from, width], slice));
        written.add(part);
      }
      return part;
    };
    return {
      ...{ rows, width },
      whole: () => add(`${name}:${data.stored}`, 0, rows),
      part: (from, to) => add(`${name}:${from}`, from, to),
    };
  }

  /** The parts of a block-quantized matrix as ONNX values, which support only products and row lookups. */
  private inBlocks({ name, shape }: Tensor, data: ExternalData, type: BlockType): EncodedBlocks {
    const [rows, width] = shape as [number, number];
    const location = this.location(data);
    const add = (part: string, element: Element, inner: number[], { offset, bytes }: Slice) => {
      const slice = { location, offset: data.offset + offset, bytes };
      this.options.add(externalTensor(`${name}:${part}`, element, [rows, width / BLOCK, ...inner], slice));
      return `${name}:${part}`;
    };
    const { numbers, low, scales, offsets } = blockSlices(type, rows * width);
    return {
      ...{ rows, width, bits: type === 'Q8_0 bytes' ? 8 : 4, roundsFactors: data.roundsFactors === true },
      numbers: add('numbers', 'uint8', [numbers.bytes / (rows * (width / BLOCK))], numbers),
      low: low && add('low', 'uint8', [BLOCK / 2], low),
      scales: add('scales', 'float32', [], scales),
      offsets: offsets && add('offsets', 'float32', [], offsets),
    };
  }

  private whole({ name, shape }: Tensor, data: ExternalData, format: Exclude<StoredType, BlockType>): string {
    const element = ({ F32: 'float32', BF16: 'bfloat16', F16: 'float16' } as const)[format];
    const stored = element === 'float32' ? name : `${name}:${data.stored}`;
    this.options.add(externalTensor(stored, element, shape as number[], { location: this.location(data), ...data }));
    return stored;
  }

  private location({ file }: ExternalData): string {
    const { folder, files } = this.options;
    return path.relative(folder, files.get(file)!).split(path.sep).join('/');
  }
}
