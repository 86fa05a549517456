/** Runs graphs with onnxruntime, on the CPU or on a GPU through one of its execution providers. */
import '../telemetry.ts';
import { env, InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import type { DeviceName } from '../protocol/devices.ts';
import { RollscopeError } from '../protocol/errors.ts';
import type { DType, Graph, Shape, TensorData } from '../tensor/index.ts';
import type { Backend, CompileOptions, Executable, Value } from './backend.ts';
import { checkFeeds, checkTypes } from './feeds.ts';
import { encodeGraph } from './onnx.ts';
import { outputName } from './onnx-encoder.ts';
import { graphProto, modelBytes, nodeProto, valueInfo } from './onnx-format.ts';
import { KEEP_HALVES } from './onnx-halves.ts';
import { runError } from './out-of-memory.ts';
import type { OnnxruntimeDevice } from './provider.ts';
import { Reclaimer } from './reclaim.ts';
import type { SpareCores } from './spare-cores.ts';

/** Hides logged errors, which are also thrown, and warnings about shapes that onnxruntime cannot infer. */
const FATAL_ONLY = 4;
env.logLevel = 'fatal';

/** A session whose release waits for its device buffers: using one after the release would crash the process. */
class HeldSession {
  private buffers = 0;
  private released = false;

  constructor(readonly session: InferenceSession) {}

  hold(): void {
    this.buffers++;
  }

  async free(): Promise<void> {
    this.buffers--;
    if (this.released && this.buffers === 0) await this.session.release();
  }

  async release(): Promise<void> {
    if (this.released) return;
    this.released = true;
    if (this.buffers === 0) await this.session.release();
  }
}

class OrtValue implements Value {
  private readonly maker: HeldSession | null;
  readonly shape: readonly number[];
  /** null once disposed. */
  private held: OrtTensor | null;

  /** `maker` and `reclaimer` are given for outputs of a session. */
  constructor(
    readonly dtype: DType,
    tensor: OrtTensor,
    maker?: HeldSession,
    private readonly reclaimer?: Reclaimer,
  ) {
    this.held = tensor;
    this.shape = tensor.dims;
    this.maker = maker !== undefined && tensor.location === 'gpu-buffer' ? maker : null;
    this.maker?.hold();
  }

  get tensor(): OrtTensor {
    if (!this.held) throw new Error('a value is used after it was disposed');
    return this.held;
  }

  get data(): TensorData | null {
    // For a device tensor, `data` throws, and `getData` ends the process.
    return this.maker ? null : (this.tensor.data as TensorData);
  }

  dispose(): void {
    const tensor = this.held;
    this.held = null;
    if (!tensor) return;
    if (this.maker) {
      tensor.dispose();
      void this.maker.free();
    } else {
      this.reclaimer?.discard((tensor.data as TensorData).byteLength);
    }
  }
}

class OrtExecutable implements Executable {
  private readonly inputs: readonly { name: string; dtype: DType; shape: Shape }[];
  private readonly outputs: readonly { name: string; dtype: DType }[];

  private held: HeldSession | null = null;
  /** Threads of the open session; null: all. */
  private threads: number | null = null;

  /** `open`: opens a session with this many threads, null: all; `wanted`: the number of threads to use now. */
  constructor(
    graph: Graph,
    private readonly open: (threads: number | null) => Promise<InferenceSession>,
    private readonly wanted: () => number | null,
    private readonly toTensor: (value: Value) => OrtTensor,
    private readonly timed: <T>(work: () => Promise<T>) => Promise<T>,
    private readonly reclaimer: Reclaimer,
  ) {
    this.inputs = graph.inputs.map(({ name, dtype, shape }) => ({ name, dtype, shape }));
    this.outputs = [...graph.outputs].map(([name, { dtype }]) => ({ name, dtype }));
  }

  /** The session, recreated if the useful number of threads has changed. */
  async session(): Promise<HeldSession> {
    const threads = this.wanted();
    if (this.held && threads === this.threads) return this.held;
    await this.held?.release();
    this.threads = threads;
    this.held = new HeldSession(await this.open(threads));
    return this.held;
  }

  async run(feeds: Readonly<Record<string, Value>>): Promise<Record<string, Value>> {
    const held = await this.session();
    const tensors: Record<string, OrtTensor> = {};
    for (const [name, value] of checkFeeds(this.inputs, feeds).values) tensors[name] = this.toTensor(value);
    const results = await this.timed(() => held.session.run(tensors)).catch((error: unknown) => {
      throw runError(error);
    });
    const values: Record<string, Value> = {};
    for (const { name, dtype } of this.outputs) {
      values[name] = new OrtValue(dtype, results[outputName(name)] as OrtTensor, held, this.reclaimer);
    }
    return values;
  }

  async release(): Promise<void> {
    await this.held?.release();
  }
}

interface SessionOptions {
  keep?: readonly string[] | undefined;
  outputs: readonly string[];
  packWeights?: boolean | undefined;
  folder?: string | null;
  widensAtUse?: boolean;
}

class OrtBackend implements Backend {
  seconds = 0;
  readonly device: DeviceName;
  readonly controlFlow: boolean;
  private readonly readers = new Map<DType, InferenceSession>();
  private readonly reclaimer = new Reclaimer();

  constructor(
    private readonly definition: OnnxruntimeDevice,
    private readonly threads: number,
    private readonly spare: SpareCores | null,
  ) {
    this.device = definition.name;
    this.controlFlow = definition.capabilities.controlFlow;
  }

  /** A GPU device only lives as long as any session on it, so one session is kept open. */
  async open(): Promise<void> {
    if (this.definition.capabilities.ownMemory) await this.reader('float32');
  }

  private readonly timed = async <T>(work: () => Promise<T>): Promise<T> => {
    const start = performance.now();
    try {
      return await work();
    } finally {
      this.seconds += (performance.now() - start) / 1000;
    }
  };

  private async session(
    model: Uint8Array,
    options: SessionOptions,
    threads: number | null = null,
  ): Promise<InferenceSession> {
    const config: Record<string, string> = {};
    if (!options.packWeights) config.disable_prepacking = '1';
    if (options.folder) config.model_external_initializers_file_folder_path = options.folder;
    const { provider, capabilities } = this.definition;
    const keep = new Set(options.keep);
    try {
      return await InferenceSession.create(model, {
        executionProviders: [{ name: provider.name, ...provider.options }, ...(capabilities.ownMemory ? ['cpu'] : [])],
        intraOpNumThreads: threads ?? this.threads,
        interOpNumThreads: 1,
        enableMemPattern: false,
        // An arena never shrinks, and shapes that change between calls fragment it.
        enableCpuMemArena: false,
        logSeverityLevel: FATAL_ONLY,
        extra: {
          session: config,
          ...(options.widensAtUse && { optimization: { disable_specified_optimizers: KEEP_HALVES } }),
        },
        ...(capabilities.resident && {
          preferredOutputLocation: Object.fromEntries(
            options.outputs.map((name) => [outputName(name), keep.has(name) ? 'gpu-buffer' : 'cpu'] as const),
          ),
        }),
      });
    } catch (error) {
      throw sessionError(this.definition, error);
    }
  }

  async compile(graph: Graph, options: CompileOptions = {}): Promise<Executable> {
    checkTypes(graph, this.definition.capabilities);
    const { model, weightsFolder, widensAtUse } = encodeGraph(graph, this.definition.provider.dialect);
    const open = (threads: number | null) =>
      this.timed(() =>
        this.session(
          model,
          {
            keep: options.keepOnDevice,
            outputs: [...graph.outputs.keys()],
            packWeights: options.packWeights,
            folder: weightsFolder,
            widensAtUse,
          },
          threads,
        ),
      );
    const wanted = () => this.spare?.threads() ?? null;
    const executable = new OrtExecutable(graph, open, wanted, (v) => this.toTensor(v), this.timed, this.reclaimer);
    // Reports faults of a graph or a device here instead of at the first run.
    await executable.session();
    return executable;
  }

  private toTensor(value: Value): OrtTensor {
    if (value instanceof OrtValue) return value.tensor;
    if (!value.data) throw new Error('a value on another device cannot be used here');
    return hostTensor(value.dtype, value.shape, value.data);
  }

  async read(value: Value): Promise<TensorData> {
    if (value.data) return value.data;
    const reader = await this.reader(value.dtype);
    const results = await this.timed(() => reader.run({ x: this.toTensor(value) }));
    return (results[outputName('y')] as OrtTensor).data as TensorData;
  }

  /** The session that reads back device buffers of a type. */
  private async reader(dtype: DType): Promise<InferenceSession> {
    let reader = this.readers.get(dtype);
    if (!reader) {
      reader = await this.session(identityModel(dtype), { outputs: ['y'] });
      this.readers.set(dtype, reader);
    }
    return reader;
  }

  value(dtype: DType, shape: readonly number[], data: TensorData): Value {
    return new OrtValue(dtype, hostTensor(dtype, shape, data));
  }

  async release(): Promise<void> {
    for (const reader of this.readers.values()) await reader.release();
    this.readers.clear();
  }
}

function hostTensor(dtype: DType, shape: readonly number[], data: TensorData): OrtTensor {
  return new OrtTensor(dtype, data, shape);
}

function identityModel(dtype: DType): Uint8Array {
  return modelBytes(
    graphProto({
      name: 'read',
      nodes: [nodeProto('Identity', ['x'], [outputName('y')])],
      values: [],
      inputs: [valueInfo('x', dtype)],
      outputs: [valueInfo(outputName('y'), dtype)],
    }),
  );
}

function sessionError({ name, capabilities, hint }: OnnxruntimeDevice, error: unknown): Error {
  const message = error instanceof Error ? error.message : String(error);
  if (
    capabilities.ownMemory &&
    /adapter|device|provider|not supported|not available|CUDA|DirectML|CoreML|\.so|\.dll/i.test(message)
  ) {
    const remedy = `${hint()} Or use the CPU (--device cpu).`;
    return new RollscopeError('device', `The device ${name} is not usable: ${message}`, remedy, {
      cause: error,
      details: { reason: 'device-not-usable', device: name, system: message },
    });
  }
  return error instanceof Error ? error : new Error(message);
}

/**
 * A backend on onnxruntime; `threads` is for the CPU, 0: as many as `spare` finds useful, or all. Throws RollscopeError `device`
 * if this machine lacks the device. Other code uses `openDevice` in `devices/index.ts`.
 */
export async function openOnnxruntime(
  device: OnnxruntimeDevice,
  threads: number,
  spare: SpareCores | null,
): Promise<Backend> {
  const backend = new OrtBackend(device, threads, spare);
  await backend.open();
  return backend;
}
