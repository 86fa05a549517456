/** The collapse watch over runs of other trainers: imported at once, in parts, and with what is logged later. */
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { ImportWatch } from '../../engine/importers/import-watch.ts';
import { readRunFolder } from '../../engine/journal/reader.ts';
import { diagnosisText } from '../../engine/protocol/diagnosis.ts';
import type { JournalRecord, NewRecord } from '../../engine/protocol/records.ts';
import { watchLevelOf } from '../../engine/protocol/warnings.ts';
import { readRunInfo } from '../../engine/runs/list.ts';
import { LAST_ANSWERED, writeVerlSteps } from '../support/collapsing-dump.ts';
import { importFrom } from '../support/import.ts';
import { temporaryFolder } from '../support/processes.ts';
import { step as stepRecord } from '../support/records.ts';

const warningsOf = (records: readonly (JournalRecord | NewRecord)[]) =>
  records.flatMap((record) => (record.type === 'warning' && watchLevelOf(record) ? [record] : []));
const alarmsOf = (records: readonly (JournalRecord | NewRecord)[]) =>
  warningsOf(records).filter(({ code }) => code === 'collapse');

describe('an import of a run that collapses', () => {
  test('says so, with the reason, in journal and list', async () => {
    const root = temporaryFolder();
    const [source, folder] = [path.join(root, 'logs'), path.join(root, 'runs', 'followed')];
    writeVerlSteps(source, 1, 14);
    await importFrom(source, folder);
    const { records } = await readRunFolder(folder);
    const [alarm, ...others] = alarmsOf(records);
    expect(others).toEqual([]);
    expect(alarm!.step).toBeGreaterThan(LAST_ANSWERED);
    expect(alarm!.message).toMatch(/^Possible collapse detected: responses without an answer went from 0 to /);
    const { diagnosis } = await readRunInfo(folder);
    expect(diagnosisText(diagnosis!)).toBe(`collapsing since step ${alarm!.step}`);
  });

  test('says it once, and the same, however often the import is stopped and continued', async () => {
    const root = temporaryFolder();
    const source = path.join(root, 'logs');
    const [whole, parts] = ['whole', 'parts'].map((name) => path.join(root, 'runs', name));
    for (const last of [5, 8, 10, 14]) {
      writeVerlSteps(source, 1, last);
      await importFrom(source, parts!);
    }
    await importFrom(source, whole!);
    const said = async (folder: string) =>
      warningsOf((await readRunFolder(folder)).records).map(({ code, step, message }) => ({ code, step, message }));
    expect(await said(parts!)).toEqual(await said(whole!));
  });

  test('that does not change says nothing', async () => {
    const root = temporaryFolder();
    writeVerlSteps(path.join(root, 'logs'), 1, LAST_ANSWERED);
    await importFrom(path.join(root, 'logs'), path.join(root, 'run'));
    expect(warningsOf((await readRunFolder(path.join(root, 'run'))).records)).toEqual([]);
  });
});

describe("the watch's input", () => {
  const metrics = (step: number, values: object, foreign = {}): JournalRecord => ({
    ...{ type: 'metrics', seq: 0, time: '', step, metrics: values, foreign },
  });
  const watch = new ImportWatch();

  test('includes what the trainer logs after the rollouts of its step', () => {
    for (let step = 1; step <= 10; step++) watch.take(stepRecord(0, step));
    expect(watch.newWarnings()).toEqual([]);
    for (let step = 1; step <= 10; step++) watch.take(metrics(step, { kl: step > 7 ? 0.9 : 0.01 }));
    const news = watch.newWarnings();
    expect(alarmsOf(news)).toHaveLength(1);
    for (const one of news) watch.take({ ...one, seq: 0, time: '' } as JournalRecord);
    watch.take(metrics(10, { kl: 0.9 }));
    expect(watch.newWarnings()).toEqual([]);
  });

  test('continues after a step that is repeated', () => {
    watch.take(stepRecord(0, 8));
    watch.take(metrics(8, { kl: 0.01 }));
    for (let step = 9; step <= 12; step++) watch.take(stepRecord(0, step));
    expect(watch.newWarnings()).toEqual([]);
  });

  test.each([
    ['completions/mean_length', 'response length'],
    ['response_length/clip_ratio', 'truncated responses'],
  ])('includes %s of a log without rollouts', (name, title) => {
    const curves = new ImportWatch();
    for (let step = 1; step <= 12; step++) {
      const value = name.includes('length/') || name.includes('ratio') ? (step > 6 ? 1 : 0) : step > 6 ? 4 : 100;
      curves.take(metrics(step, {}, { [name]: value }));
    }
    const [first] = warningsOf(curves.newWarnings());
    expect(first!.message).toContain(`${title} went from`);
  });
});
