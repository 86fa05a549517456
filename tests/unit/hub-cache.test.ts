/** What the Hub names becomes a place in its cache and nowhere else. */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { CachedRepo } from '../../engine/model/hub-cache.ts';
import { temporaryFolder } from '../support/processes.ts';
import { expectRejection, expectThrow } from '../support/refusals.ts';

const COMMIT = 'c'.repeat(40);
let cache: string;
let repo: CachedRepo;

beforeEach(() => {
  cache = path.join(temporaryFolder(), 'hub');
  vi.stubEnv('HF_HUB_CACHE', cache);
  repo = new CachedRepo({ spec: 'owner/name', name: 'owner/name', revision: 'main' });
});
afterEach(() => {
  vi.unstubAllEnvs();
});

test.each(['../evil', '/etc/evil', 'a/../../../evil', 'a\\\\..\\\\evil', 'C:evil', '..', ''])(
  'the name %j is refused wherever it becomes part of a path',
  async (name) => {
    const refused = { reason: 'unsafe-path', model: 'owner/name', file: name };
    await expectRejection(repo.isKnownMissing(COMMIT, name), 'model', refused);
    await expectRejection(repo.setKnownMissing(COMMIT, name), 'model', refused);
    const blob = await repo.partialPath('"tag"');
    writeFileSync(blob, 'evil');
    await expectRejection(repo.addDownloaded(COMMIT, name, '"tag"'), 'model', refused);
    await expectRejection(repo.linkCached(COMMIT, name, '"tag"'), 'model', refused);
    expect(readdirSync(path.dirname(cache))).toEqual(['hub']);
  },
);

test.each(['../../evil', 'main', `${COMMIT}/..`, ''])('%j is not a commit', (commit) => {
  expectThrow(() => repo.snapshot(commit), 'model', { reason: 'unsafe-path', model: 'owner/name', file: commit });
});

test('an entity tag names a file among the others', async () => {
  const blob = await repo.partialPath('"../../../evil/tag"');
  expect(path.dirname(blob)).toBe(path.join(cache, 'models--owner--name', 'blobs'));
});

test('a file of the cache names the commit, if it contains one', async () => {
  const refs = path.join(cache, 'models--owner--name', 'refs');
  mkdirSync(refs, { recursive: true });
  writeFileSync(path.join(refs, 'main'), '../../../evil');
  expect(await repo.commit()).toBeNull();
  writeFileSync(path.join(refs, 'main'), `${COMMIT}\n`);
  expect(await repo.commit()).toBe(COMMIT);
  expect(existsSync(repo.snapshot(COMMIT))).toBe(false);
});
