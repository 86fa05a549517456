/** Runs a graph by its ports: takes and returns trees of values, without tensor names. */
import { type GraphFunction, mapPorts, type Ports, type PortTree, portEntries, portsOf } from '../tensor/index.ts';
import type { Backend, CompileOptions, Value } from './backend.ts';

/** A value for each port. */
export type Values<P> = PortTree<P, Value>;

export interface CompiledFunction<I extends Ports, O extends Ports> {
  /** Takes a value per input; ignores values without ports. Throws if one is missing or has the wrong type or shape. */
  run(inputs: Values<I>): Promise<Values<O>>;
  release(): Promise<void>;
}

export interface FunctionOptions<O> extends Pick<CompileOptions, 'packWeights'> {
  /** The outputs that stay on the device. */
  keepOnDevice?: (outputs: O) => Ports;
}

/**
 * Compiles a graph once for any values of its named sizes. Values selected by `keepOnDevice` are returned as device
 * handles, which the caller must dispose. Throws the errors of the backend (`device`, `internal`).
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
      const feeds = portEntries<Value>(inputs, values).map(([{ name }, value]) => [name, value] as const);
      const results = await executable.run(Object.fromEntries(feeds));
      return mapPorts(outputs, ({ name }) => results[name]!);
    },
    release: () => executable.release(),
  };
  // The trees match the ports by construction, which the type checker cannot follow through the recursion.
  return compiled as CompiledFunction<I, O>;
}

/** Frees the device memory of all values in a tree. */
export function dispose(values: unknown): void {
  if (isValue(values)) values.dispose();
  else if (typeof values === 'object' && values !== null) Object.values(values).forEach(dispose);
}

function isValue(values: unknown): values is Value {
  return typeof values === 'object' && values !== null && 'dispose' in values && typeof values.dispose === 'function';
}
