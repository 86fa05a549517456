/**
 * What of a graph is computed, and from what: nodes that no output needs are left out, copies that the reading operator
 * makes unnecessary are passed by, and sums and multiples of matrix products are left to the products.
 */
import { type Constant, type Graph, type Node, sameShape, type Tensor } from '../tensor/index.ts';

/** alpha * a b + bias, of matrices. */
export interface Product {
  a: Tensor;
  b: Tensor;
  transA: boolean;
  transB: boolean;
  alpha: number;
  bias: Tensor | null;
}

const BROADCASTING = new Set('Add Sub Mul Div Max Min Less Greater GreaterOrEqual Equal And Or Where'.split(' '));

export class Plan {
  private readonly producers = new Map<Tensor, Node>();
  /** The scope (main graph or body) that a node belongs to, as its list of nodes. */
  private readonly scopes = new Map<Node, readonly Node[]>();
  private readonly live = new Set<Node>();
  private readonly products = new Map<Node, Product>();
  private readonly absorbed = new Set<Node>();
  private readonly uses = new Map<Tensor, number>();
  private readonly scalars: ReadonlyMap<Tensor, number>;

  constructor(graph: Graph) {
    this.scalars = new Map(graph.constants.flatMap(scalarConstant));
    this.collect(graph.nodes);
    this.mark(graph);
    for (const node of this.scopes.keys()) if (this.live.has(node)) this.join(node);
    this.uses.clear();
    this.count(graph);
  }

  /** Whether a node is computed by itself. */
  isLive(node: Node): boolean {
    return this.live.has(node) && !this.absorbed.has(node);
  }

  /** Whether anything that is computed reads a tensor. */
  isUsed(tensor: Tensor): boolean {
    return this.uses.has(tensor);
  }

  /** The product that a node is, or that computes it. */
  product(node: Node): Product | undefined {
    return this.products.get(node);
  }

  /** The tensors that a node reads. */
  operands(node: Node): readonly Tensor[] {
    const product = this.products.get(node);
    if (product) return [product.a, product.b, ...(product.bias ? [product.bias] : [])];
    if (node.op === 'Reshape') return [this.beforeReshapes(node.inputs[0]!)];
    if (!BROADCASTING.has(node.op)) return node.inputs;
    // The operator broadcasts an expanded tensor by itself.
    const sources = node.inputs.map((t) => {
      const expand = this.producers.get(t);
      return expand?.op === 'Expand' ? expand.inputs[0]! : t;
    });
    const { shape } = node.outputs[0]!;
    return sources.some((t) => sameShape(t.shape, shape)) ? sources : node.inputs;
  }

  private beforeReshapes(tensor: Tensor): Tensor {
    const producer = this.producers.get(tensor);
    return producer?.op === 'Reshape' ? this.beforeReshapes(producer.inputs[0]!) : tensor;
  }

  private collect(nodes: readonly Node[]): void {
    for (const node of nodes) {
      this.scopes.set(node, nodes);
      for (const tensor of node.outputs) this.producers.set(tensor, node);
      for (const body of node.bodies) this.collect(body.nodes);
    }
  }

  /** Finds the nodes that outputs need, also from inside loops and branches. */
  private mark(graph: Graph): void {
    const open = [...graph.outputs.values()];
    for (let tensor = open.pop(); tensor; tensor = open.pop()) {
      const node = this.producers.get(tensor);
      if (!node || this.live.has(node)) continue;
      this.live.add(node);
      open.push(...this.reads(node));
    }
    this.count(graph);
  }

  private reads(node: Node): Tensor[] {
    return [...this.operands(node), ...node.bodies.flatMap((body) => body.outputs)];
  }

  private count(graph: Graph): void {
    const add = (tensor: Tensor) => this.uses.set(tensor, (this.uses.get(tensor) ?? 0) + 1);
    for (const node of this.live) if (!this.absorbed.has(node)) this.reads(node).forEach(add);
    for (const tensor of graph.outputs.values()) add(tensor);
  }

  /** A product that nothing but `reader` reads and that may take over what the reader does. */
  private openProduct(tensor: Tensor, reader: Node): { node: Node; product: Product } | null {
    const node = this.producers.get(tensor);
    if (!node || this.uses.get(tensor) !== 1 || this.scopes.get(node) !== this.scopes.get(reader)) return null;
    const product = this.products.get(node) ?? plainProduct(node);
    return product && product.bias === null ? { node, product } : null;
  }

  private join(node: Node): void {
    if (node.op === 'MatMul') {
      const product = plainProduct(node);
      if (product) this.products.set(node, product);
    }
    if (node.op !== 'Mul' && node.op !== 'Add') return;
    const { shape } = node.outputs[0]!;
    const sides = this.operands(node);
    for (const [i, tensor] of sides.entries()) {
      const other = sides[1 - i]!;
      const open = sameShape(tensor.shape, shape) ? this.openProduct(tensor, node) : null;
      if (!open) continue;
      if (node.op === 'Mul') {
        const factor = this.scalars.get(other);
        if (factor === undefined) continue;
        this.products.set(node, { ...open.product, alpha: open.product.alpha * factor });
      } else {
        this.products.set(node, { ...open.product, bias: other });
      }
      this.absorbed.add(open.node);
      return;
    }
  }
}

function plainProduct(node: Node): Product | null {
  const [a, b] = node.inputs as [Tensor, Tensor];
  if (node.op !== 'MatMul' || a.shape.length !== 2) return null;
  const { transA, transB } = node.attributes as { transA: boolean; transB: boolean };
  return { a, b, transA, transB, alpha: 1, bias: null };
}

function scalarConstant(constant: Constant): [Tensor, number][] {
  const { kind, tensor, data } = constant;
  return kind === 'inline' && tensor.dtype === 'float32' && tensor.shape.length === 0
    ? [[tensor, Number(data[0])]]
    : [];
}
