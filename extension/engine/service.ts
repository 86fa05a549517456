/**
 * The connection to an engine: finds a running engine or starts one, keeps one connection, and reconnects when it is lost. Does
 * not import VS Code, so that it can be tested with real processes.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Emitter } from '../../engine/messages/json-rpc.ts';
import { type EngineAddress, type Progress, RollscopeError, RPC_VERSION } from '../../engine/protocol/index.ts';
import {
  createClient,
  type EngineClient,
  type EngineNotification,
  type EngineNotificationParams,
} from '../../engine/server/connection.ts';
import { listEngines } from '../../engine/server/discovery.ts';
import { isProcessAlive } from '../../engine/system/liveness.ts';
import { Disposables } from '../../engine/view/disposables.ts';
import { type LaunchOptions, launchEngine } from './launch.ts';

export type Link = 'off' | 'starting' | 'connected' | 'reconnecting' | 'failed';

export interface EngineOptions {
  /** The folder with the engines' addresses. */
  home: string;
  /** Rollscope's version: an idle engine of another version is replaced. */
  version: string;
  /** Name of this client in the engine's log. */
  name: string;
  launch: () => LaunchOptions;
  log: (level: 'info' | 'warning' | 'error', message: string) => void;
}

/** A running engine and its active run. */
export interface FoundEngine {
  address: EngineAddress;
  active: Progress | null;
}

const RECONNECT_DELAYS = [100, 300, 1000, 3000];

/** The one engine connection of a window. `ensure` starts an engine where none is found. */
export class EngineService {
  private readonly scope = new Disposables();
  /** Resources of the current connection. */
  private connection = new Disposables();
  private current: EngineClient | null = null;
  private looking: Promise<EngineClient | null> | null = null;
  private pending: Promise<EngineClient> | null = null;
  private state: Link = 'off';
  private readonly linkEmitter = this.scope.add(new Emitter<Link>());
  private readonly connectEmitter = this.scope.add(new Emitter<EngineClient>());
  private readonly goneEmitter = this.scope.add(new Emitter<EngineAddress>());
  private readonly notifications = {
    record: this.scope.add(new Emitter<EngineNotificationParams<'record'>>()),
    progress: this.scope.add(new Emitter<EngineNotificationParams<'progress'>>()),
    log: this.scope.add(new Emitter<EngineNotificationParams<'log'>>()),
  } satisfies { [N in EngineNotification]: Emitter<EngineNotificationParams<N>> };

  readonly onDidChangeLink = this.linkEmitter.event;
  /** Fires after every connection, the first and later ones: time to subscribe. */
  readonly onDidConnect = this.connectEmitter.event;
  /** Fires if the engine exits without a request of this window. */
  readonly onDidGo = this.goneEmitter.event;
  readonly onRecord = this.notifications.record.event;
  readonly onProgress = this.notifications.progress.event;
  readonly onLog = this.notifications.log.event;

  constructor(private readonly options: EngineOptions) {}

  get link(): Link {
    return this.state;
  }

  /** The connection, if there is one. */
  get client(): EngineClient | null {
    return this.current?.connected ? this.current : null;
  }

  /** The connection: the current one, else one to a running engine, else one to a new engine. */
  async ensure(): Promise<EngineClient> {
    await this.looking;
    if (this.client) return this.client;
    return this.shareAttempt(async () => (await this.attachToRunning(true)) ?? (await this.start()));
  }

  /** Connects to an engine that is already running; null if there is none. Does not start one. */
  async reattach(): Promise<EngineClient | null> {
    if (this.client || this.pending) return this.client;
    // The window's start and a panel that it restores both ask.
    this.looking ??= this.attachToRunning(false)
      .catch((error: Error) => {
        this.options.log('warning', `cannot reach the engine in the background: ${error.message}`);
        return null;
      })
      .finally(() => {
        this.looking = null;
      });
    return this.looking;
  }

  /** Running engines with this protocol version, those with an active run first, then the latest. */
  async find(): Promise<FoundEngine[]> {
    const found = await Promise.all(
      (await listEngines(this.options.home))
        .filter(({ rpc }) => rpc === RPC_VERSION)
        .map(async (address): Promise<FoundEngine | null> => {
          if (this.client?.address.pid === address.pid) {
            return { address, active: (await this.client.request('status', {})).active };
          }
          try {
            const client = await createClient(address, { name: this.options.name, timeout: 2000 });
            client.close();
            return { address, active: client.active };
          } catch (error) {
            this.options.log('info', `engine ${address.pid} does not respond: ${(error as Error).message}`);
            return null;
          }
        }),
    );
    const living = found.filter((engine) => engine !== null);
    return living.sort((a, b) => Number(b.active !== null) - Number(a.active !== null));
  }

