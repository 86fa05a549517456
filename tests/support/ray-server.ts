/**
 * A job server that responds like the dashboard of Ray 2.60 (`tests/trainers/verl-ray.test.ts` uses the real one): packages,
 * jobs, and their logs over WebSockets. It runs nothing.
 */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { inflateRawSync } from 'node:zlib';
import { onTestFinished } from 'vitest';

export interface FakeJob {
  status: string;
  message: string;
  request: { submission_id: string; entrypoint: string; runtime_env: { working_dir: string }; metadata: object };
  log: string;
}

export class RayServer {
  readonly packages = new Map<string, Buffer>();
  readonly jobs: FakeJob[] = [];
  /** Method and path of each request, with its authorization. */
  readonly asked: { what: string; authorization: string | undefined }[] = [];
  private readonly tails = new Map<Duplex, string>();
  private readonly server: Server;
  private port = 0;

  private constructor() {
    this.server = createServer((request, response) => void this.answer(request, response));
    this.server.on('upgrade', (request, socket) => this.tail(request, socket));
  }

  /** A server that closes when the test ends. */
  static async start(): Promise<RayServer> {
    const server = await RayServer.open();
    onTestFinished(() => server.leave());
    return server;
  }

  /** A server that runs until `leave`. */
  static async open(): Promise<RayServer> {
    const server = new RayServer();
    await server.listen();
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Listens at the same address as before. */
  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.server.listen(this.port, '127.0.0.1', resolve));
    this.port = (this.server.address() as AddressInfo).port;
  }

  /** Stops responding. */
  async leave(): Promise<void> {
    for (const socket of this.tails.keys()) socket.destroy();
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  /** The last submitted job. */
  get job(): FakeJob {
    return this.jobs.at(-1)!;
  }

  /** Appends to the job's output. */
  print(text: string): void {
    this.job.log += text;
    for (const [socket, id] of this.tails) if (id === this.job.request.submission_id) socket.write(frame(1, text));
  }

  /** Ends the job: its log is complete. */
  end(status: string, message = ''): void {
    Object.assign(this.job, { status, message });
    for (const socket of this.tails.keys()) socket.end(frame(8, ''));
  }

  /** Files of the last submitted job's package, by name. */
  files(): Map<string, Buffer> {
    return unzipped(this.packages.get(this.job.request.runtime_env.working_dir.replace('gcs://', ''))!);
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    const { method, url = '', headers } = request;
    this.asked.push({ what: `${method} ${url}`, authorization: headers.authorization });
    const say = (status: number, value: unknown) => {
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(typeof value === 'string' ? value : JSON.stringify(value));
    };
    // Web pages may not submit jobs.
    if (method !== 'GET' && headers['sec-fetch-mode'] !== undefined) return say(405, 'not allowed for browser traffic');
    const [, , kind, id, what] = url.split('/');
    if (url === '/api/version') return say(200, { version: '4', ray_version: '2.60.0', ray_commit: 'x' });
    if (kind === 'packages') {
      const name = what!;
      if (method === 'PUT') this.packages.set(name, body);
      return this.packages.has(name) ? say(200, '') : say(404, `Package gcs://${name} does not exist`);
    }
    if (method === 'POST' && url === '/api/jobs/') {
      const given = JSON.parse(body.toString()) as FakeJob['request'];
      this.jobs.push({ status: 'PENDING', message: '', request: given, log: '' });
      return say(200, { job_id: given.submission_id, submission_id: given.submission_id });
    }
    const job = this.jobs.find((candidate) => candidate.request.submission_id === id);
    if (!job) return say(404, `Job ${id} does not exist`);
    if (what === 'stop') {
      if (job.status === 'PENDING' || job.status === 'RUNNING') job.status = 'STOPPED';
      return say(200, { stopped: true });
    }
    const { status, message, request: asked } = job;
    return say(200, { type: 'SUBMISSION', job_id: null, submission_id: asked.submission_id, status, message });
  }

  private tail(request: IncomingMessage, socket: Duplex): void {
    const id = request.url!.split('/')[3]!;
    const job = this.jobs.find((candidate) => candidate.request.submission_id === id);
    const accept = createHash('sha1')
      .update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
      .digest('base64');
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    );
    this.tails.set(socket, id);
    socket.on('close', () => this.tails.delete(socket));
    socket.on('error', () => {});
    socket.write(frame(9, 'still there?'));
    if (job && job.log !== '') socket.write(frame(1, job.log));
    if (!job || !['PENDING', 'RUNNING'].includes(job.status)) socket.end(frame(8, ''));
  }
}

/** A server frame, which is not masked. */
function frame(code: number, text: string): Buffer {
  const payload = Buffer.from(text);
  if (payload.length < 126) return Buffer.concat([Buffer.from([0x80 | code, payload.length]), payload]);
  const head = Buffer.alloc(10);
  head[0] = 0x80 | code;
  head[1] = 127;
  head.writeBigUInt64BE(BigInt(payload.length), 2);
  return Buffer.concat([head, payload]);
}

/** The files of a ZIP archive, according to its central directory. */
export function unzipped(zip: Buffer): Map<string, Buffer> {
  const end = zip.length - 22;
  const files = new Map<string, Buffer>();
  let at = zip.readUInt32LE(end + 16);
  for (let i = 0; i < zip.readUInt16LE(end + 10); i++) {
    const [packed, length, start] = [zip.readUInt32LE(at + 20), zip.readUInt16LE(at + 28), zip.readUInt32LE(at + 42)];
    const name = zip.toString('utf8', at + 46, at + 46 + length);
    const begin = start + 30 + zip.readUInt16LE(start + 26) + zip.readUInt16LE(start + 28);
    files.set(name, inflateRawSync(zip.subarray(begin, begin + packed)));
    at += 46 + length;
  }
  return files;
}
