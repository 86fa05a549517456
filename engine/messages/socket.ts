/** Messages over a local socket: JSON with a header, as language servers speak it. For Node. */
import type { Socket } from 'node:net';
import { type DataCallback, type Message, SocketMessageReader, SocketMessageWriter } from 'vscode-jsonrpc/node';
import type { Transport } from './transport.ts';

/** How much memory the other end may make this process use, in bytes. */
export interface SocketBounds {
  /** Everything that it may send before `trust` is called. */
  untrusted: number;
  /** The size of one message after that. */
  message: number;
}

/** A transport over a connected socket. Before `trust`, messages are bounded more tightly. */
export class SocketTransport implements Transport {
  readonly reader: BoundedReader;
  readonly writer: Writer;
  readonly #socket: Socket;

  /** Without bounds, for an end that trusts the other one. */
  constructor(socket: Socket, bounds?: SocketBounds) {
    this.#socket = socket;
    this.reader = new BoundedReader(socket, bounds);
    this.writer = new Writer(socket);
    socket.on('error', () => socket.destroy());
  }

  /** The other end has shown who it is. */
  trust(): void {
    this.reader.trust();
  }

  async finish(): Promise<void> {
    await this.writer.idle();
    await new Promise<void>((resolve) => this.#socket.end(() => resolve()));
  }

  close(): void {
    this.#socket.destroy();
  }
}

class BoundedReader extends SocketMessageReader {
  readonly #socket: Socket;
  readonly #bounds: SocketBounds | undefined;
  #trusted = false;
  /** Bytes received since the last message; all of them until the other end is trusted. */
  #held = 0;

  constructor(socket: Socket, bounds: SocketBounds | undefined) {
    super(socket);
    this.#socket = socket;
    this.#bounds = bounds;
  }

  trust(): void {
    this.#trusted = true;
  }

  override listen(callback: DataCallback) {
    if (!this.#bounds) return super.listen(callback);
    this.#socket.on('data', (chunk) => this.#count(chunk.length));
    return super.listen((message) => {
      if (this.#trusted) this.#held = 0;
      callback(message);
    });
  }

  #count(bytes: number): void {
    this.#held += bytes;
    const { untrusted, message } = this.#bounds!;
    const most = this.#trusted ? message : untrusted;
    if (this.#held > most) this.fireError(new Error(`The other side sent more than ${most} bytes at once.`));
  }
}

/** A failed write ends the socket (and with it every pending request) instead of raising an unhandled rejection. */
class Writer extends SocketMessageWriter {
  readonly #socket: Socket;
  readonly #writing = new Set<Promise<void>>();
  constructor(socket: Socket) {
    super(socket);
    this.#socket = socket;
  }
  override async write(message: Message): Promise<void> {
    const writing = super.write(message).catch(() => {
      this.#socket.destroy();
    });
    this.#writing.add(writing);
    await writing;
    this.#writing.delete(writing);
  }
  /** Resolves when the operating system has taken everything. */
  async idle(): Promise<void> {
    while (this.#writing.size > 0) await Promise.all(this.#writing);
  }
}
