/** Data sets of the Hub, from a server that answers as the Hub does. */
import { existsSync, mkdtempSync, readdirSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { datasetReference } from '../../engine/config/paths.ts';
import { loadDataset } from '../../engine/data/dataset.ts';
import { parseDatasetId } from '../../engine/protocol/dataset-id.ts';
import { DatasetConfig } from '../../engine/protocol/index.ts';
import { expectRejection } from '../support/refusals.ts';

const COMMIT = 'c'.repeat(40);
const line = (question: string) => `${JSON.stringify({ question, answer: '1' })}\n`;
let files: Record<string, string>;
let requests: string[];
let server: Server;
let cache: string;

beforeEach(async () => {
  cache = mkdtempSync(path.join(os.tmpdir(), 'rs-hub-data-'));
  files = {
    'README.md': '# x',
    'main/train-00000-of-00001.jsonl': line('a'),
    'main/test-00000-of-00001.jsonl': line('b'),
  };
  requests = [];
  server = createServer((request, response) => {
    const url = decodeURIComponent(request.url!).split('?')[0]!;
    requests.push(url);
    const json = (status: number, value: object) => {
      response.writeHead(status, { 'Content-Type': 'application/json' });
      response.end(JSON.stringify(value));
    };
    if (/^\/api\/datasets\/owner\/set\/revision\/(main|c{40})$/.test(url)) {
      return json(200, { _id: '1', id: 'owner/set', sha: COMMIT });
    }
    if (url === `/api/datasets/owner/set/tree/${COMMIT}/` || url === `/api/datasets/owner/set/tree/${COMMIT}`) {
      const entries = Object.entries(files).map(([name, text]) => ({
        type: 'file',
        path: name,
        size: text.length,
        oid: 'x',
      }));
      return json(200, entries);
    }
    const name = new RegExp(`^/datasets/owner/set/resolve/${COMMIT}/(.+)$`).exec(url)?.[1];
    const text = name === undefined ? undefined : files[name];
    if (text === undefined) return json(404, { error: 'not found' });
    const range = /bytes=(\d+)-(\d*)/.exec(request.headers.range ?? '');
    const bytes = Buffer.from(text);
    const start = range ? Number(range[1]) : 0;
    const part = bytes.subarray(start, range?.[2] ? Number(range[2]) + 1 : bytes.length);
    response.writeHead(range ? 206 : 200, {
      ETag: `"${name!.length}x${bytes.length}"`,
      'Content-Length': part.length,
      'Content-Range': `bytes ${start}-${start + part.length - 1}/${bytes.length}`,
    });
    response.end(request.method === 'HEAD' ? '' : part);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  vi.stubEnv('HF_ENDPOINT', `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  vi.stubEnv('HF_HUB_CACHE', cache);
  vi.stubEnv('HF_HUB_OFFLINE', '');
});

afterEach(() => {
  vi.unstubAllEnvs();
  server.close();
});

const load = (id: string, split?: string) => loadDataset(DatasetConfig.parse({ path: id, ...(split && { split }) }));

test('an id is a dataset, but a path-like name is not', () => {
  expect(parseDatasetId('openai/gsm8k')).toMatchObject({ name: 'openai/gsm8k', revision: 'main' });
  expect(parseDatasetId('o/n@v1.0')).toMatchObject({ name: 'o/n', revision: 'v1.0' });
  for (const text of ['data/set.jsonl', 'a/b/c', '/o/n', './o/n', 'o/..', 'o', 'o/x.csv.gz']) {
    expect(parseDatasetId(text), text).toBeNull();
  }
  const place = { folder: '/w', home: '/home/u', exists: (file: string) => file === path.resolve('/w', 'o/here') };
  expect(datasetReference('o/n', place)).toBe('o/n');
  expect(datasetReference('o/here', place)).toBe(path.resolve('/w', 'o/here'));
});

test('the training split is downloaded once, and read offline afterwards', async () => {
  const first = await load('owner/set');
  expect(first.problems).toMatchObject([{ text: 'a', answer: '1' }]);
  expect(first.warnings[0]).toContain('main/test');
  expect(first.reading.source).toBe('owner/set');
  expect(requests.filter((url) => url.includes('README') || url.includes('test-'))).toEqual([]);
  requests = [];
  vi.stubEnv('HF_HUB_OFFLINE', '1');
  const again = await load('owner/set');
  expect(again.problems).toEqual(first.problems);
  expect(again.fingerprint).toBe(first.fingerprint);
  expect(requests).toEqual([]);
  await expectRejection(load('owner/set', 'test'), 'dataset', { reason: 'hub-unreachable', dataset: 'owner/set' });
  vi.stubEnv('HF_HUB_OFFLINE', '');
  expect((await load('owner/set', 'test')).problems).toMatchObject([{ text: 'b' }]);
});

test('an error names a missing dataset or split', async () => {
  await expectRejection(load('owner/other'), 'dataset', { reason: 'unknown-dataset', dataset: 'owner/other' });
  await expectRejection(load('owner/set', 'dev'), 'dataset', { reason: 'unknown-split', value: 'dev' });
});

test('no file name leads out of the cache', async () => {
  files = { 'train.jsonl': line('a'), '../../../train-00000.jsonl': line('evil'), '/etc/train-1.jsonl': line('evil') };
  const { problems } = await load('owner/set');
  expect(problems.map(({ text }) => text)).toEqual(['a']);
  expect(existsSync(path.join(path.dirname(cache), 'train-00000.jsonl'))).toBe(false);
  expect(readdirSync(cache).sort()).toEqual(expect.arrayContaining(['datasets--owner--set']));
});

test('a download can be canceled', async () => {
  const control = new AbortController();
  const config = DatasetConfig.parse({ path: 'owner/set' });
  const loading = loadDataset(config, undefined, control.signal);
  control.abort();
  await expectRejection(loading, 'canceled', { reason: 'download' });
  expect((await loadDataset(config)).problems.map(({ text }) => text)).toEqual(['a']);
});
