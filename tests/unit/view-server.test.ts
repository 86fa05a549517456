/** The server of `rollscope view`: who gets what, and what a page is told. */
import { writeFileSync } from 'node:fs';
import { request } from 'node:http';
import path from 'node:path';
import { afterEach, describe, expect, onTestFinished, test } from 'vitest';
import { FrameReader, toBytes } from '../../engine/messages/bytes.ts';
import { Peer } from '../../engine/messages/peer.ts';
import { pageTransport } from '../../engine/messages/webview.ts';
import { RollscopeError } from '../../engine/protocol/errors.ts';
import { RunColumns } from '../../engine/runs/columns.ts';
import { unpack } from '../../engine/runs/packed.ts';
import type { PanelContract, Shown } from '../../engine/runs/panel-contract.ts';
import type { Program } from '../../engine/view/command-line.ts';
import { ViewServer } from '../../engine/view/server.ts';
import { ViewedRun } from '../../engine/view/viewed-run.ts';
import { temporaryFolder } from '../support/processes.ts';
import { step } from '../support/records.ts';
import { expectRejection } from '../support/refusals.ts';
import { createFixtureJournal, playFixture, writeRunFixture } from '../support/run-fixture.ts';
import { until } from '../support/wait.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

/** A command line that says how it was called. */
function fakeProgram(): Program {
  const cli = path.join(temporaryFolder(), 'cli.mjs');
  writeFileSync(
    cli,
    `const reward = process.argv.slice(2).join(' ');
    const comparison = { trainedBy: null, groups: 1, rewards: [{ reward }], notComputed: {} };
    console.log(JSON.stringify({ alignment: [{ measure: reward }], ...comparison }));`,
  );
  return { node: process.execPath, cli };
}

async function serve(folder: string): Promise<{ server: ViewServer; token: string; errors: unknown[] }> {
  const errors: unknown[] = [];
  const report = (error: unknown) => errors.push(error);
  const viewed = await ViewedRun.open(folder, report);
  const server = await ViewServer.listen(viewed, {
    port: 0,
    report,
    script: () => import.meta.filename,
    program: fakeProgram(),
  });
  open.push({
    close: async () => {
      await server.close();
      viewed.dispose();
    },
  });
  return { server, token: new URL(server.address).hash.replace('#token=', ''), errors };
}

interface Asked {
  method?: string;
  path?: string;
  headers?: Record<string, string>;
  body?: Uint8Array;
}

function ask(port: number, { method = 'GET', path: where = '/', headers = {}, body }: Asked) {
  return new Promise<{ status: number; headers: Record<string, unknown>; text: string }>((resolve, reject) => {
    const asking = request({ host: '127.0.0.1', port, method, path: where, headers }, (response) => {
      let text = '';
      response.on('data', (piece) => {
        text += piece;
      });
      response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, text }));
    });
    asking.on('error', reject);
    asking.end(body);
  });
}

/** A page that is attached through the server, as `webview/browser/live-host.ts` is. */
async function attach({ server, token }: { server: ViewServer; token: string }) {
  const headers = { authorization: `Bearer ${token}` };
  const base = `http://127.0.0.1:${server.port}`;
  const controller = new AbortController();
  onTestFinished(() => controller.abort());
  const response = await fetch(`${base}/stream/p1`, { headers, signal: controller.signal });
  const listeners: ((message: unknown) => void)[] = [];
  const reader = new FrameReader((message) => {
    for (const listener of listeners) listener(message);
  });
  const read = async () => {
    for await (const piece of response.body!) reader.add(piece);
  };
  read().catch(() => undefined);
  const peer = new Peer<PanelContract>(
    pageTransport({
      post: (message) => {
        const asking = fetch(`${base}/ask/p1`, { method: 'POST', headers, body: toBytes(message) });
        asking.catch(() => undefined);
      },
      onMessage: (listener) => listeners.push(listener),
    }),
  );
  const shown: Shown[] = [];
  let columns = new RunColumns();
  peer.on('shown', (item) => {
    shown.push(item);
    if (item.run && item.columns) columns = unpack(item.columns, null);
  });
  peer.on('columns', (item) => {
    columns = unpack(item.columns, columns);
  });
  peer.listen();
  await peer.request('attach', {});
  await until('the run is there', () => columns.groups.length > 0);
  const latest = shown.at(-1) as Extract<Shown, { problems: unknown }>;
  return { peer, folder: latest.run!.folder, columns: () => columns };
}

