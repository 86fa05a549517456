import '../../engine/protocol/schema-words.ts';
import { setImmediate as turn } from 'node:timers/promises';
import { MessageChannel } from 'node:worker_threads';
import { afterEach, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { defineContract, unchecked } from '../../engine/messages/contract.ts';
import { Peer, type PeerOptions } from '../../engine/messages/peer.ts';
import { portTransport } from '../../engine/messages/post.ts';
import { transfer } from '../../engine/messages/transport.ts';
import { Pages, pageTransport } from '../../engine/messages/webview.ts';
import { RollscopeError } from '../../engine/protocol/errors.ts';
import { expectRejection } from '../support/refusals.ts';
import { until } from '../support/wait.ts';

const contract = defineContract({
  requests: {
    add: {
      params: z.strictObject({ a: z.number(), b: z.number().default(1) }),
      result: unchecked<{ sum: number }>(),
    },
    wait: { params: unchecked<{ label: string }>(), result: unchecked<null>() },
    scale: {
      params: unchecked<{ values: Float32Array; by: number }>(),
      result: unchecked<{ values: Float32Array }>(),
    },
    checked: { params: z.strictObject({}), result: z.strictObject({ ok: z.boolean() }) },
  },
  notifications: {
    tick: z.strictObject({ at: z.number() }),
    columns: unchecked<{ values: Float64Array }>(),
  },
});
type Contract = typeof contract;

const closing: { close(): void }[] = [];
afterEach(() => {
  for (const one of closing.splice(0)) one.close();
});

/** Two peers over a message channel of `worker_threads`: what is posted is cloned, as between threads. */
function pair(options: PeerOptions<Contract> = {}) {
  const { port1, port2 } = new MessageChannel();
  const client = new Peer<Contract>(portTransport(port1), { contract }).listen();
  const server = new Peer<Contract>(portTransport(port2), { contract, ...options });
  closing.push(client, server, port1, port2);
  return { client, server, raw: port1 };
}

const failure = async (promise: Promise<unknown>): Promise<RollscopeError> => {
  try {
    await promise;
  } catch (error) {
    if (error instanceof RollscopeError) return error;
    throw error;
  }
  throw new Error('nothing failed');
};

describe('requests', () => {
  test('are answered with their own results, in any order; defaults are filled in', async () => {
    const { client, server } = pair();
    server.handle('add', async ({ a, b }) => {
      for (let i = a; i < 5; i++) await turn();
      return { sum: a + b };
    });
    server.listen();
    const sums = await Promise.all([1, 2, 3, 4].map((a) => client.request('add', a === 1 ? { a } : { a, b: 10 })));
    expect(sums.map(({ sum }) => sum)).toEqual([2, 12, 13, 14]);
  });

  test('that fail return the error that was thrown; other exceptions return internal, and are reported where they occurred', async () => {
    const reported: unknown[] = [];
    const { client, server } = pair({ report: (error) => reported.push(error) });
    server.handle('add', ({ a }) => {
      if (a > 0) throw new RollscopeError('dataset', 'line 3 is empty', 'fill it', { problem: 7 });
      throw new TypeError('a bug');
    });
    server.listen();
    expect(await failure(client.request('add', { a: 1 }))).toMatchObject({
      code: 'dataset',
      message: 'line 3 is empty',
      hint: 'fill it',
      problem: 7,
    });
    expect(await failure(client.request('add', { a: 0 }))).toMatchObject({ code: 'internal', message: 'a bug' });
    expect(reported).toEqual([expect.any(TypeError)]);
  });

  test('with unknown names or invalid parameters are usage errors', async () => {
    const { client, server, raw } = pair();
    server.handle('add', ({ a, b }) => ({ sum: a + b }));
    server.listen();
    const unknown = (request: string) => ({ reason: 'unknown-request', request });
    await expectRejection(client.request('wait', { label: 'x' }), 'usage', unknown('wait'));
    const bad = { reason: 'bad-message', request: 'add', part: 'parameters', field: 'a' };
    await expectRejection(client.request('add', { a: 'one' } as never), 'usage', bad);
    await expectRejection(client.request('toString' as never, {} as never), 'usage', unknown('toString'));
    // What no client of ours sends: no parameters, a list of them, a name that every object has.
    const answers: unknown[] = [];
    raw.on('message', (message) => answers.push(message));
    for (const params of [undefined, [{ a: 1 }], null, 'a']) {
      raw.postMessage({ jsonrpc: '2.0', id: `${JSON.stringify(params)}`, method: 'add', params });
    }
    await until('all have answers', () => answers.length === 4);
    expect(answers).toEqual(
      Array(4).fill(expect.objectContaining({ error: expect.objectContaining({ code: -32602 }) })),
    );
    expect(server.closed).toBe(false);
  });

  test('with an invalid result fail', async () => {
    const { client, server } = pair();
    server.handle('checked', () => ({ ok: 'yes' }) as never);
    server.listen();
    const facts = { reason: 'bad-message', request: 'checked', part: 'result', field: 'ok' };
    await expectRejection(client.request('checked', {}), 'internal', facts);
  });

  test('are rejected at once when canceled, and the handler is notified', async () => {
    const { client, server } = pair();
    let begun!: (signal: AbortSignal) => void;
    const signal = new Promise<AbortSignal>((resolve) => {
      begun = resolve;
    });
    server.handle('wait', (_, signal) => {
      begun(signal);
      return new Promise(() => {});
    });
    server.listen();
    const controller = new AbortController();
    const waiting = failure(client.request('wait', { label: 'x' }, { signal: controller.signal }));
    const seen = await signal;
    controller.abort();
    expect((await waiting).code).toBe('canceled');
    await until('the handler is told', () => seen.aborted);
    // Before it is sent.
    expect((await failure(client.request('wait', { label: 'y' }, { signal: controller.signal }))).code).toBe(
      'canceled',
    );
  });

  test('that are canceled before their turn do not reach their handlers', async () => {
    const { client, server } = pair();
    const labels: string[] = [];
    server.handle('wait', ({ label }) => {
      labels.push(label);
      return null;
    });
    const controller = new AbortController();
    const waiting = failure(client.request('wait', { label: 'x' }, { signal: controller.signal }));
    controller.abort();
    await waiting;
    server.listen();
    await client.request('wait', { label: 'y' });
    expect(labels).toEqual(['y']);
  });

  test('that are pending when the connection closes are rejected, with the reason if there is one', async () => {
    for (const reason of [undefined, new RollscopeError('device', 'the device was lost')]) {
      const { client, server } = pair();
      server.handle('wait', () => new Promise(() => {}));
      server.listen();
      const waiting = failure(client.request('wait', { label: 'x' }));
      const ends: unknown[] = [];
      client.onClose((error) => ends.push(error));
      await turn();
      client.close(reason);
      expect((await waiting).code).toBe(reason?.code ?? 'engine-stopped');
      expect((await failure(client.request('wait', { label: 'x' }))).code).toBe(reason?.code ?? 'engine-stopped');
      expect(ends).toEqual([reason]);
    }
  });

  test('notify their handlers that the connection has closed, and why', async () => {
    for (const reason of [undefined, new RollscopeError('device', 'the device was lost')]) {
      const { client, server } = pair();
      let begun!: (signal: AbortSignal) => void;
      const signal = new Promise<AbortSignal>((resolve) => {
        begun = resolve;
      });
      server.handle('wait', (_, given) => {
        begun(given);
        return new Promise(() => {});
      });
      server.listen();
      void failure(client.request('wait', { label: 'x' }));
      const seen = await signal;
      expect(seen.aborted).toBe(false);
      server.close(reason);
      expect([seen.aborted, seen.reason.code]).toEqual([true, reason?.code ?? 'engine-stopped']);
    }
  });

  test('that cannot be cloned fail where they are sent, and the caller is told', async () => {
    const { client, server } = pair();
    server.handle('scale', () => ({ values: (() => {}) as never }));
    server.listen();
    expect((await failure(client.request('wait', { label: (() => {}) as never }))).code).toBe('internal');
    expect((await failure(client.request('scale', { values: new Float32Array(1), by: 2 }))).code).toBe('internal');
  });

  test('in progress are answered before flushAndClose closes', async () => {
    const { client, server } = pair();
    server.handle('wait', async () => {
      for (let i = 0; i < 3; i++) await turn();
      void server.flushAndClose();
      await turn();
      return null;
    });
    server.listen();
    expect(await client.request('wait', { label: 'x' })).toBeNull();
    await until('the server closes', () => server.closed);
  });
});

describe('arrays', () => {
  test('of 100 MB cross a message port and return without being copied, with their types', async () => {
    const { client, server } = pair();
    server.handle('scale', ({ values, by }) => {
      values[0]! *= by;
      return transfer({ values }, [values.buffer as ArrayBuffer]);
    });
    server.listen();
    const values = new Float32Array(25_000_000).fill(3);
    const params = transfer({ values, by: 2 }, [values.buffer as ArrayBuffer]);
    const result = await client.request('scale', params);
    expect(values.length).toBe(0);
    expect(result.values).toBeInstanceOf(Float32Array);
    expect([result.values.length, result.values[0], result.values[1]]).toEqual([25_000_000, 6, 3]);
  });
});

describe('notifications', () => {
  test('arrive in order, before the response that was sent after them', async () => {
    const { client, server } = pair();
    const seen: number[] = [];
    client.on('tick', ({ at }) => seen.push(at));
    server.handle('wait', () => {
      for (let at = 0; at < 20; at++) void server.notify('tick', { at });
      return null;
    });
    server.listen();
    await client.request('wait', { label: 'x' });
    expect(seen).toEqual(Array.from({ length: 20 }, (_, i) => i));
  });

  test('that do not match close the connection; unknown ones and listeners that throw do not', async () => {
    const { client, server } = pair();
    server.listen();
    client.on('tick', () => {
      throw new Error('a bug');
    });
    const ends: (RollscopeError | undefined)[] = [];
    client.onClose((error) => ends.push(error));
    await server.notify('unheard' as never, {} as never);
    await server.notify('tick', { at: 1 });
    for (let i = 0; i < 5; i++) await turn();
    expect(ends).toEqual([]);
    await server.notify('tick', { at: 'now' } as never);
    await until('the conversation ends', () => ends.length > 0);
    expect(ends.map((error) => error?.code)).toEqual(['internal']);
  });
});

describe('an invalid message', () => {
  test.each([
    'hello',
    null,
    { jsonrpc: '2.0' },
    { jsonrpc: '2.0', method: '$/cancelRequest' },
    { jsonrpc: '2.0', method: 'add', id: null },
    { jsonrpc: '2.0', id: 1, error: 'no' },
  ])('%j closes the connection', async (message) => {
    const { server, raw } = pair();
    server.listen();
    raw.postMessage(message);
    expect(await until('the server closes', () => server.closed)).toBe(true);
  });
});

/** A webview whose page can be replaced; what crosses is cloned. */
class FakeWebview {
  page: ((message: unknown) => void) | null = null;
  #host: ((message: unknown) => void) | null = null;
  async postMessage(message: unknown) {
    this.page?.(structuredClone(message));
    return this.page !== null;
  }
  onDidReceiveMessage(listener: (message: unknown) => void) {
    this.#host = listener;
    return {
      dispose: () => {
        this.#host = null;
      },
    };
  }
  /** A page begins; the one before is gone. */
  open(): Peer<Contract> {
    let listener: (message: unknown) => void = () => {};
    this.page = (message) => listener(message);
    const transport = pageTransport({
      post: (message) => this.#host?.(structuredClone(message)),
      onMessage: (own) => {
        listener = own;
      },
    });
    const peer = new Peer<Contract>(transport).listen();
    closing.push(peer);
    return peer;
  }
}

describe('the page and its host', () => {
  test('exchange requests, errors, notifications and arrays', async () => {
    const webview = new FakeWebview();
    const pages = new Pages<Contract>(webview, { contract }, (peer) => {
      peer.handle('add', ({ a, b }) => ({ sum: a + b }));
      peer.handle('scale', ({ values, by }) => ({ values: values.map((value) => value * by) }));
    });
    expect(pages.current).toBeNull();
    const page = webview.open();
    expect(await page.request('add', { a: 1, b: 2 })).toEqual({ sum: 3 });
    expect((await failure(page.request('add', {} as never))).code).toBe('usage');
    expect((await page.request('scale', { values: Float32Array.of(1, 2), by: 2 })).values).toEqual(
      Float32Array.of(2, 4),
    );
    const columns: Float64Array[] = [];
    page.on('columns', ({ values }) => columns.push(values));
    await pages.current?.notify('columns', { values: Float64Array.of(1) });
    await until('the columns come', () => columns.length > 0);
    expect(columns).toEqual([Float64Array.of(1)]);
    pages.dispose();
  });

  test('do not deliver a response to a page that has been replaced', async () => {
    const webview = new FakeWebview();
    const answers: ((sum: number) => void)[] = [];
    const peers: Peer<Contract>[] = [];
    const pages = new Pages<Contract>(webview, { contract }, (peer) => {
      peers.push(peer);
      peer.handle('add', () => new Promise((resolve) => answers.push((sum) => resolve({ sum }))));
    });
    const first = webview.open();
    const lost = first.request('add', { a: 1 }).catch(() => 'lost');
    await until('the first is answered', () => answers.length === 1);
    const second = webview.open();
    const asked = second.request('add', { a: 2 });
    await until('the second is answered', () => answers.length === 2);
    expect(peers.map(({ closed }) => closed)).toEqual([true, false]);
    expect(pages.current).toBe(peers[1]);
    answers[0]!(1);
    answers[1]!(2);
    expect(await asked).toEqual({ sum: 2 });
    first.close();
    expect(await lost).toBe('lost');
    pages.dispose();
  });
});
