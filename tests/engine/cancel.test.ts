/** A start or a resume that is canceled while something is downloaded for it ends at once and begins nothing. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { RunConfig, type RunConfigInput } from '../../engine/protocol/config.ts';
import { mergeConfig, presetFor } from '../../engine/protocol/presets.ts';
import { resumeRun, startRun } from '../../engine/training/run/index.ts';
import { temporaryFolder } from '../support/processes.ts';
import { recordsOf } from '../support/run-outcome.ts';
import { UNCANCELED, until } from '../support/wait.ts';

/** A Hub that never answers. */
let hub: Server;
let asked: string[];
let root: string;

beforeEach(async () => {
  asked = [];
  root = temporaryFolder();
  hub = createServer(({ url }) => asked.push(url!));
  await new Promise<void>((resolve) => hub.listen(0, '127.0.0.1', resolve));
  vi.stubEnv('HF_ENDPOINT', `http://127.0.0.1:${(hub.address() as AddressInfo).port}`);
  vi.stubEnv('HF_HUB_CACHE', path.join(root, 'hub'));
  vi.stubEnv('HF_HUB_OFFLINE', '');
});

afterEach(() => {
  vi.unstubAllEnvs();
  hub.closeAllConnections();
  hub.close();
});

const ELSEWHERE = [
  ['a model', { model: 'owner/model' }, '/api/models/owner/model'],
  ['a dataset', { dataset: { path: 'owner/set' } }, '/api/datasets/owner/set'],
] as const;

const config = (changes: Partial<RunConfigInput> = {}) =>
  RunConfig.parse(
    mergeConfig(presetFor('embedded', true), {
      dataset: { path: 'embedded', limit: 2 },
      ...{ steps: 1, batch: 2, votes: 2, group: 2, device: 'cpu', evaluation: { samples: 0, greedy: false } },
      ...changes,
    }),
  );

/** Cancels the work once the Hub was asked for this. */
async function cancelAt(url: string, work: (signal: AbortSignal) => Promise<unknown>): Promise<void> {
  const control = new AbortController();
  const working = expect(work(control.signal)).rejects.toMatchObject({ code: 'canceled' });
  await until('the Hub is asked', () => asked.some((one) => one.startsWith(url)));
  control.abort();
  await working;
}

test.each(ELSEWHERE)('a start that downloads %s', async (_, changes, url) => {
  const folder = path.join(root, 'run');
  await cancelAt(url, (signal) => startRun({ config: config(changes), folder, signal }));
  expect(existsSync(folder)).toBe(false);
});

test.each(ELSEWHERE)('a resume that downloads %s', async (_, changes, url) => {
  const folder = path.join(root, 'run');
  const run = await startRun({ config: config({ steps: 1000 }), folder, signal: UNCANCELED });
  await run.stop();
  const file = path.join(folder, 'run.json');
  const stored = JSON.parse(readFileSync(file, 'utf8'));
  writeFileSync(file, JSON.stringify({ ...stored, config: { ...stored.config, ...changes } }));
  const before = recordsOf(folder);
  await cancelAt(url, (signal) => resumeRun({ folder, signal }));
  expect(recordsOf(folder)).toEqual(before);
});
