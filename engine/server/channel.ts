/**
 * One end of a conversation between a client and the engine: vscode-jsonrpc over a stream, every message checked by zod
 * when it leaves and when it arrives. Both programs use this class; nothing heavy may be imported here, because the
 * editor's extension host loads it.
 */
import type { Socket } from 'node:net';
import {
  type CancellationToken,
  CancellationTokenSource,
  ConnectionError,
  createMessageConnection,
  ErrorCodes,
  type Message,
  type MessageConnection,
  type MessageStrategy,
  ResponseError,
  SocketMessageReader,
  SocketMessageWriter,
} from 'vscode-jsonrpc/node';
import type * as z from 'zod';
import { ERROR_CODES, type ErrorData, fromErrorData, RollscopeError, toErrorData } from '../protocol/errors.ts';
import {
  METHODS,
  type Method,
  NOTIFICATIONS,
  type Notification,
  type NotificationParams,
  type Params,
  type Result,
} from '../protocol/rpc.ts';

/** JSON-RPC leaves -32000 to -32099 to the application; the engine's own code travels in the error's data. */
const APPLICATION_ERROR = -32000;

/** What a handler gets: the parameters after zod has filled in defaults. */
export type Received<M extends Method> = z.infer<(typeof METHODS)[M]['params']>;
export type Handler<M extends Method> = (params: Received<M>, signal: AbortSignal) => Promise<Result<M>> | Result<M>;
export type NotificationListener<N extends Notification> = (params: NotificationParams<N>) => void;

