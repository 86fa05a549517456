/** The client's side of the engine: what the editor and the tests connect with. Light on purpose. */
import { createConnection, type Socket } from 'node:net';
import type { NotificationName, NotificationOf, ParamsOf, RequestName, ResultOf } from '../messages/contract.ts';
import { Peer } from '../messages/peer.ts';
import { SocketTransport } from '../messages/socket.ts';
import { RollscopeError } from '../protocol/errors.ts';
import { type EngineAddress, type Progress, RPC_VERSION } from '../protocol/rpc.ts';
import { connectionLost, ENGINE, type EngineContract } from './contract.ts';

export type EngineRequest = RequestName<EngineContract>;
export type EngineNotification = NotificationName<EngineContract>;
export type EngineNotificationParams<N extends EngineNotification> = NotificationOf<EngineContract, N>;

export interface EngineClient {
  readonly address: EngineAddress;
  /** The job that the engine worked on when the connection was made. */
  readonly active: Progress | null;
  /** False once the connection has ended. */
  readonly connected: boolean;
  /** Rejects with RollscopeError: the engine's, `canceled` on abort, `engine-stopped` when the connection ends. */
  request<R extends EngineRequest>(
    name: R,
    params: ParamsOf<EngineContract, R>,
    signal?: AbortSignal,
  ): Promise<ResultOf<EngineContract, R>>;
  /** Returns the function that stops listening. Listen before `subscribe`: records follow its answer at once. */
  on<N extends EngineNotification>(name: N, listener: (params: EngineNotificationParams<N>) => void): () => void;
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
 * when nobody listens or answers in time, `canceled`.
 */
export async function createClient(address: EngineAddress, options: ClientOptions = {}): Promise<EngineClient> {
  const { name = 'client', timeout = 10_000, signal } = options;
  if (address.rpc !== RPC_VERSION) throw versionMismatch(address.rpc, RPC_VERSION);
  const deadline = AbortSignal.timeout(timeout);
  const limit = signal ? AbortSignal.any([signal, deadline]) : deadline;
  const peer = enginePeer(await connect(address, limit));
  let active: Progress | null;
  try {
    const greeting = { token: address.token, rpc: RPC_VERSION, client: name };
    ({ active } = await peer.request('hello', greeting, { signal: limit }));
  } catch (error) {
    peer.close();
    if (deadline.aborted) throw unreachable(address, 'no response (timeout)');
    throw error;
  }
  let closing = false;
  return {
    address,
    active,
    get connected() {
      return !peer.closed;
    },
    request: (name, params, requestSignal) => peer.request(name, params, { signal: requestSignal }),
    on: (name, listener) => peer.on(name, listener),
    onClose: (listener) =>
      peer.onClose((error) => {
        if (!closing) listener(error);
      }),
    close() {
      closing = true;
      peer.close();
    },
  };
}

/** The client's end of a connection that has been made. */
export function enginePeer(socket: Socket): Peer<EngineContract> {
  return new Peer<EngineContract>(new SocketTransport(socket), { contract: ENGINE, lost: connectionLost }).listen();
}

function connect(address: EngineAddress, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    if (signal.aborted)
      return reject(
        new RollscopeError('canceled', 'Connecting to the engine was canceled.', undefined, {
          details: { reason: 'connecting' },
        }),
      );
    const socket = createConnection(address.socket);
    const onAbort = () => socket.destroy(new Error('no response'));
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

/** An `engine-version` error that says which side is older. @param engine its protocol number @param client ours */
export function versionMismatch(engine: number, client: number): RollscopeError {
  const older = engine < client ? 'engine' : 'client';
  return new RollscopeError(
    'engine-version',
    `The engine uses protocol ${engine}, this client ${client}: the ${older} is from an older Rollscope.`,
    older === 'engine'
      ? 'Stop that engine and start it again.'
      : 'Update this Rollscope, or restart the engine with it.',
    { details: { reason: 'protocol', engine, client } },
  );
}

function unreachable(address: EngineAddress, why: string): RollscopeError {
  return new RollscopeError(
    'engine-stopped',
    `No engine responds at ${address.socket} (process ${address.pid}): ${why}.`,
    'It has probably exited. Start the engine again.',
    { details: { reason: 'no-response', pid: address.pid } },
  );
}