describe('a page', () => {
  test('receives the run and its rollouts, and can change nothing', async () => {
    const folder = path.join(temporaryFolder(), 'a');
    await writeRunFixture(folder, { problems: 4, steps: 2 });
    const served = await serve(folder);
    const { peer, columns, folder: run } = await attach(served);
    expect(columns().step).toBe(2);
    const group = columns().idOf(0);
    const { detail, why } = await peer.request('readGroup', { run, group });
    expect(detail.rollouts.length).toBe(why.length);
    for (const request of [
      peer.request('control', { run, action: 'stop' }),
      peer.request('perform', { action: 'train' }),
      peer.request('openRollout', { run, group, rollout: 0 }),
      peer.request('revealProblem', { run, problem: 0 }),
    ]) {
      await expectRejection(request, 'usage', { reason: 'read-only' });
    }
    expect(served.errors).toEqual([]);
  });

  test('receives what is computed from the stored rollouts alone, with any number of pages', async () => {
    const folder = path.join(temporaryFolder(), 'a');
    await writeRunFixture(folder, { problems: 4, steps: 2 });
    const { peer, folder: run } = await attach(await serve(folder));
    const asked = await Promise.all(
      [1, 2, 1, 2].map((step) => peer.request('calibrate', { run, phase: 'train', step })),
    );
    expect(asked.map(([one]) => one!.measure.split(' ').slice(-4))).toEqual(
      [1, 2, 1, 2].map((step) => ['--phase', 'train', '--step', String(step)]),
    );
    const { rewards } = await peer.request('rescore', { run, phase: 'train', step: 2, problem: 0 });
    expect(rewards[0]!.reward).toMatch(/^rescore --json .* --phase train --step 2 --problem \S+$/);
  });

  test('follows a run that is being written', async () => {
    const folder = path.join(temporaryFolder(), 'live');
    const options = { problems: 3, steps: 4, outcome: 'running' as const };
    const journal = await createFixtureJournal(folder, options);
    onTestFinished(() => journal.close());
    await playFixture(journal, { ...options, steps: 1 });
    const { columns } = await attach(await serve(folder));
    expect(columns().step).toBe(1);
    const { seq: _, time: __, ...record } = step(0, 2);
    journal.append(record);
    await until('the next step is there', () => columns().step === 2);
    expect(columns().series.steps).toEqual([1, 2]);
  });
});

