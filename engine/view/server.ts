/**
 * Serves the panel's page on a loopback address, for browsers on this machine or at the other end of a tunnel (`ssh -L`).
 * Read-only: a page gets what the editor's panel gets, rewards and calibration of stored rollouts included, and the host
 * refuses what would change anything.
 *
 *     GET  /                the page; it contains no data
 *     GET  /browser.js, /panel.js
 *     GET  /stream/<page>   messages to a page, one after another (`engine/messages/bytes.ts`)
 *     POST /ask/<page>      a message of a page: a request for what it shows
 *
 * The last two take the token that is behind the # of the address, which browsers send to nobody, as `Authorization: Bearer`.
 */
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { runName } from '../journal/layout.ts';
import { fromBytes } from '../messages/bytes.ts';
import { RollscopeError } from '../protocol/errors.ts';
import { choiceOf } from '../runs/run-choices.ts';
import { sameSecret } from '../system/secret.ts';
import { readOnlyActions } from './actions.ts';
import type { Program } from './command-line.ts';
import { Conversation, type ConversationActions } from './conversation.ts';
import { Disposables } from './disposables.ts';
import { ENGINE_WORDS } from './host-words.ts';
import { pageHtml, pagePolicy } from './page.ts';
import { PageStream } from './page-stream.ts';
import type { ViewedRun } from './viewed-run.ts';

const HOST = '127.0.0.1';
/**
 * Host names that a browser may use for the address: any other `Host` belongs to someone else's page (DNS rebinding).
 */
const LOOPBACK = new Set(['127.0.0.1', 'localhost', '[::1]']);
/** Pages at a time, and bytes of one message of a page. */
const PAGES = 32;
const MESSAGE = 2 ** 20;
/** Milliseconds within which a request must have arrived. */
const REQUEST_LIMIT = 10_000;
const SCRIPTS = ['browser.js', 'panel.js'] as const;

export interface ViewServerOptions {
  /** 0 for any that is free. */
  port: number;
  /** Path of a script of the page. */
  script(name: (typeof SCRIPTS)[number]): string;
  /** The command line, for computations on stored rollouts. */
  program: Program;
  /** Runs that cursor A may be set to, which the caller disposes of. */
  others?: readonly ViewedRun[];
  report(error: unknown): void;
}

/** Serves one run on this machine to those who have its token. */
export class ViewServer {
  /** The address including the token after the #. */
  readonly address: string;
  readonly port: number;
  private readonly streams = new Map<string, PageStream>();
  private readonly scope = new Disposables();
  private readonly actions: ReturnType<typeof readOnlyActions>;

  private constructor(
    private readonly server: Server,
    private readonly viewed: ViewedRun,
    private readonly token: string,
    private readonly options: ViewServerOptions,
  ) {
    this.actions = readOnlyActions(options.program);
    this.port = (server.address() as AddressInfo).port;
    this.address = `http://${HOST}:${this.port}/#token=${token}`;
    server.on('request', (request, response) => {
      this.answer(request, response).catch((error) => {
        options.report(error);
        if (response.headersSent) response.destroy();
        else refuse(response, 500);
      });
    });
  }

