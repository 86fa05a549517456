/**
 * Ports: where a graph takes values in and gives them out. A builder returns its graph together with the ports that it
 * made, as trees of objects and arrays, as JAX has its pytrees. The caller of the graph passes and gets back trees of
 * the same form, with a value in the place of each port; the names under which values travel stay in here.
 */
import type { Graph } from './graph.ts';
import type { NamedType } from './tensor.ts';

/** An input tensor of a graph is a port, too. */
export type Port = NamedType;

/** Ports in the form in which their values come; null where this graph has none. */
export type Ports = Port | null | readonly Ports[] | { readonly [key: string]: Ports };

/** A tree of the form of `P`, with a `T` in the place of each port. */
export type Filled<P, T> = P extends Port ? T : P extends null ? null : { readonly [K in keyof P]: Filled<P[K], T> };

/** Ports, tensors or values by the names of the model's parameters. */
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

/** Each port with the value at its place; what the tree lacks is left out, and what no port asks for is skipped. */
export function pairs<T>(ports: Ports, tree: unknown): [Port, T][] {
  if (ports === null || tree === null || tree === undefined) return [];
  if (isPort(ports)) return [[ports, tree as T]];
  return Object.entries<Ports>(ports).flatMap(([key, inner]) => pairs<T>(inner, (tree as Named<unknown>)[key]));
}

/** The tree that has `f(port)` in the place of each port: `Filled` of the ports' type. */
export function fill(ports: Ports, f: (port: Port) => unknown): unknown {
  if (ports === null) return null;
  if (isPort(ports)) return f(ports);
  const inner = (tree: Ports) => fill(tree, f);
  return Array.isArray(ports) ? ports.map(inner) : mapNamed(ports as Named<Ports>, inner);
}

/** The same names with other things behind them. */
export function mapNamed<T, U>(named: Named<T>, f: (thing: T, name: string) => U): Named<U> {
  return Object.fromEntries(Object.entries(named).map(([name, thing]) => [name, f(thing, name)]));
}
