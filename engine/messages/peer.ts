/**
 * One end of a conversation: typed requests with results, errors and cancellation, and notifications, over any transport.
 * vscode-jsonrpc pairs answers with requests; this class checks what arrives, and turns what is thrown at one end into a
 * RollscopeError at the other. Every program of Rollscope speaks through it. Light on purpose: pages and the extension
 * host load it.
 */
import { type ErrorData, RollscopeError } from '../protocol/errors.ts';
import type {
  Contract,
  Handler,
  Handlers,
  NotificationName,
  NotificationOf,
  ParamsOf,
  RequestName,
  ResultOf,
  Sent,
} from './contract.ts';
import {
  type CancellationToken,
  CancellationTokenSource,
  ConnectionError,
  createMessageConnection,
  ErrorCodes,
  type MessageConnection,
  type MessageReader,
  nextTurn,
  ParameterStructures,
  ResponseError,
} from './json-rpc.ts';
import { isMessage, type Transport } from './transport.ts';
import { canceledError, check, contractError, fromWire, toWire } from './wire.ts';

export interface PeerOptions<C extends Contract> {
  /** The contract whose schemas check what arrives; without one, nothing is checked. */
  contract?: C;
  /** The error of requests whose answer can no longer arrive. */
  lost?: () => RollscopeError;
  /** Called with errors other than RollscopeError from handlers and listeners: bugs on this side. */
  report?: (error: unknown) => void;
  /** Rewords an error for the other end, if its reader uses other terms than the engine's. */
  retell?: (error: ErrorData) => ErrorData;
  /** Whether stacks cross with errors: between threads of one program. */
  stacks?: boolean;
}

export interface RequestOptions {
  /** Aborting rejects the request at once, and aborts the signal of its handler at the other end. */
  signal?: AbortSignal;
}

type AnyHandler = (params: unknown, signal: AbortSignal) => unknown;
type AnyListener = (params: unknown) => void;

/** One end of one connection under a contract: add the handlers, then `listen`. */
export class Peer<C extends Contract> {
  readonly #transport: Transport;
  readonly #options: PeerOptions<C>;
  readonly #connection: MessageConnection;
  readonly #handlers = new Map<string, AnyHandler>();
  readonly #listeners = new Map<string, Set<AnyListener>>();
  readonly #closeListeners = new Set<(error?: RollscopeError) => void>();
  /** Requests of the other end that are in progress. */
  readonly #answering = new Map<Promise<unknown>, AbortController>();
  /** Whether the transport has ended; its last messages may still be on their way to the listeners. */
  #closed = false;
  #ended = false;
  #reason: RollscopeError | undefined;
  #dispatched = 0;

