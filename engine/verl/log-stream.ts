/**
 * The log of a job as Ray's job server sends it: text messages over a WebSocket, from the beginning until the job ends.
 * Implements the small part of the protocol that it needs (RFC 6455) instead of using a package, since Node 20 has none.
 */
import { createHash, randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import type { RayCluster } from './cluster.ts';
import { open } from './http.ts';

const MAGIC = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const TEXT = 1;
const CLOSE = 8;
const PING = 9;
const PONG = 10;
/** Maximum size of a message; a log never exceeds it. */
const MAX_MESSAGE_BYTES = 64 * 2 ** 20;

/**
 * Follows the log of a job; resolves when the server closes it, or the connection is lost or refused.
 * @param onText receives the parts of the log in order
 */
export function followLog(
  { url, headers }: RayCluster,
  id: string,
  onText: (text: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const target = `${url}/api/jobs/${encodeURIComponent(id)}/logs/tail`;
  const key = randomBytes(16).toString('base64');
  return new Promise((resolve) => {
    const done = () => resolve();
    const request = open(target, {
      signal,
      headers: {
        ...headers,
        ...{ connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13', 'sec-websocket-key': key },
      },
    });
    request.once('error', done);
    request.once('response', (response) => {
      response.destroy();
      done();
    });
    request.once('upgrade', (response, socket, head) => {
      const accepted = createHash('sha1').update(`${key}${MAGIC}`).digest('base64');
      const frames = new Frames(socket, onText);
      const end = () => {
        socket.destroy();
        done();
      };
      signal.addEventListener('abort', end, { once: true });
      socket.once('error', end);
      socket.once('close', () => {
        signal.removeEventListener('abort', end);
        done();
      });
      if (response.headers['sec-websocket-accept'] !== accepted) return end();
      const take = (bytes: Buffer) => {
        if (!frames.take(bytes)) end();
      };
      if (head.length > 0) take(head);
      socket.on('data', take);
    });
    request.end();
  });
}

/** Parses the server's frames, which are not masked. */
class Frames {
  private waiting: Buffer = Buffer.alloc(0);
  private readonly decoder = new StringDecoder('utf8');
  /** Whether the current message is text. */
  private isText = false;

  constructor(
    private readonly socket: Duplex,
    private readonly onText: (text: string) => void,
  ) {}

  /** false once the connection is to be closed. */
  take(bytes: Buffer): boolean {
    this.waiting = this.waiting.length === 0 ? bytes : Buffer.concat([this.waiting, bytes]);
    for (;;) {
      const frame = frameAt(this.waiting);
      if (frame === 'broken') return false;
      if (frame === null) return true;
      this.waiting = this.waiting.subarray(frame.end);
      if (!this.frame(frame)) return false;
    }
  }

  private frame({ code, payload }: Frame): boolean {
    if (code === CLOSE) return false;
    if (code === PING) this.socket.write(pong(payload));
    if (code >= CLOSE) return true;
    if (code !== 0) this.isText = code === TEXT;
    const text = this.isText ? this.decoder.write(payload) : '';
    if (text !== '') this.onText(text);
    return true;
  }
}

interface Frame {
  code: number;
  payload: Buffer;
  end: number;
}

/** The first frame in these bytes; null if it is incomplete. */
function frameAt(bytes: Buffer): Frame | null | 'broken' {
  if (bytes.length < 2) return null;
  const short = bytes[1]! & 0x7f;
  if (bytes[1]! & 0x80) return 'broken';
  const begin = short === 126 ? 4 : short === 127 ? 10 : 2;
  if (bytes.length < begin) return null;
  const length = short === 126 ? bytes.readUInt16BE(2) : short === 127 ? Number(bytes.readBigUInt64BE(2)) : short;
  if (length > MAX_MESSAGE_BYTES) return 'broken';
  const end = begin + length;
  return bytes.length < end ? null : { code: bytes[0]! & 0xf, payload: bytes.subarray(begin, end), end };
}

/** A pong frame, masked as all frames from clients must be. */
function pong(payload: Buffer): Buffer {
  const mask = randomBytes(4);
  const said = payload.subarray(0, 125);
  const masked = Buffer.from(said.map((byte, i) => byte ^ mask[i % 4]!));
  return Buffer.concat([Buffer.from([0x80 | PONG, 0x80 | said.length]), mask, masked]);
}
