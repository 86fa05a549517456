/**
 * Ports: the inputs and outputs of a graph. A builder returns its graph with the ports as trees of objects and arrays,
 * like JAX's pytrees. Callers pass and receive trees of the same form, with values for ports; the names of the
 * underlying tensors stay internal.
 */
import type { Graph } from './graph.ts';
import type { NamedType } from './tensor.ts';

/** A port is an input or output tensor of a graph. */
export type Port = NamedType;

/** Ports in the tree structure of their values; null for a port that the graph lacks. */
export type Ports = Port | null | readonly Ports[] | { readonly [key: string]: Ports };

/** A tree of the form of `P`, with a `T` for each port. */
export type PortTree<P, T> = P extends Port
  ? T
  : P extends null
    ? null
    : { readonly [K in keyof P]: PortTree<P[K], T> };

/** Ports, tensors or values by parameter name. */
export type Named<T> = Readonly<Record<string, T>>;

/** A graph with its ports. */
export interface GraphFunction<I extends Ports, O extends Ports> {
  graph: Graph;
  inputs: I;
  outputs: O;
}

function isPort(ports: Ports): ports is Port {
  return ports !== null && 'dtype' in ports && typeof ports.dtype === 'string';
}

/** All ports of a tree. */
export function portsOf(ports: Ports): Port[] {
  if (ports === null) return [];
  return isPort(ports) ? [ports] : Object.values<Ports>(ports).flatMap(portsOf);
}

/** Each port with its value in the tree; skips ports without values and values without ports. */
export function portEntries<T>(ports: Ports, tree: unknown): [Port, T][] {
  if (ports === null || tree === null || tree === undefined) return [];
  if (isPort(ports)) return [[ports, tree as T]];
  return Object.entries<Ports>(ports).flatMap(([key, inner]) => portEntries<T>(inner, (tree as Named<unknown>)[key]));
}

/** The tree with `f(port)` for each port: `PortTree` of the ports' type. */
export function mapPorts(ports: Ports, f: (port: Port) => unknown): unknown {
  if (ports === null) return null;
  if (isPort(ports)) return f(ports);
  const inner = (tree: Ports) => mapPorts(tree, f);
  return Array.isArray(ports) ? ports.map(inner) : mapByName(ports as Named<Ports>, inner);
}

/** The same names with mapped values. */
export function mapByName<T, U>(named: Named<T>, f: (thing: T, name: string) => U): Named<U> {
  return Object.fromEntries(Object.entries(named).map(([name, thing]) => [name, f(thing, name)]));
}