  /** Connects to this engine instead of the current one. */
  async attach(address: EngineAddress): Promise<EngineClient> {
    await this.pending?.catch(() => undefined);
    if (this.client?.address.pid === address.pid) return this.client;
    return this.shareAttempt(async () => {
      this.disconnect();
      return this.connect(address);
    });
  }

  /** Shuts down the engine (an active run is stopped with a checkpoint) and starts a new one. */
  async restart(): Promise<EngineClient> {
    await this.shutDown();
    return this.shareAttempt(() => this.start());
  }

  /** Shuts down the engine, if there is one; returns when it has exited, or after ten seconds. */
  async shutDown(): Promise<void> {
    await this.pending?.catch(() => undefined);
    const client = this.client;
    if (!client) {
      this.setLink('off');
      return;
    }
    // Disconnecting first marks its exit as requested.
    this.connection.clear();
    this.current = null;
    await client.request('shutdown', {}).catch((error: unknown) => {
      this.options.log('warning', `the engine did not shut down cleanly: ${(error as Error).message}`);
    });
    client.close();
    const deadline = Date.now() + 10_000;
    while (isProcessAlive(client.address.pid) && Date.now() < deadline) await sleep(50);
    this.setLink('off');
  }

  /** Closes the connection; the engine keeps running. */
  dispose(): void {
    this.disconnect();
    this.scope.dispose();
  }

  private async attachToRunning(forWork: boolean): Promise<EngineClient | null> {
    for (const { address, active } of await this.find()) {
      // A new run needs an engine of this version; an idle one of another version exits by itself.
      if (forWork && !active && address.version !== this.options.version) continue;
      try {
        return await this.connect(address);
      } catch (error) {
        this.options.log('info', `lost engine ${address.pid}: ${(error as Error).message}`);
      }
    }
    return null;
  }

  private async start(): Promise<EngineClient> {
    this.setLink('starting');
    try {
      const { address, exited } = await launchEngine(this.options.launch());
      void exited.then(({ code, signal }) =>
        this.options.log('info', `engine ${address.pid} exited with ${signal ?? `code ${code}`}`),
      );
      this.options.log('info', `engine ${address.pid} started`);
      return await this.connect(address);
    } catch (error) {
      this.setLink('failed');
      throw error;
    }
  }

  private async connect(address: EngineAddress): Promise<EngineClient> {
    const client = await createClient(address, { name: this.options.name });
    if (this.scope.disposed) {
      client.close();
      throw new RollscopeError('canceled', 'The window is closing.');
    }
    this.current = client;
    const { record, progress, log } = this.notifications;
    for (const stop of [
      client.on('record', (params) => record.fire(params)),
      client.on('progress', (params) => progress.fire(params)),
      client.on('log', (params) => log.fire(params)),
      client.onClose((error) => void this.handleLostConnection(client, error)),
    ]) {
      this.connection.add({ dispose: stop });
    }
    this.options.log('info', `connected to engine ${address.pid}`);
    this.setLink('connected');
    this.connectEmitter.fire(client);
    return client;
  }

  /** The connection was lost: reconnects if the engine is still running, else reports that it is gone. */
  private async handleLostConnection(client: EngineClient, error?: RollscopeError): Promise<void> {
    if (this.current !== client) return;
    this.connection.clear();
    this.current = null;
    const { address } = client;
    this.options.log('warning', `connection to engine ${address.pid} lost${error ? `: ${error.message}` : ''}`);
    this.setLink('reconnecting');
    for (const delay of RECONNECT_DELAYS) {
      await sleep(delay);
      if (this.scope.disposed || this.current || this.pending) return;
      if (!isProcessAlive(address.pid)) break;
      try {
        await this.shareAttempt(() => this.connect(address));
        return;
      } catch (reason) {
        this.options.log('info', `engine ${address.pid} does not respond: ${(reason as Error).message}`);
      }
    }
    if (this.scope.disposed || this.current || this.pending) return;
    this.setLink('off');
    this.goneEmitter.fire(address);
  }

  private disconnect(): void {
    this.connection.clear();
    this.current?.close();
    this.current = null;
    this.setLink('off');
  }

  /** One attempt at a time: concurrent callers share it. */
  private shareAttempt(attempt: () => Promise<EngineClient>): Promise<EngineClient> {
    this.pending ??= attempt().finally(() => {
      this.pending = null;
    });
    return this.pending;
  }

  private setLink(link: Link): void {
    if (this.state === link) return;
    this.state = link;
    this.linkEmitter.fire(link);
  }
}
