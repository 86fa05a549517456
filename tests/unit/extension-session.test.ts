/** Following the run that an engine works on. */
import { expect, test } from 'vitest';
import type { JournalRecord, Progress } from '../../engine/protocol/index.ts';
import type { EngineClient } from '../../engine/server/connection.ts';
import type { EngineService } from '../../extension/engine/service.ts';
import { RunSession } from '../../extension/run/session.ts';
import { temporaryFolder } from '../support/processes.ts';
import { PROGRESS } from '../support/progress.ts';
import { writeRunFixture } from '../support/run-fixture.ts';

test('all who follow a connection at the same time get the same run', async () => {
  const { folder, journal } = await writeRunFixture(`${temporaryFolder()}/run`, { steps: 1, outcome: 'running' });
  const progress: Progress = {
    run: 'run',
    folder,
    state: 'running',
    activity: 'sampling',
    detail: null,
    step: 1,
    steps: 9,
    fraction: null,
    tokensPerSecond: null,
    secondsLeft: null,
    residentBytes: null,
  };
  const asked: string[] = [];
  const request = async (method: string) => {
    asked.push(method);
    return method === 'status' ? { active: progress, clients: 1 } : { folder, records: [], progress };
  };
  const client = { request } as unknown as EngineClient;
  const silent = () => ({ dispose() {} });
  const engine = { onRecord: silent, onProgress: silent, onDidGo: silent } as unknown as EngineService;
  const session = new RunSession(
    engine,
    () => true,
    async () => false,
  );
  const shown: (string | null)[] = [];
  session.onDidChangeActive((run) => shown.push(run?.run ?? null));
  const [one, other] = await Promise.all([session.follow(client), session.follow(client)]);
  expect(one).toBe(other);
  expect(session.active).toBe(one);
  expect(one!.progress).toEqual(progress);
  expect([shown, asked]).toEqual([['run'], ['status', 'subscribe']]);
  expect(await session.follow(client)).toBe(one);
  await journal!.close();
});

test('of two runs folders with a run of the same name, the one that the engine works on is followed', async () => {
  const folders: string[] = [];
  const journals = [];
  for (const root of [temporaryFolder(), temporaryFolder()]) {
    const { folder, journal } = await writeRunFixture(`${root}/run`, { steps: 1, outcome: 'running' });
    folders.push(folder);
    journals.push(journal!);
  }
  const heard: ((params: { folder: string; record: JournalRecord }) => void)[] = [];
  const silent = () => ({ dispose() {} });
  const onRecord = (listener: (typeof heard)[number]) => {
    heard.push(listener);
    return silent();
  };
  const engine = { onRecord, onProgress: silent, onDidGo: silent } as unknown as EngineService;
  const session = new RunSession(
    engine,
    () => true,
    async () => false,
  );
  const clientOf = (folder: string) => {
    const progress = { ...PROGRESS, folder };
    const request = async (method: string) =>
      method === 'status' ? { active: progress, clients: 1 } : { folder, records: [], progress };
    return { request } as unknown as EngineClient;
  };
  expect((await session.follow(clientOf(folders[0]!)))!.folder).toBe(folders[0]);
  const second = (await session.follow(clientOf(folders[1]!)))!;
  expect(second.folder).toBe(folders[1]);
  const before = second.columns.seq;
  const record: JournalRecord = {
    ...{ type: 'warning', seq: before + 1, time: new Date().toISOString() },
    ...{ code: 'x', message: 'x', step: null, problem: null },
  };
  for (const listener of heard) listener({ folder: folders[0]!, record });
  expect(second.columns.seq).toBe(before);
  for (const listener of heard) listener({ folder: folders[1]!, record });
  expect(second.columns.seq).toBe(before + 1);
  for (const journal of journals) await journal.close();
});
