import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { assetPath } from '../../engine/assets.ts';
import { isHubId } from '../../engine/model/hub.ts';
import { openModel } from '../../engine/model/source.ts';

const EMBEDDED = assetPath('engine', 'embedded', 'model');
let files: string;
let cacheDir: string;
let server: Server;
let requests: string[];
/** Bytes after which the server breaks off a weight file. */
let breakAfter: number | null;
let status: number | null;

beforeEach(async () => {
  const root = mkdtempSync(path.join(os.tmpdir(), 'rs-hub-'));
  files = path.join(root, 'files');
  cacheDir = path.join(root, 'cache');
  cpSync(EMBEDDED, files, { recursive: true });
  requests = [];
  breakAfter = null;
  status = null;
  server = createServer((request, response) => {
    const name = decodeURIComponent(request.url!.split('/resolve/main/')[1] ?? '').split('?')[0]!;
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
      response.write(part.subarray(0, breakAfter), () => response.socket?.end());
      return;
    }
    response.end(part);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  process.env.HF_ENDPOINT = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  process.env.HF_TOKEN = 'hf_secret';
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  delete process.env.HF_ENDPOINT;
  delete process.env.HF_TOKEN;
  rmSync(path.dirname(cacheDir), { recursive: true, force: true });
});

const folder = () => path.join(cacheDir, 'hub', 'owner--tiny');

test('a model is fetched with the token, reported, and then used without the network', async () => {
  const fractions: (number | null)[] = [];
  const model = await openModel('owner/tiny', { cacheDir, onProgress: (_, fraction) => fractions.push(fraction) });
  const own = await openModel('embedded');
  expect(model.name).toBe('owner/tiny');
  expect(model.fingerprint).toBe(own.fingerprint);
  expect(fractions.at(-1)).toBe(1);
  expect(requests.every((r) => r.endsWith('Bearer hf_secret'))).toBe(true);
  expect(readdirSync(folder()).filter((name) => name.endsWith('.partial'))).toEqual([]);
  requests = [];
  process.env.HF_ENDPOINT = 'http://127.0.0.1:9';
  await openModel('owner/tiny', { cacheDir });
  expect(requests).toEqual([]);
});

test('a broken download goes on where it ended', async () => {
  breakAfter = 100_000;
  await expect(openModel('owner/tiny', { cacheDir })).rejects.toMatchObject({ code: 'model' });
  const partial = readdirSync(folder()).find((name) => name.endsWith('.partial'))!;
  const kept = statSync(path.join(folder(), partial)).size;
  expect(kept).toBeGreaterThan(0);
  breakAfter = null;
  requests = [];
  await openModel('owner/tiny', { cacheDir });
  expect(requests.some((r) => r.startsWith(`model.safetensors bytes=${kept}-`))).toBe(true);
  const fetched = readFileSync(path.join(folder(), 'model.safetensors'));
  expect(fetched.equals(readFileSync(path.join(EMBEDDED, 'model.safetensors')))).toBe(true);
});

test.each([
  [401, /does not let you read owner\/tiny/],
  [500, /answered 500/],
])('status %i is explained', async (code, message) => {
  status = code;
  await expect(openModel('owner/tiny', { cacheDir })).rejects.toMatchObject({
    code: 'model',
    message: expect.stringMatching(message),
  });
});

test('a missing file, and a Hub out of reach, are explained', async () => {
  rmSync(path.join(files, 'model.safetensors'));
  await expect(openModel('owner/tiny', { cacheDir })).rejects.toThrow('owner/tiny has no safetensors weights.');
  process.env.HF_ENDPOINT = 'http://127.0.0.1:9';
  await expect(openModel('owner/other', { cacheDir })).rejects.toThrow(/owner\/other is not in the cache and the Hub/);
});

test('a download can be cancelled', async () => {
  const control = new AbortController();
  const opening = openModel('owner/tiny', { cacheDir, signal: control.signal, onProgress: () => control.abort() });
  await expect(opening).rejects.toMatchObject({ code: 'cancelled' });
});

test('a Hub id is owner/name', () => {
  expect(['Qwen/Qwen3-0.6B', 'a/b'].every(isHubId)).toBe(true);
  expect(['embedded', './a/b', '/a/b', 'a/b/c', 'a\\b'].some(isHubId)).toBe(false);
});
