/** Following the run that an engine works on. */
import { expect, test } from 'vitest';
import type { Progress } from '../../engine/protocol/index.ts';
import type { EngineClient } from '../../engine/server/connection.ts';
import type { EngineService } from '../../extension/engine/service.ts';
import { RunSession } from '../../extension/run/session.ts';
import { temporaryFolder } from '../support/processes.ts';
import { writeRunFixture } from '../support/run-fixture.ts';

test('whoever follows a connection at the same time gets the same run', async () => {
  const { folder, journal } = await writeRunFixture(`${temporaryFolder()}/run`, { steps: 1, outcome: 'running' });
  const progress: Progress = {
    run: 'run',
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
  const session = new RunSession(engine, () => true);
  const shown: (string | null)[] = [];
  session.onDidChangeActive((run) => shown.push(run?.run ?? null));
  const [one, other] = await Promise.all([session.follow(client), session.follow(client)]);
  expect(one).toBe(other);
  expect(session.active).toBe(one);
  expect(one!.progress).toEqual(progress);
  expect([shown, asked]).toEqual([['run'], ['status', 'subscribe', 'subscribe']]);
  expect(await session.follow(client)).toBe(one);
  await journal!.close();
});
