/** The client's side of the engine: what the editor and the tests connect with. Light on purpose. */
import { createConnection, type Socket } from 'node:net';
import { RollscopeError } from '../protocol/errors.ts';
import {
  type EngineAddress,
  type Method,
  type Notification,
  type NotificationParams,
  type Params,
  type Progress,
  type Result,
  RPC_VERSION,
} from '../protocol/rpc.ts';
import { Channel } from './channel.ts';

export interface EngineClient {
  readonly address: EngineAddress;
  /** The job that the engine worked on when the connection was made. */
  readonly active: Progress | null;
  /** False once the connection has ended. */
  readonly connected: boolean;
  /** Rejects with RollscopeError: the engine's, `cancelled` on abort, `engine-stopped` when the connection ends. */
  request<M extends Method>(method: M, params: Params<M>, signal?: AbortSignal): Promise<Result<M>>;
  /** Returns the function that stops listening. Listen before `subscribe`: records follow its answer at once. */
  on<N extends Notification>(notification: N, listener: (params: NotificationParams<N>) => void): () => void;
  /** Called once when the connection ends for whatever reason but `close`. */
  onClose(listener: (error?: RollscopeError) => void): () => void;
  close(): void;
}

export interface ClientOptions {
  /** Who connects, for the engine's log. */
  name?: string;
  /** Milliseconds to wait for the connection and the greeting. */
  timeout?: number;
  signal?: AbortSignal;
}

/**
 * Connects to an engine and greets it.
 * Throws `engine-version` when it speaks another protocol, `unauthorized` when it refuses the token, `engine-stopped`
 * when nobody listens or answers in time, `cancelled`.
 */
export async function createClient(address: EngineAddress, options: ClientOptions = {}): Promise<EngineClient> {
  const { name = 'client', timeout = 10_000, signal } = options;
  if (address.rpc !== RPC_VERSION) throw versionMismatch(address.rpc, RPC_VERSION);
  const deadline = AbortSignal.timeout(timeout);
  const limit = signal ? AbortSignal.any([signal, deadline]) : deadline;
  const channel = new Channel(await connect(address, limit));
  channel.listen();
  let active: Progress | null;
  try {
    ({ active } = await channel.request('hello', { token: address.token, rpc: RPC_VERSION, client: name }, limit));
  } catch (error) {
    channel.close();
    if (deadline.aborted) throw unreachable(address, 'it did not answer in time');
    throw error;
  }
  let closing = false;
  return {
    address,
    active,
    get connected() {
      return !channel.closed;
    },
    request: (method, params, requestSignal) => channel.request(method, params, requestSignal),
    on: (notification, listener) => channel.on(notification, listener),
    onClose: (listener) =>
      channel.onClose((error) => {
        if (!closing) listener(error);
      }),
    close() {
      closing = true;
      channel.close();
    },
  };
}

function connect(address: EngineAddress, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(new RollscopeError('cancelled', 'Connecting to the engine was cancelled.'));
    const socket = createConnection(address.socket);
    const onAbort = () => socket.destroy(new Error('no answer'));
    const onError = (error: NodeJS.ErrnoException) => {
      signal.removeEventListener('abort', onAbort);
      reject(unreachable(address, error.code ?? error.message));
    };
    signal.addEventListener('abort', onAbort, { once: true });
    socket.once('error', onError);
    socket.once('connect', () => {
      socket.off('error', onError);
      signal.removeEventListener('abort', onAbort);
      resolve(socket);
    });
  });
}

export function versionMismatch(engine: number, client: number): RollscopeError {
  const older = engine < client ? 'engine' : 'client';
  return new RollscopeError(
    'engine-version',
    `The engine speaks protocol ${engine}, this client ${client}: the ${older} is of an older Rollscope.`,
    older === 'engine'
      ? 'Stop that engine and start it again.'
      : 'Update this Rollscope, or restart the engine with it.',
  );
}

function unreachable(address: EngineAddress, why: string): RollscopeError {
  return new RollscopeError(
    'engine-stopped',
    `No engine answers at ${address.socket} (process ${address.pid}): ${why}.`,
    'It has probably ended. Start the engine again.',
  );
}