describe('the server', () => {
  test('serves the page without data, with a policy that allows no other script', async () => {
    const folder = path.join(temporaryFolder(), 'b');
    await writeRunFixture(folder, { problems: 2, steps: 1 });
    const { server, token } = await serve(folder);
    const page = await ask(server.port, {});
    expect(page.status).toBe(200);
    const policy = String(page.headers['content-security-policy']);
    const nonce = /script-src 'nonce-([^']+)'/.exec(policy)![1]!;
    expect(policy).not.toMatch(/unsafe|\*/);
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).toContain("connect-src 'self'");
    expect(page.text.match(/<script/g)).toHaveLength(2);
    expect(page.text).toContain(nonce);
    expect(page.text).not.toContain(token);
    expect((await ask(server.port, {})).headers['content-security-policy']).not.toBe(policy);
    expect((await ask(server.port, { path: '/panel.js' })).headers['content-type']).toMatch('text/javascript');
  });

  const stream = '/stream/x';
  test.each<[string, number, Asked, boolean?]>([
    ['a stream without the token', 401, { path: stream }],
    ['a stream with another token', 401, { path: stream, headers: { authorization: 'Bearer x' } }],
    ['a message without the token', 401, { path: '/ask/x', method: 'POST' }],
    ['a name that another site points here', 403, { headers: { host: 'evil.example:80' } }],
    ['such a name with the token', 403, { path: stream, headers: { host: 'evil.example' } }, true],
    ['a request of another origin', 403, { path: stream, headers: { origin: 'http://localhost:1' } }, true],
    ['a request of another site', 403, { headers: { 'sec-fetch-site': 'cross-site' } }],
    ['writing', 405, { method: 'PUT' }],
    ['a message as GET', 405, { path: '/ask/x' }, true],
    ['a message of a page without a stream', 404, { path: '/ask/x', method: 'POST' }, true],
    ['a file of the package', 404, { path: '/cli.js' }],
    ['a path that climbs', 404, { path: '/panel.js/../../package.json' }],
    ['a path that climbs in disguise', 404, { path: '/%2e%2e/package.json' }],
  ])('refuses %s', async (_, status, { headers = {}, ...asked }, withToken = false) => {
    const folder = path.join(temporaryFolder(), 'c');
    await writeRunFixture(folder, { problems: 2, steps: 1 });
    const { server, token } = await serve(folder);
    const own: Record<string, string> = withToken ? { authorization: `Bearer ${token}` } : {};
    const answer = await ask(server.port, { ...asked, headers: { ...own, ...headers } });
    expect([answer.status, answer.text]).toEqual([status, '']);
  });

  test('works through a tunnel, whose port differs', async () => {
    const folder = path.join(temporaryFolder(), 'd');
    await writeRunFixture(folder, { problems: 2, steps: 1 });
    const { server } = await serve(folder);
    for (const host of ['localhost:9000', '127.0.0.1:9000', '[::1]:9000']) {
      expect((await ask(server.port, { headers: { host } })).status).toBe(200);
    }
  });

  test('refuses messages that are too long or invalid', async () => {
    const folder = path.join(temporaryFolder(), 'e');
    await writeRunFixture(folder, { problems: 2, steps: 1 });
    const served = await serve(folder);
    await attach(served);
    const headers = { authorization: `Bearer ${served.token}` };
    const send = (body: Uint8Array) =>
      ask(served.server.port, { path: '/ask/p1', method: 'POST', headers, body }).then(({ status }) => status);
    expect(await send(new Uint8Array([1, 2, 3]))).toBe(400);
    expect(await send(new Uint8Array(2 ** 21))).toBe(413);
  });

  test('refuses requests of a hostile page, and keeps serving', async () => {
    const folder = path.join(temporaryFolder(), 'g');
    await writeRunFixture(folder, { problems: 2, steps: 1 });
    const served = await serve(folder);
    const { peer, columns, folder: run } = await attach(served);
    const group = columns().idOf(0);
    const query = { text: 'x' };
    const note = { id: '__proto__', time: 'now', text: '', pinned: 1 };
    const asked: [string, unknown][] = [
      ['readGroup', { run: '/etc', group }],
      ['readGroup', { run, group: { ...group, problem: 2 ** 53 } }],
      ['readGroup', { run, group: { ...group, problem: 1_000_000 } }],
      ['readGroup', { run, group: { ...group, step: -1 } }],
      ['readGroup', { run, group: { ...group, phase: 'constructor' } }],
      ['readGroup', { run, group: null }],
      ['readGroup', { run, group, rollout: 1e300 }],
      ['readGroup', { run, group, more: true }],
      ['find', { run, query: { ...query, regex: '(((((' } }],
      ['find', { run, query: { regex: 'x{99999999}' } }],
      ['find', { run, query: 'x'.repeat(100_000) }],
      ['readPrompt', { run, problem: '../../etc/passwd' }],
      ['compareWithRun', { run, other: '/etc/passwd' }],
      ['compareWithRun', { run, other: '../..' }],
      ['rescore', { run, phase: 'train; rm', step: null, problem: null }],
      ['calibrate', { run, phase: 'train', step: 1e300 }],
      ['saveFile', { name: '../../evil', content: 'x', encoding: 'utf8' }],
      ['writeNote', { run, note }],
      ['perform', { action: 'workbench.action.quit' }],
      ['constructor', {}],
      ['__proto__', {}],
      ['hasOwnProperty', { run }],
    ];
    const ask = peer.request.bind(peer) as (name: string, params: unknown) => Promise<unknown>;
    for (const [name, params] of asked) {
      const said = JSON.stringify([name, params]).slice(0, 200);
      const error = await ask(name, params).then(
        () => null,
        (refused: unknown) => refused,
      );
      expect(error, said).toBeInstanceOf(RollscopeError);
      expect((error as RollscopeError).code, `${said}: ${String(error)}`).not.toBe('internal');
    }
    expect((await peer.request('readGroup', { run, group })).detail.rollouts.length).toBeGreaterThan(0);
    expect(served.errors).toEqual([]);
  });

  test('names a port that is in use', async () => {
    const folder = path.join(temporaryFolder(), 'f');
    await writeRunFixture(folder, { problems: 2, steps: 1 });
    const { server } = await serve(folder);
    const viewed = await ViewedRun.open(folder, () => undefined);
    onTestFinished(() => viewed.dispose());
    const again = ViewServer.listen(viewed, {
      port: server.port,
      report: () => undefined,
      script: String,
      program: fakeProgram(),
    });
    await expectRejection(again, 'usage', { reason: 'port-unavailable', value: String(server.port) });
  });
});