  /** Serves a run, which the caller disposes of. @throws RollscopeError `usage` for a port that cannot be had */
  static async listen(viewed: ViewedRun, options: ViewServerOptions): Promise<ViewServer> {
    const server = createServer({ requestTimeout: REQUEST_LIMIT, headersTimeout: REQUEST_LIMIT });
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error: NodeJS.ErrnoException) => reject(unavailable(options.port, error)));
      server.listen(options.port, HOST, resolve);
    });
    return new ViewServer(server, viewed, randomBytes(32).toString('base64url'), options);
  }

  async close(): Promise<void> {
    this.scope.dispose();
    for (const stream of this.streams.values()) stream.close();
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.server.closeAllConnections();
    await closed;
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method, url = '/', headers } = request;
    if (!isSameOrigin(headers)) return refuse(response, 403);
    const [, name = '', page = '', ...rest] = new URL(url, `http://${HOST}`).pathname.split('/');
    if (rest.length > 0) return refuse(response, 404);
    if (name === 'stream' || name === 'ask') {
      if (method !== (name === 'ask' ? 'POST' : 'GET')) return refuse(response, 405);
      if (!this.isAllowed(headers)) return refuse(response, 401);
      if (!/^[\w-]{1,64}$/.test(page)) return refuse(response, 404);
      return name === 'ask' ? this.ask(page, request, response) : this.stream(page, response);
    }
    if (method !== 'GET') return refuse(response, 405);
    if (page !== '') return refuse(response, 404);
    const script = SCRIPTS.find((candidate) => candidate === name);
    if (script) return send(response, 'text/javascript', await readFile(this.options.script(script)));
    if (name !== '') return refuse(response, 404);
    const sources = { csp: '', nonce: randomBytes(16).toString('base64'), connect: "'self'" };
    response.setHeader('Content-Security-Policy', `${pagePolicy(sources)}; frame-ancestors 'none'`);
    send(response, 'text/html', pageHtml({ ...sources, scripts: SCRIPTS.map((item) => `/${item}`) }));
  }

  private isAllowed({ authorization = '' }: IncomingMessage['headers']): boolean {
    return sameSecret(authorization, `Bearer ${this.token}`);
  }

  /** Opens a conversation with a page, which ends with the response. */
  private stream(page: string, response: ServerResponse): void {
    const isKnown = this.streams.has(page);
    if (isKnown || this.streams.size >= PAGES) {
      refuse(response, isKnown ? 409 : 503);
      return;
    }
    const stream = new PageStream(response);
    this.streams.set(page, stream);
    const { report, others = [] } = this.options;
    const actions = { ...this.actions, ...chooseAmong(others), again: () => this.viewed.reread(), report };
    const own = this.scope.add(new Disposables());
    const conversation = own.add(new Conversation(stream, actions, ENGINE_WORDS));
    own.add(this.viewed.onDidChange((run) => conversation.show(run)));
    conversation.show(this.viewed.run);
    response.once('close', () => {
      own.dispose();
      this.streams.delete(page);
    });
  }

  private async ask(page: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const stream = this.streams.get(page);
    if (!stream) return refuse(response, 404);
    const pieces: Buffer[] = [];
    let size = 0;
    for await (const piece of request as AsyncIterable<Buffer>) {
      size += piece.length;
      if (size > MESSAGE) return refuse(response, 413);
      pieces.push(piece);
    }
    let message: unknown;
    try {
      message = fromBytes(new Uint8Array(Buffer.concat(pieces)));
    } catch {
      return refuse(response, 400);
    }
    stream.receive(message);
    refuse(response, 204);
  }
}

/** The run that a page may set cursor A to: one that was named when the server was started, not any folder. */
function chooseAmong(others: readonly ViewedRun[]): Pick<ConversationActions, 'listRuns' | 'takeRun'> {
  return {
    listRuns: async () => others.map(({ run }) => choiceOf(run.info)),
    takeRun: async (folder) => {
      const found = others.find(({ run }) => run.folder === folder);
      if (found) return found.run;
      throw new RollscopeError(
        'run-not-found',
        `Run ${runName(folder)} is not served by this command.`,
        'Name it when you start: rollscope view <run> <other>.',
        { details: { reason: 'not-served', folder } },
      );
    },
  };
}

/**
 * Whether a request comes from a page of this server: another site's page can know the address, and a host name that
 * resolves to it.
 */
function isSameOrigin({ host = '', origin, 'sec-fetch-site': site }: IncomingMessage['headers']): boolean {
  if (!LOOPBACK.has(host.replace(/:\d+$/, ''))) return false;
  if (origin !== undefined && origin !== `http://${host}`) return false;
  return site === undefined || site === 'same-origin' || site === 'none';
}

function setCommonHeaders(response: ServerResponse): void {
  response.setHeader('Cache-Control', 'no-store');
  response.setHeader('X-Content-Type-Options', 'nosniff');
  response.setHeader('Referrer-Policy', 'no-referrer');
  response.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
  response.setHeader('Cross-Origin-Resource-Policy', 'same-origin');
}

function send(response: ServerResponse, type: string, content: string | Uint8Array): void {
  setCommonHeaders(response);
  response.setHeader('Content-Type', `${type}; charset=utf-8`);
  response.end(content);
}

/** Ends a request with nothing but its status. */
function refuse(response: ServerResponse, status: number): void {
  setCommonHeaders(response);
  response.statusCode = status;
  // The rest of a message that is too long is not read.
  if (status === 413) response.setHeader('Connection', 'close');
  response.end();
}

function unavailable(port: number, error: NodeJS.ErrnoException): RollscopeError {
  const why = error.code === 'EADDRINUSE' ? 'is in use' : `cannot be used (${error.code ?? error.message})`;
  return new RollscopeError(
    'usage',
    `Port ${port} ${why}.`,
    'Choose another with --port, or leave it out for a free one.',
    {
      cause: error,
      details: { reason: 'port-unavailable', field: '--port', value: String(port) },
    },
  );
}
