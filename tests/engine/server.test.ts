import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createConnection, type Socket } from 'node:net';
import path from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { RunConfig } from '../../engine/protocol/config.ts';
import type { JournalRecord } from '../../engine/protocol/records.ts';
import { type EngineAddress, type Progress, RPC_VERSION } from '../../engine/protocol/rpc.ts';
import { createClient, type EngineClient, enginePeer } from '../../engine/server/connection.ts';
import { enginesFolder, listEngines } from '../../engine/server/discovery.ts';
import type { EngineLog } from '../../engine/server/log.ts';
import type { EngineServer } from '../../engine/server/server.ts';
import { temporaryFolder } from '../support/processes.ts';
import { expectRejection } from '../support/refusals.ts';
import { until } from '../support/wait.ts';
import { FakeStarter, startEngine } from './server-fake.ts';

const config = RunConfig.parse({ dataset: { path: 'embedded' } });
const open: { engines: EngineServer[]; clients: EngineClient[] } = { engines: [], clients: [] };

async function engineWith(runs: FakeStarter, options: Parameters<typeof startEngine>[1] = {}) {
  const started = await startEngine(runs, options);
  open.engines.push(started.engine);
  return started;
}

async function clientOf(address: EngineAddress): Promise<EngineClient> {
  const client = await createClient(address, { name: 'test' });
  open.clients.push(client);
  return client;
}

/** Collects what a client receives about records: the answer to `subscribe` first. */
async function follow(client: EngineClient, run: string, from = 0) {
  const seen: number[] = [];
  client.on('record', ({ record }) => seen.push(record.seq));
  const { records, progress } = await client.request('subscribe', { run, from });
  seen.unshift(...records.map((record: JournalRecord) => record.seq));
  return { seen, progress };
}

/** Lets the next run be prepared until `finish` is called. */
function prepareSlowly(runs: FakeStarter): { begun: Promise<void>; finish: () => void } {
  let finish = () => {};
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const begun = new Promise<void>((resolve) => {
    runs.preparation = () => {
      resolve();
      return finished;
    };
  });
  return { begun, finish };
}

/** The engine's time-outs and intervals run by `vi.advanceTimersByTime`; sockets do not use timers. */
function useFakeClock(): void {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
}

/** A log that counts how many clients the engine has seen leave. */
function countingLog(): { log: EngineLog; left: () => number } {
  let count = 0;
  const write = (_: string, message: string) => {
    if (message === 'test left') count++;
  };
  return { log: { file: null, write }, left: () => count };
}

const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

afterEach(async () => {
  vi.useRealTimers();
  for (const client of open.clients.splice(0)) client.close();
  for (const engine of open.engines.splice(0)) await engine.shutdown();
});

describe('discovery', () => {
  test('the address is readable only by the user, and removed with the socket when the engine ends', async () => {
    const { engine, home } = await engineWith(new FakeStarter());
    const file = path.join(enginesFolder(home), `${process.pid}.json`);
    expect(await listEngines(home)).toEqual([engine.address]);
    if (process.platform !== 'win32') {
      expect(statSync(file).mode & 0o777).toBe(0o600);
      expect(statSync(enginesFolder(home)).mode & 0o777).toBe(0o700);
      expect(statSync(path.dirname(engine.address.socket)).mode & 0o777).toBe(0o700);
      expect(Buffer.byteLength(engine.address.socket)).toBeLessThan(104);
    }
    await engine.shutdown();
    expect(existsSync(file)).toBe(false);
    expect(existsSync(engine.address.socket)).toBe(false);
    expect(await listEngines(home)).toEqual([]);
  });

  test('listing removes the addresses of dead engines; a living engine that is not understood is kept', async () => {
    const { engine, home } = await engineWith(new FakeStarter());
    // No process has this id: Linux and macOS end far below.
    const dead = { ...engine.address, pid: 2 ** 30, socket: path.join(temporaryFolder(), 'socket') };
    writeFileSync(path.join(enginesFolder(home), `${dead.pid}.json`), JSON.stringify(dead));
    writeFileSync(path.join(enginesFolder(home), `${process.ppid}.json`), '{"from":"a newer version"}');
    expect(await listEngines(home)).toEqual([engine.address]);
    expect(readdirSync(enginesFolder(home)).sort()).toEqual([`${process.pid}.json`, `${process.ppid}.json`].sort());
  });

  test('an engine that starts removes the files of dead ones', async () => {
    const home = temporaryFolder();
    const { engine } = await engineWith(new FakeStarter(), { home });
    const dead = path.join(enginesFolder(home), `${2 ** 30}.json`);
    writeFileSync(dead, JSON.stringify({ ...engine.address, pid: 2 ** 30, socket: path.join(home, 'socket') }));
    await engine.shutdown();
    await engineWith(new FakeStarter(), { home });
    expect(existsSync(dead)).toBe(false);
  });

  test('a client learns that nothing is listening', async () => {
    const { engine } = await engineWith(new FakeStarter());
    await engine.shutdown();
    await expect(createClient(engine.address)).rejects.toMatchObject({ code: 'engine-stopped' });
  });
});

