/**
 * Plans which nodes of a graph are computed, and their operands: nodes that no output depends on are omitted, and a
 * reshape or expansion is bypassed if the operator that reads it does the same. (Letting Gemm also add and scale was
 * measured and gains nothing.)
 */
import {
  each,
  type Graph,
  type Node,
  OPERATORS,
  type OperatorName,
  type Operators,
  sameShape,
  type Tensor,
} from '../tensor/index.ts';

/** The plan of one complete graph. */
export class Plan {
  private readonly producers = new Map<Tensor, Node>();
  private readonly live = new Set<Node>();
  private readonly used = new Set<Tensor>();

  constructor(graph: Graph) {
    this.collect(graph.nodes);
    this.mark(graph);
  }

  /** Whether an output depends on a node. */
  isLive(node: Node): boolean {
    return this.live.has(node);
  }

  /** Whether a live node or an output reads a tensor. */
  isUsed(tensor: Tensor): boolean {
    return this.used.has(tensor);
  }

  /** The tensors that a node reads instead of its inputs. */
  operands<K extends OperatorName>(node: Node<K>): Operators[K]['inputs'] {
    if (node.op === 'Reshape') return each(node.inputs, (t) => this.beforeReshapes(t));
    if (!OPERATORS[node.op].broadcasts) return node.inputs;
    // The operator broadcasts by itself, so it can read the tensor before its expansion.
    const sources = each(node.inputs, (t) => this.beforeExpand(t));
    const { shape } = node.outputs[0]!;
    return sources.some((t) => sameShape(t.shape, shape)) ? sources : node.inputs;
  }

  private beforeExpand(tensor: Tensor): Tensor {
    const producer = this.producers.get(tensor);
    return producer?.op === 'Expand' ? producer.inputs[0] : tensor;
  }

  private beforeReshapes(tensor: Tensor): Tensor {
    const producer = this.producers.get(tensor);
    return producer?.op === 'Reshape' ? this.beforeReshapes(producer.inputs[0]) : tensor;
  }

  private collect(nodes: readonly Node[]): void {
    for (const node of nodes) {
      for (const tensor of node.outputs) this.producers.set(tensor, node);
      for (const body of node.bodies) this.collect(body.nodes);
    }
  }

  /** Marks the nodes that outputs depend on, including those inside loops and branches. */
  private mark(graph: Graph): void {
    const open = [...graph.outputs.values()];
    for (let tensor = open.pop(); tensor; tensor = open.pop()) {
      this.used.add(tensor);
      const node = this.producers.get(tensor);
      if (!node || this.live.has(node)) continue;
      this.live.add(node);
      open.push(...this.operands(node), ...node.bodies.flatMap((body) => body.outputs));
    }
  }
}
