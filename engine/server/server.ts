/**
 * The engine as a service: one run at a time, any number of clients on a local socket (docs/architecture.md, Processes).
 * It knows the protocol and who is connected; its run is in `run-slot.ts`, and how a run works is behind `RunStarter`.
 */

import { randomBytes } from 'node:crypto';
import { createServer, type Server, type Socket } from 'node:net';
import path from 'node:path';
import type { Handlers } from '../messages/contract.ts';
import { Peer } from '../messages/peer.ts';
import { type SocketBounds, SocketTransport } from '../messages/socket.ts';
import type { RunConfig } from '../protocol/config.ts';
import { RollscopeError, toErrorData } from '../protocol/errors.ts';
import { type DoctorReport, type EngineAddress, type Progress, RPC_VERSION } from '../protocol/rpc.ts';
import { checkRunName } from '../protocol/run-name.ts';
import { restrict } from '../system/files.ts';
import { sameSecret } from '../system/secret.ts';
import { createSocketPath } from '../system/socket-path.ts';
import { versionMismatch } from './connection.ts';
import { connectionLost, ENGINE, type EngineContract } from './contract.ts';
import { listEngines, publishAddress, withdrawAddress } from './discovery.ts';
import type { ResumeOptions, RunHandle, RunStarter } from './job.ts';
import type { EngineLog } from './log.ts';
import { RunSlot } from './run-slot.ts';

/** Milliseconds within which a new connection must greet. */
const GREETING_LIMIT = 10_000;
/** Milliseconds that closing waits for clients to receive the remaining records. */
const DRAIN_LIMIT = 2000;
/** A greeting is small; a configuration with all its options is a few kilobytes. */
const BOUNDS: SocketBounds = { untrusted: 64 * 2 ** 10, message: 16 * 2 ** 20 };
/**
 * The greatest number of connections: all, and those not yet authenticated. Together with `BOUNDS` this limits the
 * memory that strangers can use.
 */
const CONNECTIONS = 256;
const UNGREETED = 32;

export interface ServerOptions {
  /** The folder with `engines/` and `logs/`. */
  home: string;
  /** Rollscope's version. */
  version: string;
  runs: RunStarter;
  doctor: () => Promise<DoctorReport>;
  /** The folder for runs when the client names none. */
  runsFolder: string;
  /** Chooses a name that is free in `folder` for a run without one. */
  nameRun: (config: RunConfig, folder: string) => string;
  log: EngineLog;
  /** What happens to a run once no client has been connected for `grace`: it continues, or stops with a checkpoint. */
  whenAlone: 'continue' | 'stop';
  /** Milliseconds without clients after which an engine without a run ends. */
  grace: number;
  /** false for an engine that lives as long as its terminal: it never ends by itself. */
  endsWhenIdle: boolean;
}

export interface StartRequest {
  config: RunConfig;
  out?: string;
  name?: string;
  /** Rewards may run programs on this machine. */
  allowPrograms?: boolean;
  allowCommand?: boolean;
  /** Begins with a checkpoint of another run. */
  from?: { folder: string; step: number } | undefined;
}

interface Session {
  peer: Peer<EngineContract>;
  /** Applies the bounds of an authenticated client from here on. */
  trust: () => void;
  /** null until it has greeted. */
  client: string | null;
}

/** A server that listens. Its own process may start and resume runs as its clients do. */
export class EngineServer {
  /** null for an engine that nobody can connect to. */
  readonly address: EngineAddress | null;
  /** Resolves when the engine has ended its work and all connections. */
  readonly closed: Promise<void>;
  readonly #options: ServerOptions;
  readonly #server: Server | null;
  readonly #sessions = new Set<Session>();
  readonly #closing = new AbortController();
  #resolveClosed!: () => void;
  readonly #work: RunSlot;
  #aloneTimer: NodeJS.Timeout | null = null;