export class Channel {
  readonly #socket: Socket;
  readonly #connection: MessageConnection;
  readonly #writer: Writer;
  /** Requests of the other side that are being worked on. */
  readonly #answering = new Set<Promise<unknown>>();
  readonly #closeListeners = new Set<(error?: RollscopeError) => void>();
  readonly #listeners = new Map<Notification, Set<(params: never) => void>>();
  /** The socket has ended; what it brought may still be on its way to the listeners. */
  #closed = false;
  #ended = false;
  #handled = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
    const messageStrategy: MessageStrategy = {
      handleMessage: (message, next) => {
        this.#handled++;
        next(message);
      },
    };
    this.#writer = new Writer(socket);
    this.#connection = createMessageConnection(new SocketMessageReader(socket), this.#writer, undefined, {
      messageStrategy,
    });
    this.#connection.onError(() => socket.destroy());
    this.#connection.onClose(() => {
      this.#closed = true;
      this.#endWhenHandled();
    });
    socket.on('error', () => socket.destroy());
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Starts reading; handlers and listeners should be in place. */
  listen(): void {
    this.#connection.listen();
  }

  /**
   * Sends a request and resolves with its checked result.
   * Rejects with RollscopeError: the other side's error, `cancelled` as soon as `signal` is aborted, or `engine-stopped`
   * when the connection ends first.
   */
  async request<M extends Method>(method: M, params: Params<M>, signal?: AbortSignal): Promise<Result<M>> {
    const schemas: { params: z.ZodType; result: z.ZodType } = METHODS[method];
    const checked = check(schemas.params, params, `Parameters of '${method}'`);
    if (this.#closed) throw connectionLost();
    if (signal?.aborted) throw cancelled(method);
    const source = new CancellationTokenSource();
    let onAbort: (() => void) | undefined;
    try {
      const aborted = new Promise<never>((_, reject) => {
        onAbort = () => {
          source.cancel();
          reject(cancelled(method));
        };
        signal?.addEventListener('abort', onAbort, { once: true });
      });
      const answer = this.#connection.sendRequest<unknown>(method, checked, source.token).catch((error: unknown) => {
        throw fromWire(error);
      });
      const result = await Promise.race([answer, aborted]);
      return check(schemas.result, result, `The answer to '${method}'`) as Result<M>;
    } finally {
      if (onAbort) signal?.removeEventListener('abort', onAbort);
      source.dispose();
    }
  }

  /** Answers a method. What the handler throws reaches the other side as `ErrorData`. */
  handle<M extends Method>(method: M, handler: Handler<M>): void {
    const schemas: { params: z.ZodType; result: z.ZodType } = METHODS[method];
    const answer = async (params: unknown, token: CancellationToken) => {
      const controller = new AbortController();
      const subscription = token.onCancellationRequested(() => controller.abort());
      try {
        const received = check(schemas.params, params ?? {}, `Parameters of '${method}'`) as Received<M>;
        return check(schemas.result, await handler(received, controller.signal), `The answer to '${method}'`);
      } catch (error) {
        const data = toErrorData(error);
        throw new ResponseError(APPLICATION_ERROR, data.message, data);
      } finally {
        subscription.dispose();
      }
    };
    this.#connection.onRequest(method, (params: unknown, token) => {
      const answering = answer(params, token);
      this.#answering.add(answering);
      const forget = () => this.#answering.delete(answering);
      answering.then(forget, forget);
      return answering;
    });
  }

  /**
   * Sends a notification that `checkNotification` has passed. Resolves when the operating system has taken it, so a
   * sender that awaits never has more than one message of its own waiting for a slow reader. Never rejects.
   */
  async notify<N extends Notification>(notification: N, params: NotificationParams<N>): Promise<void> {
    if (this.#closed) return;
    await this.#connection.sendNotification(notification, params);
  }

  /** Listens to a notification; returns the function that stops listening. A message that does not fit closes the channel. */
  on<N extends Notification>(notification: N, listener: NotificationListener<N>): () => void {
    let listeners = this.#listeners.get(notification);
    if (!listeners) {
      listeners = new Set();
      this.#listeners.set(notification, listeners);
      this.#connection.onNotification(notification, (params: unknown) => this.#receive(notification, params));
    }
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  /** Called once when the connection ends, with the reason when it was an error; at once when it has ended already. */
  onClose(listener: (error?: RollscopeError) => void): () => void {
    if (this.#ended) queueMicrotask(listener);
    else this.#closeListeners.add(listener);
    return () => this.#closeListeners.delete(listener);
  }

  close(error?: RollscopeError): void {
    this.#end(error);
  }

  /**
   * Sends what is still waiting, the answers to requests under way included, then closes; gives up on a request or a
   * reader that takes longer than `ms` milliseconds.
   */
  async flushAndClose(ms = 1000): Promise<void> {
    if (this.#closed) return;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, ms);
    });
    await Promise.race([late, this.#flush()]);
    clearTimeout(timer);
    this.#end();
  }

  async #flush(): Promise<void> {
    while (this.#answering.size > 0) await Promise.allSettled(this.#answering);
    // jsonrpc hands an answer to the writer within the turn in which it was given.
    await new Promise(setImmediate);
    await this.#writer.idle();
    await new Promise<void>((resolve) => this.#socket.end(() => resolve()));
  }

  #receive(notification: Notification, params: unknown): void {
    let checked: unknown;
    try {
      checked = check(NOTIFICATIONS[notification], params, `Notification '${notification}'`);
    } catch (error) {
      this.#end(error as RollscopeError);
      return;
    }
    for (const listener of this.#listeners.get(notification) ?? []) (listener as (params: unknown) => void)(checked);
  }

  /** jsonrpc hands out one message a turn of the event loop: the end comes after a few turns that brought none. */
  #endWhenHandled(quietTurns = 0): void {
    const before = this.#handled;
    setImmediate(() => {
      const quiet = this.#handled === before ? quietTurns + 1 : 0;
      if (quiet < 4) this.#endWhenHandled(quiet);
      else this.#end();
    });
  }

  #end(error?: RollscopeError): void {
    if (this.#ended) return;
    this.#closed = true;
    this.#ended = true;
    this.#socket.destroy();
    // Rejects what is still waiting for an answer; a connection that is only closed would leave it hanging.
    this.#connection.dispose();
    const listeners = [...this.#closeListeners];
    this.#closeListeners.clear();
    for (const listener of listeners) listener(error);
  }
}

/** Checks a notification once, before it goes to any number of clients. Throws `internal` when it does not fit. */
export function checkNotification<N extends Notification>(notification: N, params: unknown): NotificationParams<N> {
  return check(NOTIFICATIONS[notification], params, `Notification '${notification}'`) as NotificationParams<N>;
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

function check(schema: z.ZodType, value: unknown, what: string): unknown {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  const where = issue.path.length > 0 ? ` at ${issue.path.join('.')}` : '';
  throw new RollscopeError(
    'internal',
    `${what} did not fit the protocol${where}: ${issue.message}.`,
    'The editor and the engine may be of different versions: restart the engine.',
  );
}

function fromWire(error: unknown): RollscopeError {
  if (error instanceof RollscopeError) return error;
  if (error instanceof ResponseError) {
    if (error.code === ErrorCodes.PendingResponseRejected || error.code === ErrorCodes.MessageWriteError) {
      return connectionLost();
    }
    const data = error.data as ErrorData | undefined;
    if (data && (ERROR_CODES as readonly string[]).includes(data.code)) return fromErrorData(data);
    return new RollscopeError('internal', error.message);
  }
  if (error instanceof ConnectionError) return connectionLost();
  return new RollscopeError('internal', error instanceof Error ? error.message : String(error));
}

function cancelled(method: Method): RollscopeError {
  return new RollscopeError('cancelled', `'${method}' was cancelled.`);
}

function connectionLost(): RollscopeError {
  return new RollscopeError(
    'engine-stopped',
    'The connection to the engine has ended.',
    'Start or restart the engine; an interrupted run can be resumed from its last checkpoint.',
  );
}
