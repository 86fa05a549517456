/**
 * Messages as bytes, for pages that are reached over a network or a file instead of `postMessage`: JSON with the typed
 * arrays after it. What `postMessage` keeps and JSON does not (typed arrays, numbers that are not finite) arrives as it
 * was; properties that are undefined are left out. Runs in Node and in pages.
 *
 * Layout: length of the JSON (uint32, little endian), the JSON in UTF-8, then each array at a multiple of 8 bytes.
 */

const ARRAYS = {
  Int8Array,
  Uint8Array,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
} as const;
type ArrayName = keyof typeof ARRAYS;
type TypedArray = InstanceType<(typeof ARRAYS)[ArrayName]>;

/** The key of an object that stands for something else; an object of the message with such a key is written as its entries. */
const MARK = '$';
type Marked = { [MARK]: ['array', ArrayName, number, number] | ['number', string] | ['object', [string, unknown][]] };
const ALIGNED = 8;
const PREFIX = 4;

function arrayName(value: unknown): ArrayName | null {
  if (!ArrayBuffer.isView(value)) return null;
  const name = Object.prototype.toString.call(value).slice(8, -1);
  if (!(name in ARRAYS)) throw new TypeError(`A message cannot contain a ${name}.`);
  return name as ArrayName;
}

const aligned = (at: number) => Math.ceil(at / ALIGNED) * ALIGNED;

/**
 * @param before bytes that are left free in front of it
 * @throws TypeError for arrays of other types than those that columns have
 */
export function toBytes(message: unknown, before = 0): Uint8Array<ArrayBuffer> {
  const arrays: { bytes: Uint8Array; at: number }[] = [];
  let end = 0;
  const marks = new WeakSet<object>();
  const mark = (content: Marked[typeof MARK]): Marked => {
    const marked = { [MARK]: content } as Marked;
    marks.add(marked);
    return marked;
  };
  const json = JSON.stringify(message, (_, value: unknown) => {
    if (typeof value === 'number' && !Number.isFinite(value)) return mark(['number', String(value)]);
    const name = arrayName(value);
    if (name) {
      const array = value as TypedArray;
      const at = aligned(end);
      arrays.push({ bytes: new Uint8Array(array.buffer, array.byteOffset, array.byteLength), at });
      end = at + array.byteLength;
      return mark(['array', name, at, array.length]);
    }
    if (typeof value !== 'object' || value === null || marks.has(value) || !Object.hasOwn(value, MARK)) return value;
    return mark(['object', Object.entries(value)]);
  });
  const text = new TextEncoder().encode(json);
  const start = aligned(PREFIX + text.length);
  const whole = new Uint8Array(before + start + end);
  const bytes = whole.subarray(before);
  new DataView(bytes.buffer, before).setUint32(0, text.length, true);
  bytes.set(text, PREFIX);
  for (const { bytes: array, at } of arrays) bytes.set(array, start + at);
  return whole;
}

/** What `toBytes` was given. Its arrays share the memory of `bytes` where that is aligned. */
export function fromBytes(bytes: Uint8Array<ArrayBuffer>): unknown {
  const whole = bytes.byteOffset % ALIGNED === 0 ? bytes : bytes.slice();
  const length = new DataView(whole.buffer, whole.byteOffset).getUint32(0, true);
  const start = whole.byteOffset + aligned(PREFIX + length);
  const revive = (content: Marked[typeof MARK]): unknown => {
    switch (content[0]) {
      case 'number':
        return Number(content[1]);
      case 'array':
        return new ARRAYS[content[1]](whole.buffer, start + content[2], content[3]);
      case 'object':
        return Object.fromEntries(content[1]);
    }
  };
  return JSON.parse(new TextDecoder().decode(whole.subarray(PREFIX, PREFIX + length)), (_, value: unknown) =>
    typeof value === 'object' && value !== null && Object.hasOwn(value, MARK) ? revive((value as Marked)[MARK]) : value,
  );
}

/** Messages in a row, each after its length (uint32, little endian). */
export function frameMessage(message: unknown): Uint8Array {
  const frame = toBytes(message, PREFIX);
  new DataView(frame.buffer).setUint32(0, frame.length - PREFIX, true);
  return frame;
}

/** Finds the messages in a stream of bytes that comes in pieces. */
export class FrameReader {
  private pieces: Uint8Array[] = [];
  private size = 0;

  constructor(private readonly receive: (message: unknown) => void) {}

  add(piece: Uint8Array): void {
    this.pieces.push(piece);
    this.size += piece.length;
    for (;;) {
      if (this.size < PREFIX) return;
      const head = this.peek(PREFIX);
      const length = new DataView(head.buffer, head.byteOffset).getUint32(0, true);
      if (this.size < PREFIX + length) return;
      const frame = this.take(PREFIX + length);
      this.receive(fromBytes(frame.slice(PREFIX)));
    }
  }

  private peek(count: number): Uint8Array {
    const [first] = this.pieces;
    return first!.length >= count ? first! : this.join();
  }

  /** Joined only once a message is whole: joining at every piece would copy a large one again and again. */
  private take(count: number): Uint8Array {
    const all = this.join();
    this.pieces = count < all.length ? [all.subarray(count)] : [];
    this.size = all.length - count;
    return all.subarray(0, count);
  }

  private join(): Uint8Array {
    if (this.pieces.length === 1) return this.pieces[0]!;
    const all = new Uint8Array(this.size);
    let at = 0;
    for (const piece of this.pieces) {
      all.set(piece, at);
      at += piece.length;
    }
    this.pieces = [all];
    return all;
  }
}
