/** The parts of an ONNX model as protobuf messages (field numbers from onnx.proto). */
import type { DType, Shape } from '../tensor/index.ts';
import { Message } from './protobuf.ts';

const IR_VERSION = 10;
const OPSET = 21;

export const ELEMENT = { float32: 1, uint8: 2, int32: 6, int64: 7, bool: 9, float16: 10, bfloat16: 16 } as const;
export type Element = keyof typeof ELEMENT;

const ATTRIBUTE = { float: 1, int: 2, string: 3, graph: 5, ints: 7 } as const;
export type Attribute =
  | { float: number }
  | { int: number }
  | { string: string }
  | { graph: Message }
  | { ints: readonly number[] };

function attribute(name: string, value: Attribute): Message {
  const message = new Message().string(1, name);
  if ('float' in value) message.float(2, value.float).int(20, ATTRIBUTE.float);
  else if ('int' in value) message.int(3, value.int).int(20, ATTRIBUTE.int);
  else if ('string' in value) message.string(4, value.string).int(20, ATTRIBUTE.string);
  else if ('graph' in value) message.message(6, value.graph).int(20, ATTRIBUTE.graph);
  else message.ints(8, value.ints).int(20, ATTRIBUTE.ints);
  return message;
}

/** A NodeProto. */
export function nodeProto(
  type: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: Readonly<Record<string, Attribute>> = {},
  domain = '',
): Message {
  return new Message()
    .strings(1, inputs)
    .strings(2, outputs)
    .string(3, outputs.find((name) => name !== '') ?? type)
    .string(4, type)
    .messages(
      5,
      Object.entries(attributes).map(([name, value]) => attribute(name, value)),
    )
    .string(7, domain);
}

/** A TensorProto that contains its bytes (little endian). */
export function inlineTensor(name: string, element: Element, shape: readonly number[], bytes: Uint8Array): Message {
  return new Message().ints(1, shape).int(2, ELEMENT[element]).string(8, name).bytes(9, bytes);
}

/** A TensorProto whose bytes are a slice of a file; `location` is relative to the model's folder. */
export function externalTensor(
  name: string,
  element: Element,
  shape: readonly number[],
  slice: { location: string; offset: number; bytes: number },
): Message {
  const entry = (key: string, value: string | number) => new Message().string(1, key).string(2, String(value));
  return new Message()
    .ints(1, shape)
    .int(2, ELEMENT[element])
    .string(8, name)
    .messages(13, [entry('location', slice.location), entry('offset', slice.offset), entry('length', slice.bytes)])
    .int(14, 1);
}

/** A ValueInfoProto; without a shape, of unknown rank. */
export function valueInfo(name: string, dtype: DType, shape?: Shape): Message {
  const tensor = new Message().int(1, ELEMENT[dtype]);
  if (shape) {
    const axes = shape.map((d) => (typeof d === 'number' ? new Message().int(1, d) : new Message().string(2, d)));
    tensor.message(2, new Message().messages(1, axes));
  }
  return new Message().string(1, name).message(2, new Message().message(1, tensor));
}

/** A GraphProto. */
export function graphProto(parts: {
  name: string;
  nodes: readonly Message[];
  inputs: readonly Message[];
  outputs: readonly Message[];
  /** Types and shapes of intermediate values. */
  values: readonly Message[];
  initializers?: readonly Message[];
}): Message {
  return new Message()
    .messages(1, parts.nodes)
    .string(2, parts.name)
    .messages(5, parts.initializers ?? [])
    .messages(11, parts.inputs)
    .messages(12, parts.outputs)
    .messages(13, parts.values);
}

/** A ModelProto's bytes. */
export function modelBytes(graph: Message): Uint8Array {
  const opset = (domain: string, version: number) => new Message().string(1, domain).int(2, version);
  return new Message()
    .int(1, IR_VERSION)
    .string(2, 'rollscope')
    .message(7, graph)
    .messages(8, [opset('', OPSET), opset('com.microsoft', 1)])
    .finish();
}
