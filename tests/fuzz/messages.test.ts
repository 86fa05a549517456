/** What a stranger sends to the engine's socket, and what a page posts to the host: refused, and nothing else happens. */

import type { Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import type { Handlers } from '../../engine/messages/contract.ts';
import { Peer } from '../../engine/messages/peer.ts';
import { postTransport } from '../../engine/messages/post.ts';
import { SocketTransport } from '../../engine/messages/socket.ts';
import { PANEL, type PanelContract } from '../../engine/runs/panel-contract.ts';
import { ENGINE, type EngineContract } from '../../engine/server/contract.ts';
import { fuzz } from './support/fuzz.ts';
import { mutateBytes, mutateJson } from './support/mutate.ts';

const call = (method: string, params: unknown, id?: unknown) => ({ jsonrpc: '2.0', id, method, params });
const framed = (message: unknown) => {
  const text = JSON.stringify(message);
  return `Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`;
};

const ENGINE_CALLS = [
  call('hello', { token: 'x', rpc: 3, client: 'y' }, 1),
  call('subscribe', { run: 'r', from: 0 }, 2),
  call('start', { config: { dataset: { path: 'embedded' } } }, 'three'),
  call('status', {}, 4),
  call('$/cancelRequest', { id: 1 }),
  { jsonrpc: '2.0', id: 5, result: {} },
  { jsonrpc: '2.0', id: 6, error: { code: -1, message: 'x' } },
];

/** Answers everything with nothing, and passes on what only a bug throws. */
function answering<C extends EngineContract | PanelContract>(contract: C, faults: unknown[]): Handlers<C> {
  const names = Object.keys(contract.requests);
  return Object.fromEntries(
    names.map((name) => [name, () => (faults.length > 0 ? null : {})]),
  ) as unknown as Handlers<C>;
}

fuzz({
  name: 'socket',
  share: 60,
  make: (random) => {
    const frames = ENGINE_CALLS.map((item) => framed(random.below(2) === 0 ? mutateJson(random, item) : item));
    return random.below(2) === 0
      ? Buffer.from(frames.join(''))
      : mutateBytes(
          random,
          frames.map((frame) => Buffer.from(frame)),
        );
  },
  run: async (input) => {
    const faults: unknown[] = [];
    // What a stream has that is both ends of a socket.
    const stream = new PassThrough() as unknown as Socket;
    const sink = new PassThrough();
    const transport = new SocketTransport(Object.assign(stream, { write: sink.write.bind(sink) }) as Socket, {
      untrusted: 2 ** 16,
      message: 2 ** 20,
    });
    sink.resume();
    const peer = new Peer<EngineContract>(transport, { contract: ENGINE, report: (error) => faults.push(error) });
    peer.handleAll(answering(ENGINE, faults), () => {});
    peer.listen();
    stream.emit('data', input);
    for (let turns = 0; turns < 4; turns++) await new Promise((resolve) => setImmediate(resolve));
    peer.close();
    if (faults.length > 0) throw faults[0];
  },
});

const PAGE_CALLS = [
  call('attach', {}, 1),
  call('readGroup', { run: '/x', group: { phase: 'train', step: 1, problem: 0 } }, 2),
  call('control', { run: '/x', action: 'pause' }, 3),
  call('perform', { action: 'train' }, 4),
  call('$/cancelRequest', { id: 2 }),
];

fuzz({
  name: 'page-messages',
  share: 60,
  make: (random) => Buffer.from(JSON.stringify(PAGE_CALLS.map((item) => mutateJson(random, item)))),
  run: async (input) => {
    const faults: unknown[] = [];
    let deliver: (message: unknown) => void = () => {};
    const transport = postTransport({
      post: () => {},
      receive: (listener) => {
        deliver = listener;
        return () => {};
      },
    });
    const peer = new Peer<PanelContract>(transport, { contract: PANEL, report: (error) => faults.push(error) });
    peer.handleAll(answering(PANEL, faults), () => {});
    peer.listen();
    for (const message of JSON.parse(input.toString()) as unknown[]) deliver(message);
    for (let turns = 0; turns < 4; turns++) await new Promise((resolve) => setImmediate(resolve));
    peer.close();
    if (faults.length > 0) throw faults[0];
  },
});
