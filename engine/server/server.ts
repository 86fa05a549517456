/**
 * The engine as a service: one run at a time, any number of clients on a local socket (docs/architecture.md, Processes).
 * It knows the protocol and who is connected; how a run works is behind `RunStarter`.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { chmodSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import path from 'node:path';
import type { Handlers } from '../messages/contract.ts';
import { Peer } from '../messages/peer.ts';
import { type SocketBounds, SocketTransport } from '../messages/socket.ts';
import type { RunConfig } from '../protocol/config.ts';
import { type ErrorDetails, RollscopeError, toErrorData } from '../protocol/errors.ts';
import { type DoctorReport, type EngineAddress, type Progress, RPC_VERSION } from '../protocol/rpc.ts';
import { checkRunName } from '../protocol/run-name.ts';
import { createSocketPath } from '../system/socket-path.ts';
import { versionMismatch } from './connection.ts';
import { connectionLost, ENGINE, type EngineContract } from './contract.ts';
import { listEngines, publishAddress, withdrawAddress } from './discovery.ts';
import { RunFeed } from './feed.ts';
import type { RunHandle, RunStarter } from './job.ts';
import type { EngineLog, LogLevel } from './log.ts';

/** Milliseconds within which a new connection must greet. */
const GREETING_LIMIT = 10_000;
/** Milliseconds that closing waits for clients to take what is left. */
const DRAIN_LIMIT = 2000;
/** A greeting is small; a configuration with all its options is a few kilobytes. */
const BOUNDS: SocketBounds = { untrusted: 64 * 2 ** 10, message: 16 * 2 ** 20 };

export interface ServerOptions {
  /** The folder with `engines/` and `logs/`. */
  home: string;
  /** Rollscope's version. */
  version: string;
  runs: RunStarter;
  doctor: () => Promise<DoctorReport>;
  /** Where a run's folder goes when the client names no place. */
  runsFolder: string;
  /** A name for a run that was given none, free in `folder`. */
  nameRun: (config: RunConfig, folder: string) => string;
  log: EngineLog;
  /** What happens to a run once no client has been connected for `grace`: it continues, or stops with a checkpoint. */
  whenAlone: 'continue' | 'stop';
  /** Milliseconds without clients after which an engine without a run ends. */
  grace: number;
  /** False for an engine whose life is bound to its own terminal: it never ends by itself. */
  endsWhenIdle: boolean;
}

export interface StartRequest {
  config: RunConfig;
  out?: string;
  name?: string;
  /** Rewards may run programs on this machine. */
  allowPrograms?: boolean;
}