describe('greeting', () => {
  test('a wrong token is refused and the connection closed', async () => {
    const { engine } = await engineWith(new FakeStarter());
    const wrong = { ...engine.address, token: `${engine.address.token.slice(0, -1)}x` };
    await expect(createClient(wrong)).rejects.toMatchObject({ code: 'unauthorized' });
    const channel = enginePeer(createConnection(engine.address.socket));
    const closed = new Promise<void>((resolve) => channel.onClose(() => resolve()));
    await expect(channel.request('hello', { token: 'short', rpc: RPC_VERSION, client: 'x' })).rejects.toMatchObject({
      code: 'unauthorized',
    });
    await closed;
  });

  test('nothing is answered before it', async () => {
    const runs = new FakeStarter();
    const { engine } = await engineWith(runs);
    const channel = enginePeer(createConnection(engine.address.socket));
    for (const ask of [
      () => channel.request('status', {}),
      () => channel.request('start', { config }),
      () => channel.request('shutdown', {}),
    ]) {
      await expect(ask()).rejects.toMatchObject({ code: 'unauthorized' });
    }
    expect(runs.runs).toEqual([]);
    channel.close();
  });

  test('both sides report another protocol number', async () => {
    const { engine } = await engineWith(new FakeStarter());
    const newer = { reason: 'protocol', engine: RPC_VERSION + 1, client: RPC_VERSION };
    await expectRejection(createClient({ ...engine.address, rpc: RPC_VERSION + 1 }), 'engine-version', newer);
    const channel = enginePeer(createConnection(engine.address.socket));
    const hello = channel.request('hello', { token: engine.address.token, rpc: RPC_VERSION + 1, client: 'x' });
    const older = { reason: 'protocol', engine: RPC_VERSION, client: RPC_VERSION + 1 };
    await expectRejection(hello, 'engine-version', older);
    channel.close();
  });

  test('bytes that are not a message close that connection only', async () => {
    const { engine } = await engineWith(new FakeStarter());
    const client = await clientOf(engine.address);
    const noise = createConnection(engine.address.socket);
    noise.on('error', () => {});
    const ended = new Promise((resolve) => noise.on('close', resolve));
    noise.write('Content-Length: nonsense\r\n\r\n{{{{');
    noise.write('Content-Length: 5\r\n\r\n{{{{{');
    await ended;
    expect(await client.request('status', {})).toEqual({ active: null, clients: 1 });
  });
});

