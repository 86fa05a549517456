/** What the head of the panel says of a run beyond its numbers. */
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { OpenRun } from '../../../engine/view/open-run.ts';
import { temporaryFolder } from '../../support/processes.ts';
import { writeRunFixture } from '../../support/run-fixture.ts';
import { textsOf } from './markup.ts';
import { panelOn, rendered } from './panel.ts';

test('says how many records of a newer version were skipped, and what to do', async () => {
  const { folder } = await writeRunFixture(`${temporaryFolder()}/run`, { problems: 2, votes: 2, steps: 2, every: 2 });
  const events = join(folder, 'events.jsonl');
  const { seq, time } = JSON.parse(readFileSync(events, 'utf8').trimEnd().split('\n').at(-1)!);
  appendFileSync(events, `${JSON.stringify({ type: 'wonder', seq: seq + 1, time })}\n`);
  const run = await OpenRun.read(folder);
  const html = rendered(await panelOn(run), 'header');
  expect(textsOf(html)).toContain(run.info.skipped!.message);
  // A run of our own names no trainer.
  expect(html).not.toContain('data-origin');
});

test("says why a run failed, and what its warnings advise, in the editor's terms", async () => {
  const { folder } = await writeRunFixture(`${temporaryFolder()}/run`, { problems: 2, votes: 2, steps: 2, every: 2 });
  const events = join(folder, 'events.jsonl');
  const lines = readFileSync(events, 'utf8').trimEnd().split('\n');
  const { seq, time } = JSON.parse(lines.at(-1)!);
  const ends = [
    { type: 'warning', seq, time, step: 2, problem: null, code: 'model', message: 'Try --lr.' },
    {
      ...{ type: 'end', seq: seq + 1, time, reason: 'failed', step: 2 },
      error: { code: 'non-finite', message: 'Not finite.', hint: 'Lower --lr.' },
    },
  ];
  writeFileSync(events, `${[...lines.slice(0, -1), ...ends.map((item) => JSON.stringify(item))].join('\n')}\n`);
  const html = rendered(await panelOn(await OpenRun.read(folder)), 'header');
  const setting = 'the setting rollscope.learningRate';
  expect(html).toContain('data-code="non-finite"');
  expect(textsOf(html)).toContain(`Not finite. Lower ${setting}.`);
  expect(textsOf(html)).toContain(`Try ${setting}.`);
});