  constructor(transport: Transport, options: PeerOptions<C> = {}) {
    this.#transport = transport;
    this.#options = options;
    this.#connection = createMessageConnection(this.#guarded(transport.reader), transport.writer, undefined, {
      messageStrategy: {
        handleMessage: (message, next) => {
          this.#dispatched++;
          return next(message);
        },
      },
    });
    this.#connection.onRequest((method, params, token) => this.#answer(method, params, token));
    this.#connection.onNotification((method, params) => this.#receive(method, params));
    this.#connection.onError(([error]) => this.close(new RollscopeError('internal', error.message)));
    this.#connection.onClose(() => {
      this.#closed = true;
      this.#endWhenDispatched();
    });
  }

  /** Whether the conversation is over. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Starts receiving; handlers and listeners should be in place. */
  listen(): this {
    this.#connection.listen();
    return this;
  }

  /**
   * Sends a request and resolves with its result.
   * Rejects with RollscopeError: the other end's error; `usage` for a name or parameters that it does not take; `canceled`
   * as soon as `signal` is aborted; `engine-stopped`, or what `close` was given, when the conversation ends first.
   */
  async request<R extends RequestName<C>>(
    name: R,
    params: ParamsOf<C, R>,
    { signal }: RequestOptions = {},
  ): Promise<ResultOf<C, R>> {
    if (this.#closed) throw this.#lost();
    if (signal?.aborted) throw canceledError(name);
    const source = new CancellationTokenSource();
    let onAbort = () => {};
    try {
      const aborted = new Promise<never>((_, reject) => {
        onAbort = () => {
          source.cancel();
          reject(canceledError(name));
        };
        signal?.addEventListener('abort', onAbort, { once: true });
      });
      const answer = this.#connection
        .sendRequest<unknown>(name, ParameterStructures.byName, params, source.token)
        .catch((error: unknown) => {
          throw this.#fromWire(error);
        });
      const result = await Promise.race([answer, aborted]);
      const shape = this.#options.contract?.requests[name]?.result;
      return check(shape, result, { request: name, part: 'result' }) as ResultOf<C, R>;
    } finally {
      signal?.removeEventListener('abort', onAbort);
      source.dispose();
    }
  }

  /** Answers a request of the other end. What the handler throws reaches it as `ErrorData`. */
  handle<R extends RequestName<C>>(name: R, handler: Handler<C, R>): void {
    this.#handlers.set(name, handler as AnyHandler);
  }

  /**
   * Answers all requests of the contract: a new one does not compile before it has a handler. `admit` is asked before each
   * handler, and throws for a request that may not be made now.
   */
  handleAll(handlers: Handlers<C>, admit: (name: RequestName<C>) => void = () => {}): void {
    for (const [name, handler] of Object.entries(handlers)) {
      this.#handlers.set(name, (params, signal) => {
        admit(name);
        return (handler as AnyHandler)(params, signal);
      });
    }
  }

  /**
   * Sends a notification, in the same turn. Resolves when the transport has taken it, so that a sender that awaits never has
   * more than one message of its own waiting for a slow reader. Never rejects.
   */
  async notify<N extends NotificationName<C>>(name: N, params: Sent<C['notifications'][N]>): Promise<void> {
    if (this.#closed) return;
    try {
      await this.#connection.sendNotification(name, ParameterStructures.byName, params);
    } catch (error) {
      if (!this.#closed) this.#options.report?.(error);
    }
  }

  /** Listens to a notification; returns the function that stops listening. One that does not fit ends the conversation. */
  on<N extends NotificationName<C>>(name: N, listener: (params: NotificationOf<C, N>) => void): () => void {
    let listeners = this.#listeners.get(name);
    if (!listeners) {
      listeners = new Set();
      this.#listeners.set(name, listeners);
    }
    const own: AnyListener = (params) => listener(params as NotificationOf<C, N>);
    listeners.add(own);
    return () => listeners.delete(own);
  }

  /** Called once when the conversation ends, with the reason when it was an error; soon when it has ended already. */
  onClose(listener: (error?: RollscopeError) => void): () => void {
    if (this.#ended) queueMicrotask(() => listener(this.#reason));
    else this.#closeListeners.add(listener);
    return () => this.#closeListeners.delete(listener);
  }

  /**
   * Ends the conversation at once: requests that wait reject with `error`, or as lost, and the signals of handlers that are
   * still at work are aborted, since nobody is left to answer.
   */
  close(error?: RollscopeError): void {
    if (this.#ended) return;
    this.#closed = true;
    this.#ended = true;
    this.#reason = error;
    this.#transport.close();
    // Rejects pending requests, which a connection that is merely closed would leave pending.
    this.#connection.dispose();
    for (const controller of this.#answering.values()) controller.abort(this.#lost());
    const listeners = [...this.#closeListeners];
    this.#closeListeners.clear();
    for (const listener of listeners) listener(error);
  }

  /**
   * Sends what still waits, the answers to requests under way included, then closes; gives up on a handler or a reader that
   * takes longer than `ms` milliseconds.
   */
  async flushAndClose(ms = 1000): Promise<void> {
    if (this.#closed) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, ms);
    });
    await Promise.race([late, this.#flush()]);
    clearTimeout(timer);
    this.close();
  }

  async #flush(): Promise<void> {
    while (this.#answering.size > 0) await Promise.allSettled(this.#answering.keys());
    // An answer is handed to the writer within the turn in which it was given.
    await new Promise<void>(nextTurn);
    await this.#transport.finish?.();
  }

  async #answer(name: string, params: unknown, token: CancellationToken): Promise<unknown> {
    const controller = new AbortController();
    const subscription = token.onCancellationRequested(() => controller.abort(canceledError(name)));
    if (token.isCancellationRequested) controller.abort(canceledError(name));
    const answering = this.#call(name, params, controller.signal);
    this.#answering.set(answering, controller);
    try {
      return await answering;
    } finally {
      this.#answering.delete(answering);
      subscription.dispose();
    }
  }

  async #call(name: string, params: unknown, signal: AbortSignal): Promise<unknown> {
    try {
      if (signal.aborted) throw canceledError(name);
      const handler = this.#handlers.get(name);
      if (!handler)
        throw contractError('usage', `Unknown request '${name}'.`, ErrorCodes.MethodNotFound, {
          reason: 'unknown-request',
          request: name,
        });
      const shape = this.#options.contract?.requests[name]?.params;
      return await handler(check(shape, params ?? {}, { request: name, part: 'parameters' }), signal);
    } catch (error) {
      if (!(error instanceof RollscopeError)) this.#options.report?.(error);
      throw toWire(error, this.#options);
    }
  }

  #receive(name: string, params: unknown): void {
    const listeners = this.#listeners.get(name);
    if (!listeners) return;
    let received: unknown;
    try {
      received = check(this.#options.contract?.notifications[name], params ?? {}, {
        notification: name,
        part: 'notification',
      });
    } catch (error) {
      this.close(error as RollscopeError);
      return;
    }
    for (const listener of [...listeners]) {
      try {
        listener(received);
      } catch (error) {
        this.#options.report?.(error);
      }
    }
  }

  /** Ends the conversation when it receives anything but a message, or a message that cannot be dispatched. */
  #guarded(reader: MessageReader): MessageReader {
    return {
      onError: reader.onError,
      onClose: reader.onClose,
      onPartialMessage: reader.onPartialMessage,
      dispose: () => reader.dispose(),
      listen: (callback) =>
        reader.listen((message) => {
          if (isMessage(message)) callback(message);
          else
            this.close(
              new RollscopeError('usage', 'Received data that is not a message.', undefined, {
                details: { reason: 'not-a-message' },
              }),
            );
        }),
    };
  }

  /** Messages are handed out one a turn of the event loop: the end comes after a few turns that brought none. */
  #endWhenDispatched(quietTurns = 0): void {
    const before = this.#dispatched;
    nextTurn(() => {
      const quiet = this.#dispatched === before ? quietTurns + 1 : 0;
      if (quiet < 4) this.#endWhenDispatched(quiet);
      else this.close();
    });
  }

  #fromWire(error: unknown): RollscopeError {
    if (error instanceof ConnectionError) return this.#lost();
    if (!(error instanceof ResponseError)) {
      return new RollscopeError('internal', error instanceof Error ? error.message : String(error));
    }
    if (error.code === ErrorCodes.PendingResponseRejected) return this.#lost();
    return fromWire(error);
  }

  #lost(): RollscopeError {
    return (
      this.#reason ??
      this.#options.lost?.() ??
      new RollscopeError('engine-stopped', 'The other side exited.', undefined, {
        details: { reason: 'other-side-gone' },
      })
    );
  }
}
