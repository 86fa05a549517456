/**
 * The type of a record from its line. The journal writes the type first, so most lines need not be parsed; a line that
 * another program wrote (other spaces, another order, a key in front) is parsed.
 */
const [QUOTE, BACKSLASH, CLOSE] = [0x22, 0x5c, 0x7d];
const START = Buffer.from('{"type":"');
/** Bytes in which a type ends. */
const TYPE_BYTES = 64;

/** undefined if the line is not a JSON object with a type. */
export function typeOfLine(bytes: Buffer): string | undefined {
  return writtenType(bytes, 0, bytes.length) ?? parsedType(bytes.toString('utf8'));
}

/** The type of a line as the journal writes it; undefined of any other line, and of one that a kill cut. */
export function writtenType(bytes: Buffer, begin: number, end: number): string | undefined {
  if (bytes[end - 1] !== CLOSE) return undefined;
  for (let i = 0; i < START.length; i++) if (bytes[begin + i] !== START[i]) return undefined;
  const from = begin + START.length;
  for (let at = from; at < Math.min(end, from + TYPE_BYTES); at++) {
    if (bytes[at] === BACKSLASH) return undefined;
    if (bytes[at] === QUOTE) return bytes.toString('latin1', from, at);
  }
  return undefined;
}

function parsedType(line: string): string | undefined {
  try {
    const type = (JSON.parse(line) as { type?: unknown } | null)?.type;
    return typeof type === 'string' ? type : undefined;
  } catch {
    return undefined;
  }
}
