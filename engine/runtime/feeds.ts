/** Checks of graphs and their input values, shared by all backends. */
import type { DType, Graph, Node, Shape } from '../tensor/index.ts';
import type { Value } from './backend.ts';
import type { Capabilities } from './capabilities.ts';

interface Input {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: Shape;
}

/** Throws if a graph contains a data type that the device does not support. */
export function checkTypes(graph: Graph, { dataTypes }: Capabilities): void {
  const check = ({ name, dtype }: { name: string; dtype: DType }) => {
    if (!dataTypes.includes(dtype))
      throw new Error(`tensor ${name} is ${dtype}, which the device does not compute with`);
  };
  const checkNodes = (nodes: readonly Node[]) => {
    for (const { outputs, bodies } of nodes) {
      outputs.forEach(check);
      for (const body of bodies) {
        body.inputs.forEach(check);
        checkNodes(body.nodes);
      }
    }
  };
  graph.inputs.forEach(check);
  for (const { tensor } of graph.constants) check(tensor);
  checkNodes(graph.nodes);
}

/**
 * The value of each input, and the named sizes derived from their shapes. Throws if a value is missing, has the wrong
 * type or shape, or two values disagree about a size.
 */
export function checkFeeds(
  inputs: readonly Input[],
  feeds: Readonly<Record<string, Value>>,
): { values: Map<string, Value>; sizes: Map<string, number> } {
  const values = new Map<string, Value>();
  const sizes = new Map<string, number>();
  for (const input of inputs) {
    const value = feeds[input.name];
    if (!value) throw new Error(`input ${input.name} is missing`);
    checkValue(input, value, sizes);
    values.set(input.name, value);
  }
  return { values, sizes };
}

function checkValue(input: Input, value: Value, sizes: Map<string, number>): void {
  const refuse = () => {
    const wanted = `${input.dtype} [${input.shape}]`;
    throw new Error(`input ${input.name} is ${wanted}, given ${value.dtype} [${value.shape}]`);
  };
  if (value.dtype !== input.dtype || value.shape.length !== input.shape.length) refuse();
  input.shape.forEach((dim, i) => {
    const given = value.shape[i]!;
    if (typeof dim === 'number') {
      if (dim !== given) refuse();
      return;
    }
    const before = sizes.get(dim);
    if (before === undefined) sizes.set(dim, given);
    else if (before !== given) {
      throw new Error(`input ${input.name}: size ${dim} is ${given} here and ${before} in another input`);
    }
  });
}
