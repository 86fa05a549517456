import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { scanCacheDir } from '@huggingface/hub';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { assetPath } from '../../engine/assets.ts';
import { parseHubId } from '../../engine/model/hub.ts';
import { openModel } from '../../engine/model/source.ts';
import { expectRejection } from '../support/refusals.ts';
import { until } from '../support/wait.ts';

const EMBEDDED = assetPath('engine', 'embedded', 'model');
/** What the server's branch and tag are. */
const COMMIT = 'a'.repeat(40);
const TAGGED = 'b'.repeat(40);
const REVISIONS: Record<string, string> = { main: COMMIT, 'v1.0': TAGGED, [COMMIT]: COMMIT, [TAGGED]: TAGGED };
let files: string;
let cacheDir: string;
let hubCache: string;
let server: Server;
let requests: string[];
/** Bytes after which the server breaks off a weight file. */
let breakAfter: number | null;
/** What the server says that the repository has. */
let siblings: { rfilename: string }[];
let status: number | null;

beforeEach(async () => {
  const root = mkdtempSync(path.join(os.tmpdir(), 'rs-hub-'));
  files = path.join(root, 'files');
  cacheDir = path.join(root, 'cache');
  cpSync(EMBEDDED, files, { recursive: true });
  requests = [];
  breakAfter = null;
  siblings = [];
  status = null;
  server = createServer((request, response) => {
    const url = decodeURIComponent(request.url!).split('?')[0]!;
    const asked = /^\/api\/models\/owner\/(\w+)\/revision\/(.+)$/.exec(url);
    if (asked && status === null) {
      requests.push(`revision ${asked[2]} ${request.headers.authorization ?? ''}`);
      const sha = asked[1] === 'tiny' ? REVISIONS[asked[2]!] : undefined;
      response.writeHead(sha ? 200 : 404, { 'Content-Type': 'application/json' });
      response.end(JSON.stringify(sha ? { _id: '1', id: 'owner/tiny', sha, siblings } : { error: 'not found' }));
      return;
    }
    const name = /^\/owner\/tiny\/resolve\/(?:a{40}|b{40})\/(.+)$/.exec(url)?.[1] ?? '';
    const range = /bytes=(\d+)-(\d*)/.exec(request.headers.range ?? '');
    requests.push(`${name} ${request.headers.range ?? ''} ${request.headers.authorization ?? ''}`);
    const file = path.join(files, name);
    if (status !== null || !existsSync(file)) {
      const code = status ?? 404;
      response.writeHead(code, code === 404 ? { 'X-Error-Code': 'EntryNotFound' } : {});
      response.end('{}');
      return;
    }
    const bytes = readFileSync(file);
    const start = range ? Number(range[1]) : 0;
    const end = range?.[2] ? Math.min(Number(range[2]), bytes.length - 1) : bytes.length - 1;
    const part = bytes.subarray(start, end + 1);
    response.writeHead(range ? 206 : 200, {
      ETag: `"${name.length}${bytes.length}"`,
      'Content-Length': part.length,
      'Content-Range': `bytes ${start}-${end}/${bytes.length}`,
    });
    if (breakAfter !== null && name.endsWith('.safetensors') && part.length > breakAfter) {
      response.write(part.subarray(0, breakAfter));
      // What was received but not yet written would be lost with the connection.
      void until('bytes of the file are on the disk', hasPartialBytes).finally(() => response.destroy());
      return;
    }
    response.end(part);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  process.env.HF_ENDPOINT = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  process.env.HF_TOKEN = 'hf_secret';
  hubCache = path.join(root, 'huggingface', 'hub');
  process.env.HF_HUB_CACHE = hubCache;
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  delete process.env.HF_ENDPOINT;
  delete process.env.HF_TOKEN;
  delete process.env.HF_HUB_CACHE;
  delete process.env.HF_HUB_OFFLINE;
  delete process.env.HF_HOME;
  rmSync(path.dirname(cacheDir), { recursive: true, force: true });
});

const repository = () => path.join(hubCache, 'models--owner--tiny');
const snapshot = (commit = COMMIT) => path.join(repository(), 'snapshots', commit);
const blobs = () => path.join(repository(), 'blobs');
const nowhere = 'http://127.0.0.1:9';

/** Whether a file that is being fetched has bytes on the disk. */
const hasPartialBytes = () =>
  existsSync(blobs()) &&
  readdirSync(blobs()).some((name) => name.endsWith('.incomplete') && statSync(path.join(blobs(), name)).size > 0);

/** A cache as huggingface_hub fills it, without the files of these names. */
function fill(commit = COMMIT, without: string[] = []): void {
  for (const folder of [blobs(), snapshot(commit), path.join(repository(), 'refs')])
    mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(files)) {
    if (without.includes(name)) continue;
    cpSync(path.join(files, name), path.join(blobs(), `blob-${name}`));
    symlinkSync(path.join('..', '..', 'blobs', `blob-${name}`), path.join(snapshot(commit), name));
  }
  if (commit === COMMIT) writeFileSync(path.join(repository(), 'refs', 'main'), commit);
}

test('a model is downloaded with the token, reported, and then used without the network', async () => {
  const fractions: (number | null)[] = [];
  const model = await openModel('owner/tiny', { cacheDir, onProgress: (_, fraction) => fractions.push(fraction) });
  const own = await openModel('embedded');
  expect(model.name).toBe('owner/tiny');
  expect(model.fingerprint).toBe(own.fingerprint);
  expect(fractions.at(-1)).toBe(1);
  expect(requests.every((r) => r.endsWith('Bearer hf_secret'))).toBe(true);
  expect(readdirSync(blobs()).filter((name) => name.includes('incomplete'))).toEqual([]);
  requests = [];
  process.env.HF_ENDPOINT = nowhere;
  await openModel('owner/tiny', { cacheDir });
  expect(requests).toEqual([]);
});

test('chat templates in their own folder are downloaded with the model, and nothing else', async () => {
  const folder = 'additional_chat_templates';
  mkdirSync(path.join(files, folder));
  writeFileSync(path.join(files, folder, 'tool_use.jinja'), "{{ 'tools' }}");
  const names = [`${folder}/tool_use.jinja`, `${folder}/gone.jinja`, `${folder}/readme.md`, 'model.bin'];
  siblings = [...names, `${folder}/../../x.jinja`, `../${folder}/x.jinja`, `${folder}/a/b.jinja`].map((rfilename) => ({
    rfilename,
  }));
  await openModel('owner/tiny', { cacheDir });
  expect(readdirSync(path.join(snapshot(), folder))).toEqual(['tool_use.jinja']);
  expect(requests.filter((r) => /readme|model\.bin|x\.jinja|a\/b/.test(r))).toEqual([]);
});

test('an interrupted download continues where it ended', async () => {
  breakAfter = 100_000;
  await expectRejection(openModel('owner/tiny', { cacheDir }), 'model', { reason: 'hub-unreachable' });
  const partial = readdirSync(blobs()).find((name) => name.endsWith('.incomplete'))!;
  const kept = statSync(path.join(blobs(), partial)).size;
  expect(kept).toBeGreaterThan(0);
  breakAfter = null;
  requests = [];
  await openModel('owner/tiny', { cacheDir });
  expect(requests.some((r) => r.startsWith(`model.safetensors bytes=${kept}-`))).toBe(true);
  const fetched = readFileSync(path.join(snapshot(), 'model.safetensors'));
  expect(fetched.equals(readFileSync(path.join(EMBEDDED, 'model.safetensors')))).toBe(true);
});

test.each([
  [401, 'no-access'],
  [500, 'hub-failed'],
])('status %i is explained', async (code, reason) => {
  status = code;
  const facts = { reason, model: 'owner/tiny', status: code };
  await expectRejection(openModel('owner/tiny', { cacheDir }), 'model', facts);
});

test('a missing file and an unreachable Hub are explained', async () => {
  rmSync(path.join(files, 'model.safetensors'));
  const weights = { reason: 'no-weights', model: 'owner/tiny' };
  await expectRejection(openModel('owner/tiny', { cacheDir }), 'model', weights);
  process.env.HF_ENDPOINT = nowhere;
  const unreachable = { reason: 'hub-unreachable', model: 'owner/other', endpoint: nowhere };
  await expectRejection(openModel('owner/other', { cacheDir }), 'model', unreachable);
});

test.each(['../../../../pwned', '/tmp/pwned', '..', 'a/../../../pwned', 'a\\b', 'C:x', 'nul', 'a\nb', '', 7])(
  'an index of weights cannot name a path outside the repository: %j',
  async (shard) => {
    rmSync(path.join(files, 'model.safetensors'));
    const index = { weight_map: { 'model.embed_tokens.weight': shard } };
    writeFileSync(path.join(files, 'model.safetensors.index.json'), JSON.stringify(index));
    const file = path.join(snapshot(), 'model.safetensors.index.json');
    const facts = { reason: 'bad-field', file, field: 'weight_map' };
    // from the Hub, then from the cache
    await expectRejection(openModel('owner/tiny', { cacheDir }), 'model', facts);
    await expectRejection(openModel('owner/tiny', { cacheDir }), 'model', facts);
    expect(requests.filter((request) => request.includes('pwned'))).toEqual([]);
  },
);

test('a Hub cannot name a commit that is a path', async () => {
  REVISIONS.evil = '../../../pwned';
  const facts = { reason: 'unsafe-path', model: 'owner/tiny@evil', file: '../../../pwned' };
  await expectRejection(openModel('owner/tiny@evil', { cacheDir }), 'model', facts);
  expect(existsSync(path.join(hubCache, 'pwned'))).toBe(false);
  delete REVISIONS.evil;
});

test('a download can be canceled', async () => {
  const control = new AbortController();
  const opening = openModel('owner/tiny', { cacheDir, signal: control.signal, onProgress: () => control.abort() });
  await expectRejection(opening, 'canceled', { reason: 'download' });
});

test('a Hub id is owner/name, with a revision or without', () => {
  expect(parseHubId('Qwen/Qwen3-0.6B')).toEqual({ spec: 'Qwen/Qwen3-0.6B', name: 'Qwen/Qwen3-0.6B', revision: 'main' });
  expect(parseHubId('a/b@v1.0')).toEqual({ spec: 'a/b@v1.0', name: 'a/b', revision: 'v1.0' });
  for (const spec of ['embedded', './a/b', '/a/b', 'a/b/c', 'a\\b', 'a/b@', 'a/b@../c', 'a/b@x/y']) {
    expect([spec, parseHubId(spec)]).toEqual([spec, null]);
  }
});

test('downloads are stored where other programs look for them', async () => {
  await openModel('owner/tiny', { cacheDir });
  expect(readFileSync(path.join(repository(), 'refs', 'main'), 'utf8')).toBe(COMMIT);
  const target = readlinkSync(path.join(snapshot(), 'model.safetensors'));
  expect(target).toMatch(/^\.\.[\\/]\.\.[\\/]blobs[\\/]\d+$/);
  expect(existsSync(path.join(cacheDir, 'hub'))).toBe(false);
  const { repos, warnings } = await scanCacheDir(hubCache);
  expect(warnings).toEqual([]);
  expect(repos.map(({ id, revisions }) => [id, revisions.map((r) => [r.commitOid, r.refs])])).toEqual([
    [{ name: 'owner/tiny', type: 'model' }, [[COMMIT, ['main']]]],
  ]);
});

test('what another program has downloaded is used as it is', async () => {
  fill();
  const model = await openModel('owner/tiny', { cacheDir });
  expect(model.fingerprint).toBe((await openModel('embedded')).fingerprint);
  // Only small files that are not there are looked for, and that once.
  expect(
    requests.filter((r) => /safetensors|config\.json|tokenizer\.json|revision/.test(r.replace(/\w+_config/, ''))),
  ).toEqual([]);
  requests = [];
  process.env.HF_ENDPOINT = nowhere;
  await openModel('owner/tiny', { cacheDir });
  expect(requests).toEqual([]);
});

test('the cache is found in $HF_HOME too', async () => {
  fill();
  delete process.env.HF_HUB_CACHE;
  process.env.HF_HOME = path.dirname(hubCache);
  process.env.HF_ENDPOINT = nowhere;
  expect((await openModel('owner/tiny', { cacheDir })).folder).toBe(snapshot());
});

test('only missing files of a model are downloaded', async () => {
  fill(COMMIT, ['model.safetensors']);
  await openModel('owner/tiny', { cacheDir });
  const whole = requests.filter((r) => !r.includes('bytes=0-0 ') && !r.startsWith('revision'));
  expect(whole.map((r) => r.split(' ')[0])).toEqual(['model.safetensors']);
});

test('$HF_HUB_OFFLINE prevents all requests', async () => {
  process.env.HF_HUB_OFFLINE = '1';
  const offline = { reason: 'hub-unreachable', system: expect.stringContaining('HF_HUB_OFFLINE') };
  await expectRejection(openModel('owner/tiny', { cacheDir }), 'model', offline);
  fill();
  await openModel('owner/tiny', { cacheDir });
  expect(requests).toEqual([]);
});

test('a revision can be pinned: a tag is remembered, a commit is requested once', async () => {
  const tagged = await openModel('owner/tiny@v1.0', { cacheDir });
  expect([tagged.name, tagged.folder]).toEqual(['owner/tiny@v1.0', snapshot(TAGGED)]);
  expect(readFileSync(path.join(repository(), 'refs', 'v1.0'), 'utf8')).toBe(TAGGED);
  expect(existsSync(path.join(repository(), 'refs', 'main'))).toBe(false);
  requests = [];
  process.env.HF_ENDPOINT = nowhere;
  for (const revision of ['v1.0', TAGGED]) {
    expect((await openModel(`owner/tiny@${revision}`, { cacheDir })).folder).toBe(snapshot(TAGGED));
  }
  await expectRejection(openModel('owner/tiny', { cacheDir }), 'model', { reason: 'hub-unreachable' });
  expect(requests).toEqual([]);
});

test('another revision with the same files downloads none of them', async () => {
  await openModel('owner/tiny', { cacheDir });
  requests = [];
  await openModel('owner/tiny@v1.0', { cacheDir });
  expect(requests.filter((r) => !r.includes('bytes=0-0 ') && !r.startsWith('revision'))).toEqual([]);
});

test('a missing model and a missing revision are distinguished', async () => {
  const model = { reason: 'unknown-model', model: 'owner/none' };
  await expectRejection(openModel('owner/none', { cacheDir }), 'model', model);
  const revision = { reason: 'unknown-revision', model: 'owner/tiny', revision: 'v9' };
  await expectRejection(openModel('owner/tiny@v9', { cacheDir }), 'model', revision);
});

test('a model downloaded by an earlier version is still used', async () => {
  const earlier = path.join(cacheDir, 'hub', 'owner--tiny');
  cpSync(EMBEDDED, earlier, { recursive: true });
  expect((await openModel('owner/tiny', { cacheDir })).folder).toBe(earlier);
  expect(requests).toEqual([]);
});

test('two processes that open a model at the same time download it once', async () => {
  await Promise.all([openModel('owner/tiny', { cacheDir }), openModel('owner/tiny', { cacheDir })]);
  const whole = requests.filter((r) => r.startsWith('model.safetensors') && !r.includes('bytes=0-0 '));
  expect(whole).toHaveLength(1);
});