  private constructor(options: ServerOptions, listening: { server: Server; address: EngineAddress } | null) {
    this.#options = options;
    this.#server = listening?.server ?? null;
    this.address = listening?.address ?? null;
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
    this.#work = new RunSlot({
      closing: this.#closing.signal,
      log: options.log,
      failed: (message, error) => this.reportError(message, error),
      changed: () => this.#endIfAlone(),
    });
    this.#server?.on('connection', (socket) => this.#welcome(socket));
    this.#server?.on('error', (error) => this.reportError('The socket failed', error));
  }

  /** Opens the socket and publishes the address. Throws `internal` when that is impossible. */
  static async listen(options: ServerOptions): Promise<EngineServer & { readonly address: EngineAddress }> {
    const socket = createSocketPath();
    const address: EngineAddress = {
      pid: process.pid,
      socket,
      token: randomBytes(32).toString('hex'),
      version: options.version,
      rpc: RPC_VERSION,
      started: new Date().toISOString(),
    };
    const server = createServer();
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(socket, () => {
          server.off('error', reject);
          resolve();
        });
      });
      if (process.platform !== 'win32') await restrict(socket, 0o600);
      // Removes what killed engines left behind.
      await listEngines(options.home);
      await publishAddress(options.home, address);
    } catch (error) {
      server.close();
      withdrawAddress(options.home, address);
      throw new RollscopeError(
        'internal',
        `The engine cannot open its socket: ${error instanceof Error ? error.message : error}.`,
        `${options.home} and the temporary folder must be writable.`,
        { cause: error, details: { reason: 'socket-not-opened' } },
      );
    }
    const engine = new EngineServer(options, { server, address }) as EngineServer & { address: EngineAddress };
    options.log.write('info', `engine ${options.version} listening at ${socket}`);
    engine.#endIfAlone();
    return engine;
  }

  /** The same engine without a socket, where there can be none: its run works, but no client can attach. */
  static offline(options: ServerOptions): EngineServer {
    return new EngineServer(options, null);
  }

  /** Progress of the run that this engine is working on; null if there is none. */
  get active(): Progress | null {
    return this.#work.progress;
  }

  /** Whether a run is being prepared, which may be in the middle of a long step. */
  get preparing(): boolean {
    return this.#work.isBusy && this.active === null;
  }

  /** Starts a run. Rejects with `busy`, or as `RunStarter` does. */
  async start(request: StartRequest, signal: AbortSignal): Promise<RunHandle> {
    const root = request.out ?? this.#options.runsFolder;
    const name = request.name ?? this.#options.nameRun(request.config, root);
    checkRunName(name);
    return this.#work.take(name, (closing) =>
      this.#options.runs.startRun({
        config: request.config,
        folder: path.join(root, name),
        signal: AbortSignal.any([signal, closing]),
        allowPrograms: request.allowPrograms,
        allowCommand: request.allowCommand,
        from: request.from,
      }),
    );
  }

  /** Resumes the run in a folder. Rejects with `busy`, or as `RunStarter` does. */
  async resume(folder: string, { signal, ...allowed }: Omit<ResumeOptions, 'folder'>): Promise<RunHandle> {
    return this.#work.take(path.basename(folder), (closing) =>
      this.#options.runs.resumeRun({ folder, ...allowed, signal: AbortSignal.any([signal, closing]) }),
    );
  }

  /** Writes an error to the log, and sends it to every client. */
  reportError(message: string, error: unknown): void {
    const level = 'error';
    this.#options.log.write(level, message, error);
    const text = error === undefined ? message : `${message}: ${toErrorData(error).message}`;
    for (const session of this.#sessions) {
      if (session.client !== null) void session.peer.notify('log', { level, message: text });
    }
  }

  /** Ends the engine: stops an active run with a checkpoint, lets clients take what is left, removes the address. */
  async shutdown(): Promise<void> {
    if (!this.#closing.signal.aborted) {
      this.#closing.abort(shuttingDown());
      if (this.#aloneTimer) clearTimeout(this.#aloneTimer);
      void this.#close();
    }
    await this.closed;
  }

  /** Removes the address, synchronously: the last thing to do before the process is ended by force. */
  withdraw(): void {
    if (this.address) withdrawAddress(this.#options.home, this.address);
  }

  async #close(): Promise<void> {
    await this.#work.stop().catch((error: unknown) => this.reportError('The run was not stopped cleanly', error));
    await this.#work.drain(DRAIN_LIMIT);
    await Promise.all([...this.#sessions].map(({ peer }) => peer.flushAndClose(DRAIN_LIMIT)));
    this.#server?.close();
    this.withdraw();
    this.#options.log.write('info', 'engine exited');
    this.#resolveClosed();
  }

  #welcome(socket: Socket): void {
    if (this.#sessions.size >= CONNECTIONS || this.#sessions.size - this.#clients() >= UNGREETED) {
      socket.destroy();
      return;
    }
    const transport = new SocketTransport(socket, BOUNDS);
    const peer = new Peer<EngineContract>(transport, {
      contract: ENGINE,
      lost: connectionLost,
      report: (error) => this.#options.log.write('error', 'A request failed', error),
    });
    const session: Session = { peer, client: null, trust: () => transport.trust() };
    const deadline = setTimeout(() => {
      if (session.client === null) peer.close();
    }, GREETING_LIMIT);
    deadline.unref();
    this.#sessions.add(session);
    peer.onClose(() => {
      clearTimeout(deadline);
      this.#sessions.delete(session);
      this.#work.unsubscribe(peer);
      if (session.client !== null) this.#options.log.write('info', `${session.client} left`);
      this.#endIfAlone();
    });
    peer.handleAll(this.#handlers(session), (name) => {
      if (session.client !== null || name === 'hello') return;
      throw new RollscopeError('unauthorized', `'hello' must be sent before '${name}'.`, undefined, {
        details: { reason: 'no-hello', request: name },
      });
    });
    peer.listen();
  }

  #handlers(session: Session): Handlers<EngineContract> {
    const { peer } = session;
    return {
      hello: ({ token, rpc, client }) => {
        if (rpc !== RPC_VERSION) throw versionMismatch(RPC_VERSION, rpc);
        if (!this.address || !sameSecret(token, this.address.token)) {
          // The refusal has to be sent first.
          setTimeout(() => peer.close(), 100).unref();
          throw new RollscopeError('unauthorized', 'The engine rejected the token.', 'Read the address file again.', {
            details: { reason: 'bad-token' },
          });
        }
        session.client = client;
        session.trust();
        this.#options.log.write('info', `${client} connected`);
        this.#endIfAlone();
        return { version: this.#options.version, pid: process.pid, active: this.active };
      },
      start: (request, signal) => unlessCanceled(signal, (canceled) => this.start(request, canceled)),
      resume: ({ folder, ...allowed }, signal) =>
        unlessCanceled(signal, (canceled) => this.resume(folder, { ...allowed, signal: canceled })),
      subscribe: async ({ run, from }) => {
        const feed = this.#work.feedOf(run);
        const records = await feed.subscribe(peer, from);
        return { folder: feed.handle.folder, records, progress: this.active?.run === run ? this.active : null };
      },
      unsubscribe: ({ run }) => {
        this.#work.unsubscribe(peer, run);
        return {};
      },
      pause: ({ run }) => {
        this.#work.handleOf(run).pause();
        return {};
      },
      continue: ({ run }) => {
        this.#work.handleOf(run).continue();
        return {};
      },
      stop: async ({ run }) => {
        const { handle } = this.#work.feedOf(run);
        // If the run has ended meanwhile, the client has what it asked for.
        if (this.#work.isAtWork(handle)) await handle.stop();
        return {};
      },
      status: () => ({ active: this.active, clients: this.#clients() }),
      doctor: () => this.#options.doctor(),
      shutdown: async () => {
        await this.#work.stop();
        setImmediate(() => void this.shutdown());
        return {};
      },
    };
  }

  #clients(): number {
    let clients = 0;
    for (const session of this.#sessions) if (session.client !== null) clients++;
    return clients;
  }

  /** Sets or clears the timer that runs while no client is connected. */
  #endIfAlone(): void {
    if (this.#aloneTimer) clearTimeout(this.#aloneTimer);
    this.#aloneTimer = null;
    if (this.#clients() > 0 || this.#closing.signal.aborted || !this.#options.endsWhenIdle) return;
    const { isBusy: working } = this.#work;
    if (working && this.#options.whenAlone === 'continue') return;
    this.#aloneTimer = setTimeout(() => {
      this.#options.log.write('info', working ? 'no clients left: stopping the run' : 'no clients and no run: exiting');
      void this.shutdown();
    }, this.#options.grace);
  }
}

/** Not aborted by the end of the connection: a run whose client has gone is prepared all the same, and `whenAlone` applies. */
function ignoringDisconnect(signal: AbortSignal): AbortSignal {
  const controller = new AbortController();
  const abort = () => {
    if (signal.reason instanceof RollscopeError && signal.reason.code === 'canceled') controller.abort(signal.reason);
  };
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();
  return controller.signal;
}

/** Begins a run for a client, and stops it again if the client canceled just as it became ready. */
async function unlessCanceled(
  signal: AbortSignal,
  begin: (canceled: AbortSignal) => Promise<RunHandle>,
): Promise<{ run: string; folder: string }> {
  const canceled = ignoringDisconnect(signal);
  const handle = await begin(canceled);
  if (canceled.aborted) await handle.stop();
  return { run: handle.run, folder: handle.folder };
}

/** For who still prepares a run. */
function shuttingDown(): RollscopeError {
  return new RollscopeError('canceled', 'The engine is shutting down.', undefined, {
    details: { reason: 'shutting-down' },
  });
}
