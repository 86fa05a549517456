/** A run as one HTML file: what is in it, within which size, and that nothing in it can break out of its place. */
import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, onTestFinished, test } from 'vitest';
import { fromBytes } from '../../engine/messages/bytes.ts';
import type { InlinedRun } from '../../engine/runs/inlined-run.ts';
import { unpack } from '../../engine/runs/packed.ts';
import { inlineRun } from '../../engine/view/inline-run.ts';
import { OpenRun } from '../../engine/view/open-run.ts';
import { reportHtml } from '../../engine/view/report-page.ts';
import { temporaryFolder } from '../support/processes.ts';
import { writeRunFixture } from '../support/run-fixture.ts';

async function opened() {
  const folder = path.join(temporaryFolder(), 'run');
  await writeRunFixture(folder, { problems: 6, steps: 3, every: 1 });
  const run = await OpenRun.read(folder);
  onTestFinished(() => run.dispose());
  return run;
}

const scripts = ['const a = "</script><script>alert(1)</script>";', 'b()\n//# sourceMappingURL=b.js.map\n'];

test('contains the whole run if it fits', async () => {
  const run = await opened();
  const inlined = await inlineRun(run, 1e9);
  expect(inlined.groups.taken).toBe(inlined.groups.all);
  expect(inlined.groups.all).toBeGreaterThan(6 * 3);
  const page = reportHtml({ title: '<b>&"', note: 'all', scripts, run: inlined.run });
  const [, data] = /id="rollscope-run">([^<]*)</.exec(page)!;
  const read = fromBytes(new Uint8Array(gunzipSync(Buffer.from(data!, 'base64')))) as InlinedRun;
  if (!read.shown.run || !read.shown.columns) throw new Error('It shows no run.');
  expect(unpack(read.shown.columns, null).step).toBe(3);
  expect(read.groups).toHaveLength(inlined.groups.all);
  expect(read.prompts).toHaveLength(6);
  const [group] = read.groups;
  expect(group).toEqual(inlined.run.groups[0]);
  expect(group!.detail).not.toHaveProperty('evidence');
});

test('allows only its own scripts, whose texts cannot end an element', async () => {
  const run = await opened();
  const page = reportHtml({
    title: '</title><script>',
    note: '"><script>',
    scripts,
    run: (await inlineRun(run, 0)).run,
  });
  const policy = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(page)![1]!;
  expect(policy).not.toMatch(/unsafe|connect|\*/);
  const texts = [...page.matchAll(/<script type="module">(.*?)<\/script>/gs)].map(([, text]) => text!);
  expect(texts).toHaveLength(2);
  for (const text of texts) {
    expect(policy).toContain(`'sha256-${createHash('sha256').update(text).digest('base64')}'`);
  }
  expect(page.match(/<script/g)).toHaveLength(3);
  expect(page).not.toContain('sourceMappingURL');
});

test('stays within its size: the last rollouts of each problem first, then those before training', async () => {
  const run = await opened();
  const all = await inlineRun(run, 1e9);
  const few = await inlineRun(run, 60_000);
  expect(few.groups.taken).toBeGreaterThan(0);
  expect(few.groups.taken).toBeLessThan(all.groups.taken);
  const ids = all.run.groups.map(({ detail: { problem, step } }) => [problem, step]);
  expect(ids.slice(0, 6)).toEqual([0, 1, 2, 3, 4, 5].map((problem) => [problem, 3]));
  expect(ids.slice(6, 12).map(([, step]) => step)).toEqual([0, 0, 0, 0, 0, 0]);
  expect(few.run.groups).toEqual(all.run.groups.slice(0, few.groups.taken));
});

test('says how many rollouts cannot be read', async () => {
  const run = await opened();
  rmSync(path.join(run.folder, 'rollouts-000.bin'));
  const { groups } = await inlineRun(run, 1e9);
  expect(groups).toEqual({ taken: 0, unreadable: groups.all, all: groups.all });
});