interface Session {
  peer: Peer<EngineContract>;
  /** The bounds of somebody who has greeted apply from here on. */
  trust: () => void;
  /** null until it has greeted. */
  client: string | null;
}

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
  /** The run that this engine works on, or the last one: its records can still be read. */
  #feed: RunFeed | null = null;
  #active: RunHandle | null = null;
  /** Description of what is being prepared, while there is no handle yet. */
  #preparing: string | null = null;
  #aloneTimer: NodeJS.Timeout | null = null;

  private constructor(options: ServerOptions, listening: { server: Server; address: EngineAddress } | null) {
    this.#options = options;
    this.#server = listening?.server ?? null;
    this.address = listening?.address ?? null;
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
    this.#server?.on('connection', (socket) => this.#welcome(socket));
    this.#server?.on('error', (error) => this.report('error', 'The socket failed', error));
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
      if (process.platform !== 'win32') chmodSync(socket, 0o600);
      // Removes what engines that were killed have left.
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
    engine.#considerAlone();
    return engine;
  }

  /** The same engine without a socket, where there can be none: its run works, but no client can attach. */
  static offline(options: ServerOptions): EngineServer {
    return new EngineServer(options, null);
  }

  /** Progress of the run that this engine works on; null when it works on none. */
  get active(): Progress | null {
    return this.#active?.progress() ?? null;
  }

  /** Starts a run. Rejects with `busy`, or as `RunStarter` does. */
  async start(request: StartRequest, signal?: AbortSignal): Promise<RunHandle> {
    const root = request.out ?? this.#options.runsFolder;
    const name = request.name ?? this.#options.nameRun(request.config, root);
    checkRunName(name);
    return this.#work(name, (closing) =>
      this.#options.runs.startRun({
        config: request.config,
        folder: path.join(root, name),
        signal: signal ? AbortSignal.any([signal, closing]) : closing,
        allowPrograms: request.allowPrograms,
      }),
    );
  }

  /** Resumes the run in a folder. Rejects with `busy`, or as `RunStarter` does. */
  async resume(folder: string, allowPrograms = false): Promise<RunHandle> {
    return this.#work(path.basename(folder), () => this.#options.runs.resumeRun({ folder, allowPrograms }));
  }

  /** Writes to the log and tells every client. */
  report(level: LogLevel, message: string, error?: unknown): void {
    this.#options.log.write(level, message, error);
    const text = error === undefined ? message : `${message}: ${toErrorData(error).message}`;
    for (const session of this.#sessions) {
      if (session.client !== null) void session.peer.notify('log', { level, message: text });
    }
  }

  /** Ends the engine: stops an active run with a checkpoint, lets clients take what is left, removes the address. */
  async shutdown(): Promise<void> {
    if (!this.#closing.signal.aborted) {
      this.#closing.abort();
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
    await this.#stopActive().catch((error: unknown) => this.report('error', 'The run was not stopped cleanly', error));
    await this.#feed?.drain(DRAIN_LIMIT);
    await Promise.all([...this.#sessions].map(({ peer }) => peer.flushAndClose(DRAIN_LIMIT)));
    this.#server?.close();
    this.withdraw();
    this.#options.log.write('info', 'engine exited');
    this.#resolveClosed();
  }

  async #work(run: string, begin: (closing: AbortSignal) => Promise<RunHandle>): Promise<RunHandle> {
    if (this.#closing.signal.aborted)
      throw new RollscopeError('engine-stopped', 'The engine is shutting down.', undefined, {
        details: { reason: 'shutting-down' },
      });
    if (this.#preparing)
      throw busy(`is preparing run '${this.#preparing}'`, { reason: 'preparing', run: this.#preparing });
    const active = this.active;
    if (active) {
      const { step, steps } = active;
      const text = `is already running '${active.run}' (step ${step} of ${steps})`;
      throw busy(text, { reason: 'running', run: active.run, step, steps });
    }
    this.#preparing = run;
    this.#considerAlone();
    try {
      const handle = await begin(this.#closing.signal);
      this.#options.log.write('info', `run '${run}' in ${handle.folder}`);
      this.#feed = new RunFeed(handle, (message, error) => this.#options.log.write('error', message, error));
      this.#active = handle;
      handle.done.then(
        (end) => this.#ended(handle, `run '${handle.run}' ended at step ${end.step}: ${end.reason}`),
        (error: unknown) => this.#ended(handle, `run '${handle.run}' ended`, error),
      );
      // A shutdown that was asked for while the run was being prepared waits for it.
      if (this.#closing.signal.aborted) await handle.stop();
      return handle;
    } finally {
      this.#preparing = null;
      this.#considerAlone();
    }
  }

  #ended(handle: RunHandle, message: string, error?: unknown): void {
    if (error === undefined) this.#options.log.write('info', message);
    else this.report('error', message, error);
    if (this.#active === handle) this.#active = null;
    this.#considerAlone();
  }

  async #stopActive(): Promise<void> {
    while (this.#preparing) await new Promise((resolve) => setTimeout(resolve, 50));
    const handle = this.#active;
    if (!handle) return;
    await handle.stop();
    await handle.done.catch(() => undefined);
  }

  #welcome(socket: Socket): void {
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
      this.#feed?.unsubscribe(peer);
      if (session.client !== null) this.#options.log.write('info', `${session.client} left`);
      this.#considerAlone();
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
          // The refusal goes out first.
          setTimeout(() => peer.close(), 100).unref();
          throw new RollscopeError('unauthorized', 'The engine rejected the token.', 'Read the address file again.', {
            details: { reason: 'bad-token' },
          });
        }
        session.client = client;
        session.trust();
        this.#options.log.write('info', `${client} connected`);
        this.#considerAlone();
        return { version: this.#options.version, pid: process.pid, active: this.active };
      },
      start: async (request, signal) => reference(await this.start(request, onlyCanceled(signal))),
      resume: async ({ folder, allowPrograms }) => reference(await this.resume(folder, allowPrograms)),
      subscribe: async ({ run, from }) => {
        const feed = this.#feedOf(run);
        const records = await feed.subscribe(peer, from);
        return { folder: feed.handle.folder, records, progress: this.active?.run === run ? this.active : null };
      },
      unsubscribe: ({ run }) => {
        if (this.#feed?.handle.run === run) this.#feed.unsubscribe(peer);
        return {};
      },
      pause: ({ run }) => {
        this.#activeRun(run).pause();
        return {};
      },
      continue: ({ run }) => {
        this.#activeRun(run).continue();
        return {};
      },
      stop: async ({ run }) => {
        const { handle } = this.#feedOf(run);
        // A run that has ended meanwhile is what the client asked for.
        if (this.#active === handle) await handle.stop();
        return {};
      },
      status: () => ({ active: this.active, clients: this.#clients() }),
      doctor: () => this.#options.doctor(),
      shutdown: async () => {
        await this.#stopActive();
        setImmediate(() => void this.shutdown());
        return {};
      },
    };
  }

  #feedOf(run: string): RunFeed {
    if (this.#feed?.handle.run === run) return this.#feed;
    throw new RollscopeError(
      'run-not-found',
      `Run '${run}' is not active in this engine.`,
      'Open the run from its folder, or resume it.',
      { details: { reason: 'run-not-active', run } },
    );
  }

  #activeRun(run: string): RunHandle {
    const { handle } = this.#feedOf(run);
    if (this.#active !== handle)
      throw new RollscopeError('run-not-found', `Run '${run}' has ended.`, undefined, {
        details: { reason: 'run-ended', run },
      });
    return handle;
  }

  #clients(): number {
    let clients = 0;
    for (const session of this.#sessions) if (session.client !== null) clients++;
    return clients;
  }

  /** Sets or clears the timer that runs while no client is connected. */
  #considerAlone(): void {
    if (this.#aloneTimer) clearTimeout(this.#aloneTimer);
    this.#aloneTimer = null;
    if (this.#clients() > 0 || this.#closing.signal.aborted || !this.#options.endsWhenIdle) return;
    const working = this.#active !== null || this.#preparing !== null;
    if (working && this.#options.whenAlone === 'continue') return;
    this.#aloneTimer = setTimeout(() => {
      this.#options.log.write('info', working ? 'no clients left: stopping the run' : 'no clients and no run: exiting');
      void this.shutdown();
    }, this.#options.grace);
  }
}

/** Not aborted by the end of the connection: a run whose client has gone is prepared all the same, and `whenAlone` applies. */
function onlyCanceled(signal: AbortSignal): AbortSignal {
  const controller = new AbortController();
  const abort = () => {
    if (signal.reason instanceof RollscopeError && signal.reason.code === 'canceled') controller.abort(signal.reason);
  };
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();
  return controller.signal;
}

function reference(handle: RunHandle): { run: string; folder: string } {
  return { run: handle.run, folder: handle.folder };
}

function busy(what: string, details: ErrorDetails): RollscopeError {
  return new RollscopeError('busy', `This engine ${what}.`, 'Wait until it ends, or stop it first.', {
    details,
  });
}

/** Compares in constant time, whatever the lengths. */
function sameSecret(a: string, b: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
