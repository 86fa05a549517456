/** The scalars of a TensorBoard event (`tensorboard/compat/proto`: Event, Summary, TensorProto). Pure. */

export interface ScalarEvent {
  step: number;
  scalars: [tag: string, value: number][];
}

/** null for events that are not a summary. @throws RangeError for bytes that are not a message */
export function scalarsIn(data: Buffer): ScalarEvent | null {
  let step = 0;
  let summary: Buffer | null = null;
  for (const { field, value } of fieldsOf(data)) {
    if (field === 2 && typeof value === 'bigint') step = Number(BigInt.asIntN(64, value));
    if (field === 5 && Buffer.isBuffer(value)) summary = value;
  }
  if (!summary) return null;
  const scalars = [...fieldsOf(summary)].flatMap(({ field, value }) => {
    const scalar = field === 1 && Buffer.isBuffer(value) ? scalarOf(value) : null;
    return scalar ? [scalar] : [];
  });
  return { step, scalars };
}

/** A value of a summary: a tag with a float, or with a tensor of one number, as TensorFlow 2 writes it. */
function scalarOf(message: Buffer): [string, number] | null {
  let tag = '';
  let number: number | null = null;
  for (const { field, wire, value } of fieldsOf(message)) {
    if (field === 1 && Buffer.isBuffer(value)) tag = value.toString();
    if (field === 2 && wire === FIXED32) number = (value as Buffer).readFloatLE(0);
    if (field === 8 && Buffer.isBuffer(value)) number = numberOf(value);
  }
  return number === null ? null : [tag, number];
}

/** Types of tensors, and the field that holds such numbers where the content is not given as bytes. */
const FLOAT = { type: 1n, field: 5, size: 4 };
const DOUBLE = { type: 2n, field: 6, size: 8 };

/** The number of a tensor without dimensions; null for other tensors. */
function numberOf(tensor: Buffer): number | null {
  const fields = [...fieldsOf(tensor)];
  const type = fields.find(({ field }) => field === 1)?.value;
  const kind = [FLOAT, DOUBLE].find((candidate) => candidate.type === type);
  const shape = fields.find(({ field }) => field === 2)?.value;
  if (!kind || (Buffer.isBuffer(shape) && [...fieldsOf(shape)].some(({ field }) => field === 2))) return null;
  const found = fields.find(({ field }) => field === 4 || field === kind.field)?.value;
  if (!Buffer.isBuffer(found) || found.length !== kind.size) return null;
  return kind === FLOAT ? found.readFloatLE(0) : found.readDoubleLE(0);
}

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

interface Field {
  field: number;
  wire: number;
  value: bigint | Buffer;
}

/** The fields of a message of protocol buffers. */
function* fieldsOf(message: Buffer): Generator<Field> {
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = message.readUInt8(at++);
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  const bytes = (length: number): Buffer => {
    if (at + length > message.length) throw new RangeError('a field ends beyond its message');
    at += length;
    return message.subarray(at - length, at);
  };
  while (at < message.length) {
    const key = Number(varint());
    const [field, wire] = [key >>> 3, key & 7];
    if (wire === VARINT) yield { field, wire, value: varint() };
    else if (wire === BYTES) yield { field, wire, value: bytes(Number(varint())) };
    else if (wire === FIXED32 || wire === FIXED64) yield { field, wire, value: bytes(wire === FIXED32 ? 4 : 8) };
    else throw new RangeError(`a field of wire type ${wire}`);
  }
}