describe('limits', () => {
  const framed = (message: unknown) => {
    const body = JSON.stringify(message);
    return `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
  };
  const padded = (bytes: number) => framed({ jsonrpc: '2.0', method: 'unheard', params: { text: 'x'.repeat(bytes) } });
  const ended = (socket: Socket) => new Promise<void>((resolve) => socket.on('close', () => resolve()).resume());

  test.each([
    ['one large message', padded(200_000)],
    ['a header without an end', 'X'.repeat(200_000)],
    ['the beginning of a huge message', `Content-Length: 4000000000\r\n\r\n${'x'.repeat(200_000)}`],
    ['many small messages', framed({ jsonrpc: '2.0', id: 1, method: 'status', params: {} }).repeat(3000)],
  ])('a client that has not authenticated is disconnected for %s', async (_, bytes) => {
    const { engine } = await engineWith(new FakeStarter());
    const client = await clientOf(engine.address);
    const socket = createConnection(engine.address.socket);
    socket.on('error', () => {});
    const end = ended(socket);
    socket.write(bytes);
    await end;
    expect(await client.request('status', {})).toEqual({ active: null, clients: 1 });
  });

  test('of many connections that do not authenticate, few are kept, and clients are served', async () => {
    const { engine } = await engineWith(new FakeStarter());
    const client = await clientOf(engine.address);
    const sockets = Array.from({ length: 100 }, () => createConnection(engine.address.socket));
    for (const socket of sockets) socket.on('error', () => {}).resume();
    await until(
      'those beyond the limit are shut out',
      () => sockets.filter((socket) => socket.closed).length === 100 - 32,
    );
    expect(await client.request('status', {})).toEqual({ active: null, clients: 1 });
    for (const socket of sockets) socket.destroy();
    await until('there is room again', () =>
      clientOf(engine.address).then(
        () => true,
        () => false,
      ),
    );
  });

  test.each([
    ['status', []],
    ['pause', { run: 1 }],
    ['resume', { folder: 'x', allowPrograms: 'yes' }],
    ['subscribe', { run: 'x', from: -1 }],
    ['subscribe', null],
  ])('bad parameters of %s are invalid params that name the field', async (name, params) => {
    const { engine } = await engineWith(new FakeStarter());
    const socket = createConnection(engine.address.socket);
    const said = new Promise<string>((resolve) => {
      let text = '';
      socket.on('data', (chunk) => {
        text += chunk;
        if (text.includes('"id":2')) resolve(text);
      });
    });
    const hello = { token: engine.address.token, rpc: RPC_VERSION, client: 'x' };
    socket.write(framed({ jsonrpc: '2.0', id: 1, method: 'hello', params: hello }));
    socket.write(framed({ jsonrpc: '2.0', id: 2, method: name, params }));
    const text = await said;
    const answers = text.split(/Content-Length: \d+\r\n\r\n/).filter(Boolean);
    const answer = answers.map((item) => JSON.parse(item)).find(({ id }) => id === 2);
    expect(answer.error).toMatchObject({ code: -32602, data: { code: 'usage', details: { reason: 'bad-message' } } });
    expect(typeof answer.error.data.details.field).toBe('string');
    socket.destroy();
  });

  test('a client may send large messages, but not huge ones', async () => {
    const { engine } = await engineWith(new FakeStarter());
    const socket = createConnection(engine.address.socket);
    const peer = enginePeer(socket);
    await peer.request('hello', { token: engine.address.token, rpc: RPC_VERSION, client: 'x' });
    for (let i = 0; i < 5; i++) {
      socket.write(padded(5_000_000));
      expect(await peer.request('status', {})).toEqual({ active: null, clients: 1 });
    }
    const end = ended(socket);
    socket.write(padded(40_000_000));
    await end;
    expect(peer.closed).toBe(true);
  });
});

describe('requests', () => {
  test('a run is started where requested, and becomes the active one', async () => {
    const runs = new FakeStarter();
    const { engine, home } = await engineWith(runs);
    const client = await clientOf(engine.address);
    expect(await client.request('start', { config, name: 'first' })).toEqual({
      run: 'first',
      folder: path.join(home, 'runs', 'first'),
    });
    expect((await client.request('status', {})).active).toMatchObject({ run: 'first', state: 'running', steps: 100 });
    const second = await clientOf(engine.address);
    expect(second.active).toMatchObject({ run: 'first' });
    runs.last.end('completed');
    expect((await client.request('status', {})).active).toBeNull();
    const there = path.join(temporaryFolder(), 'there');
    expect(await client.request('start', { config, out: there })).toEqual({
      run: 'named-by-engine',
      folder: path.join(there, 'named-by-engine'),
    });
  });

  test('a second start is told which run keeps the engine busy, also while that run is being prepared', async () => {
    const runs = new FakeStarter();
    const preparation = prepareSlowly(runs);
    const { engine } = await engineWith(runs);
    const client = await clientOf(engine.address);
    const first = client.request('start', { config, name: 'first' });
    await preparation.begun;
    const second = () => client.request('start', { config, name: 'second' });
    await expectRejection(second(), 'busy', { reason: 'preparing', run: 'first' });
    preparation.finish();
    await first;
    const busy = { reason: 'running', run: 'first' };
    await expectRejection(second(), 'busy', busy);
    await expectRejection(client.request('resume', { folder: '/other' }), 'busy', busy);
    expect(runs.runs).toHaveLength(1);
  });

  test('a start that fails names its error and leaves the engine free', async () => {
    const runs = new FakeStarter();
    runs.preparation = async () => {
      throw Object.assign(new Error('write failed'), { code: 'ENOSPC' });
    };
    const { engine } = await engineWith(runs);
    const client = await clientOf(engine.address);
    await expectRejection(client.request('start', { config }), 'disk', { reason: 'disk-full' });
    runs.preparation = async () => {};
    expect(await client.request('start', { config })).toMatchObject({ run: 'named-by-engine' });
  });

  test.each(['start', 'resume'] as const)(
    'canceling a %s reaches the preparation and the caller at once',
    async (name) => {
      const runs = new FakeStarter();
      let begun = false;
      let aborted = false;
      runs.preparation = ({ signal }) =>
        new Promise((_, reject) => {
          begun = true;
          signal.addEventListener('abort', () => {
            aborted = true;
            reject(new Error('aborted'));
          });
        });
      const { engine } = await engineWith(runs);
      const client = await clientOf(engine.address);
      const controller = new AbortController();
      const params = { start: { config }, resume: { folder: '/stopped' } };
      const request = client.request(name, params[name] as never, controller.signal);
      await until('the preparation begins', () => begun);
      controller.abort();
      await expect(request).rejects.toMatchObject({ code: 'canceled' });
      await until('the preparation is aborted', () => aborted);
      runs.preparation = async () => {};
      await until('the engine is free', () => engine.active === null);
      expect(await client.request('start', { config })).toMatchObject({ run: 'named-by-engine' });
    },
  );

  test('a run that is ready before it hears that it was canceled is stopped', async () => {
    const runs = new FakeStarter();
    const preparation = prepareSlowly(runs);
    const { engine } = await engineWith(runs);
    const client = await clientOf(engine.address);
    const controller = new AbortController();
    const request = client.request('resume', { folder: '/stopped' }, controller.signal);
    await preparation.begun;
    controller.abort();
    await expect(request).rejects.toMatchObject({ code: 'canceled' });
    // The cancellation arrived before this answer.
    await client.request('status', {});
    preparation.finish();
    await until('the run is stopped', () => runs.runs.length > 0 && runs.last.calls.includes('stop'));
    await until('the engine is free', () => engine.active === null);
  });

  test('an engine that shuts down cancels what it prepares', async () => {
    const runs = new FakeStarter();
    let begun = false;
    runs.preparation = ({ signal }) =>
      new Promise((_, reject) => {
        begun = true;
        signal.addEventListener('abort', () => reject(signal.reason));
      });
    const { engine } = await engineWith(runs);
    const client = await clientOf(engine.address);
    const request = client.request('resume', { folder: '/stopped' });
    const refused = expectRejection(request, 'canceled', { reason: 'shutting-down' });
    await until('the preparation begins', () => begun);
    await Promise.all([engine.shutdown(), refused]);
  });

  test('pause, continue and stop reach the run; unknown runs are reported', async () => {
    const runs = new FakeStarter();
    const { engine } = await engineWith(runs);
    const client = await clientOf(engine.address);
    const { run } = await client.request('start', { config });
    await client.request('pause', { run });
    expect((await client.request('status', {})).active?.state).toBe('paused');
    await client.request('continue', { run });
    await client.request('stop', { run });
    expect(runs.last.calls).toEqual(['pause', 'continue', 'stop']);
    // Stopping what has stopped is not an error, pausing it is.
    await client.request('stop', { run });
    expect(runs.last.calls).toEqual(['pause', 'continue', 'stop']);
    await expectRejection(client.request('pause', { run }), 'run-not-found', { reason: 'run-ended', run });
    const other = { reason: 'run-not-active', run: 'other' };
    await expectRejection(client.request('stop', { run: 'other' }), 'run-not-found', other);
  });

  test('names that cannot be folders are refused before anything starts', async () => {
    const runs = new FakeStarter();
    const { engine } = await engineWith(runs);
    const client = await clientOf(engine.address);
    for (const name of ['../up', 'a/b', 'a\\b', '.hidden', '', 'dot.', 'x'.repeat(101)]) {
      const facts = { reason: 'bad-run-name', value: name };
      await expectRejection(client.request('start', { config, name }), 'config', facts);
    }
    expect(runs.runs).toEqual([]);
    expect(await client.request('start', { config, name: 'Übung 3.1_b' })).toMatchObject({ run: 'Übung 3.1_b' });
  });

  test('parameters and results that do not match the protocol are refused on either side', async () => {
    const { engine } = await engineWith(new FakeStarter());
    const client = await clientOf(engine.address);
    const parameters = { reason: 'bad-message', request: 'subscribe', part: 'parameters', field: 'from' };
    await expectRejection(client.request('subscribe', { run: 'x', from: -1 }), 'usage', parameters);
    const bad = await engineWith(new FakeStarter(), { doctor: async () => ({ version: 1 }) as never });
    const other = await clientOf(bad.engine.address);
    const result = { reason: 'bad-message', request: 'doctor', part: 'result' };
    await expectRejection(other.request('doctor', {}), 'internal', result);
  });
});

describe('records', () => {
  test('arrive without gap or duplicate, from the journal and live, in order', async () => {
    const runs = new FakeStarter();
    runs.older = 2500;
    const { engine } = await engineWith(runs);
    const client = await clientOf(engine.address);
    const { run } = await client.request('start', { config });
    // Records come in every turn of the event loop, before, between and after the two subscriptions.
    let ticking = true;
    const tick = () => {
      if (!ticking) return;
      runs.last.emitMany(1);
      setImmediate(tick);
    };
    tick();
    const { seen } = await follow(client, run);
    const late = await clientOf(engine.address);
    const { seen: seenLate } = await follow(late, run, 1234);
    await until('records come live', () => seen.length > 2550 && seenLate.length > 2550 - 1234);
    ticking = false;
    const total = runs.last.journal.length;
    await until('all records', () => seen.length >= total && seenLate.length >= total - 1234);
    // What was sent before the answer has arrived with it.
    await Promise.all([client.request('status', {}), late.request('status', {})]);
    expect(seen).toEqual(numbers(0, total));
    expect(seenLate).toEqual(numbers(1234, total));
  });

  test('stop arriving after unsubscribe, and a second subscribe replaces the first', async () => {
    const runs = new FakeStarter();
    const { engine } = await engineWith(runs);
    const client = await clientOf(engine.address);
    const { run } = await client.request('start', { config });
    const { seen } = await follow(client, run);
    runs.last.emitMany(3);
    await until('three records', () => seen.length === 3);
    await client.request('subscribe', { run, from: 3 });
    runs.last.emitMany(2);
    await until('five records', () => seen.length === 5);
    await client.request('unsubscribe', { run });
    const other = await clientOf(engine.address);
    const { seen: seenByOther } = await follow(other, run);
    runs.last.emitMany(2);
    await until('seven records', () => seenByOther.length === 7);
    await client.request('status', {});
    expect(seen).toEqual(numbers(0, 5));
  });

  test('can still be read when the run has ended', async () => {
    const runs = new FakeStarter();
    const { engine } = await engineWith(runs);
    const client = await clientOf(engine.address);
    const { run } = await client.request('start', { config });
    runs.last.emitMany(4);
    runs.last.end('completed');
    const { seen, progress } = await follow(client, run);
    expect(seen).toEqual(numbers(0, 5));
    expect(progress).toBeNull();
  });

  test('a client that does not read stalls neither the run nor others, and misses nothing when it reads again', async () => {
    const runs = new FakeStarter();
    const { engine } = await engineWith(runs);
    const client = await clientOf(engine.address);
    const { run } = await client.request('start', { config });
    const { seen } = await follow(client, run);

    const socket = createConnection(engine.address.socket);
    const slow = enginePeer(socket);
    await slow.request('hello', { token: engine.address.token, rpc: RPC_VERSION, client: 'slow' });
    const slowSeen: number[] = [];
    slow.on('record', ({ record }) => slowSeen.push(record.seq));
    await slow.request('subscribe', { run, from: 0 });
    socket.pause();
    // More than the sockets' buffers and the records that are kept in memory (8192) can hold.
    for (let i = 0; i < 50; i++) {
      runs.last.emitMany(200, 500);
      await new Promise(setImmediate);
    }
    await until('the quick client has all', () => seen.length === 10_000);
    expect(slowSeen.length).toBeLessThan(5000);
    socket.resume();
    await until('the slow client has all', () => slowSeen.length === 10_000);
    expect(slowSeen).toEqual(numbers(0, 10_000));
    expect(runs.last.reads).toBeGreaterThan(2);
    slow.close();
  });

  test('progress is throttled to five per second, and the last update always arrives', async () => {
    const runs = new FakeStarter();
    const { engine } = await engineWith(runs);
    const client = await clientOf(engine.address);
    const { run } = await client.request('start', { config });
    const seen: Progress[] = [];
    client.on('progress', (progress) => seen.push(progress));
    await client.request('subscribe', { run, from: 0 });
    useFakeClock();
    for (let step = 1; step <= 100; step++) {
      runs.last.emitProgress(step);
      vi.advanceTimersByTime(5);
      // The answer comes after what was sent.
      await client.request('status', {});
    }
    vi.advanceTimersByTime(200);
    await until('the last progress', () => seen.at(-1)?.step === 100);
    // Half a second: at once, after 200 and 400 ms, and the last one.
    expect(seen.map(({ step }) => step)).toEqual([1, 40, 80, 100]);
  });
});

describe("the engine's lifetime", () => {
  test('an engine without clients and without a run ends after the grace time', async () => {
    useFakeClock();
    const { log, left } = countingLog();
    const { engine } = await engineWith(new FakeStarter(), { grace: 100, log });
    const client = await clientOf(engine.address);
    vi.advanceTimersByTime(1000);
    expect(await client.request('status', {})).toEqual({ active: null, clients: 1 });
    client.close();
    await until('the client has left', () => left() === 1);
    vi.advanceTimersByTime(99);
    (await clientOf(engine.address)).close();
    await until('another has come and left', () => left() === 2);
    vi.advanceTimersByTime(100);
    await engine.closed;
    await expect(createClient(engine.address)).rejects.toMatchObject({ code: 'engine-stopped' });
  });

  test('a run continues when the last client leaves, and the engine ends after it', async () => {
    const runs = new FakeStarter();
    useFakeClock();
    const { log, left } = countingLog();
    const { engine } = await engineWith(runs, { grace: 50, log });
    const client = await clientOf(engine.address);
    await client.request('start', { config });
    client.close();
    await until('the client has left', () => left() === 1);
    vi.advanceTimersByTime(1000);
    expect(runs.last.calls).toEqual([]);
    const again = await clientOf(engine.address);
    expect(again.active).toMatchObject({ run: 'named-by-engine', state: 'running' });
    again.close();
    await until('the other has left', () => left() === 2);
    runs.last.end('completed');
    // The engine learns of the end within this turn of the event loop.
    await new Promise(setImmediate);
    vi.advanceTimersByTime(50);
    await engine.closed;
  });

  test('a run whose client disconnects during preparation is still prepared', async () => {
    const runs = new FakeStarter();
    let prepared!: () => void;
    let signal: AbortSignal | undefined;
    runs.preparation = (request) => {
      signal = request.signal;
      return new Promise((resolve) => {
        prepared = resolve;
      });
    };
    const { log, left } = countingLog();
    const { engine } = await engineWith(runs, { log });
    const client = await clientOf(engine.address);
    const request = client.request('start', { config });
    await until('the preparation begins', () => signal);
    client.close();
    await expect(request).rejects.toMatchObject({ code: 'engine-stopped' });
    await until('the client has left', () => left() === 1);
    prepared();
    await until('the run is active', () => engine.active !== null);
    expect(signal!.aborted).toBe(false);
  });

  test('with the other choice it is stopped with a checkpoint, unless a client returns in time', async () => {
    const runs = new FakeStarter();
    useFakeClock();
    const { log, left } = countingLog();
    const { engine } = await engineWith(runs, { grace: 150, whenAlone: 'stop', log });
    const client = await clientOf(engine.address);
    await client.request('start', { config });
    client.close();
    await until('the client has left', () => left() === 1);
    vi.advanceTimersByTime(149);
    const again = await clientOf(engine.address);
    vi.advanceTimersByTime(1000);
    expect(runs.last.calls).toEqual([]);
    again.close();
    await until('the other has left', () => left() === 2);
    vi.advanceTimersByTime(150);
    await engine.closed;
    expect(runs.last.calls).toEqual(['stop']);
  });

  test('shutdown stops the run, and clients get its last records before the connection closes', async () => {
    const runs = new FakeStarter();
    const { engine } = await engineWith(runs);
    const client = await clientOf(engine.address);
    const { run } = await client.request('start', { config });
    const { seen } = await follow(client, run);
    const ended = new Promise<void>((resolve) => client.onClose(() => resolve()));
    runs.last.emitMany(500);
    await client.request('shutdown', {});
    await ended;
    await engine.closed;
    expect(runs.last.calls).toEqual(['stop']);
    expect(seen).toEqual(numbers(0, 501));
  });

  test('pending requests are rejected when the connection closes', async () => {
    const runs = new FakeStarter();
    const preparation = prepareSlowly(runs);
    const { engine } = await engineWith(runs);
    const channel = enginePeer(createConnection(engine.address.socket));
    await channel.request('hello', { token: engine.address.token, rpc: RPC_VERSION, client: 'x' });
    const waiting = channel.request('start', { config });
    await preparation.begun;
    channel.close();
    await expect(waiting).rejects.toMatchObject({ code: 'engine-stopped' });
    await expect(channel.request('status', {})).rejects.toMatchObject({ code: 'engine-stopped' });
    // The start itself continues: the client may only have reloaded.
    preparation.finish();
    await until('the run', () => engine.active?.state === 'running');
  });

  test('errors are logged and sent to clients', async () => {
    const { engine, home } = await engineWith(new FakeStarter());
    const client = await clientOf(engine.address);
    const told: string[] = [];
    client.on('log', ({ level, message }) => told.push(`${level}: ${message}`));
    engine.reportError('Something failed', new Error('for a reason'));
    await until('the message', () => told.length === 1);
    expect(told).toEqual(['error: Something failed: for a reason']);
    const [file] = readdirSync(path.join(home, 'logs'));
    expect(readFileSync(path.join(home, 'logs', file!), 'utf8')).toContain('for a reason\n    at ');
  });
});
