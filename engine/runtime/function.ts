/** Runs a graph by its ports: trees of values go in and come out, and no names are needed. */
import { type Filled, fill, type GraphFunction, type Ports, pairs, portsOf } from '../tensor/index.ts';
import type { Backend, CompileOptions, Value } from './backend.ts';

/** A value for each port. */
export type Values<P> = Filled<P, Value>;

export interface CompiledFunction<I extends Ports, O extends Ports> {
  /** A value for each input; what no port asks for is passed by. Throws where one is missing or has another type or shape. */
  run(inputs: Values<I>): Promise<Values<O>>;
  release(): Promise<void>;
}

export interface FunctionOptions<O> extends Pick<CompileOptions, 'packWeights'> {
  /** The outputs that stay on the device. */
  keepOnDevice?: (outputs: O) => Ports;
}

/**
 * Compiles a graph once for any sizes of its named axes. Values named by `keepOnDevice` are returned as handles on the
 * device, which the caller disposes of. Throws what the backend throws (`device`, `internal`).
 */
export async function compileFunction<I extends Ports, O extends Ports>(
  backend: Backend,
  { graph, inputs, outputs }: GraphFunction<I, O>,
  { keepOnDevice, packWeights }: FunctionOptions<O> = {},
): Promise<CompiledFunction<I, O>> {
  const kept = keepOnDevice ? portsOf(keepOnDevice(outputs)).map(({ name }) => name) : [];
  const executable = await backend.compile(graph, { keepOnDevice: kept, packWeights });
  const compiled: unknown = {
    async run(values: unknown): Promise<unknown> {
      const feeds = pairs<Value>(inputs, values).map(([{ name }, value]) => [name, value] as const);
      const results = await executable.run(Object.fromEntries(feeds));
      return fill(outputs, ({ name }) => results[name]!);
    },
    release: () => executable.release(),
  };
  // The trees have the ports' form by construction, which the type checker cannot follow through the recursion.
  return compiled as CompiledFunction<I, O>;
}

/** Frees what a tree of values holds on the device. */
export function dispose(values: unknown): void {
  if (isValue(values)) values.dispose();
  else if (typeof values === 'object' && values !== null) Object.values(values).forEach(dispose);
}

function isValue(values: unknown): values is Value {
  return typeof values === 'object' && values !== null && 'dispose' in values && typeof values.dispose === 'function';
}
