/**
 * An engine that works for long: run after run, probes, lists, readers that come and go. Its handles, threads and memory stay
 * level. A quarter of a minute in the suite; `npm run soak -- --minutes 60` for an hour.
 */
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { EngineAddress, RunConfig } from '../../engine/protocol/index.ts';
import { createClient } from '../../engine/server/connection.ts';
import { runCli, startCli, temporaryFolder } from '../support/processes.ts';
import { recordsOf } from '../support/run-outcome.ts';
import { until } from '../support/wait.ts';

const MINUTES = Number(process.env.SOAK_MINUTES ?? 0.25);
/** Rounds until everything has been loaded and compiled that ever is. */
const WARM = 3;
const MIN_ROUNDS = 8;

const home = temporaryFolder();
const data = path.join(home, 'data.jsonl');
writeFileSync(data, ['5+2+5=', '6+6+1=', '9-2='].map((prompt) => `${JSON.stringify({ prompt })}\n`).join(''));
const config = (more: object) =>
  RunConfig.parse({
    ...{ dataset: { path: data }, steps: 3, votes: 4, group: 4, device: 'cpu', sampling: { maxTokens: 24 } },
    evaluation: { samples: 1 },
    ...more,
  });

interface Level {
  handles: number;
  threads: number;
  megabytes: number;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1]!;
}

/** Of a process, as the system counts them. */
function levelOf(pid: number): Level {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const number = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)![1]);
  return {
    handles: readdirSync(`/proc/${pid}/fd`).length,
    threads: number('Threads'),
    megabytes: number('VmRSS') / 1024,
  };
}

test.runIf(process.platform === 'linux')(
  'handles, threads and memory of an engine stay constant',
  async () => {
    const program = startCli(['serve'], { home });
    const [line] = await program.printed(/^\{.*\}$/m);
    const address = EngineAddress.parse(JSON.parse(line));
    const levels: Level[] = [];
    const end = performance.now() + MINUTES * 60_000;
    for (let round = 0; performance.now() < end || levels.length < MIN_ROUNDS; round++) {
      const client = await createClient(address, { name: `soak ${round}` });
      const { run } = await client.request('start', { config: config(round % 3 === 2 ? { job: 'probe' } : {}) });
      const { folder } = await client.request('subscribe', { run, from: 0 });
      const ended = await until('the run ends', () => recordsOf(folder).find(({ type }) => type === 'end'));
      expect(ended).toMatchObject({ reason: 'completed' });
      await until('it is idle', async () => (await client.request('status', {})).active === null);
      client.close();
      const listed = round % 8 === 0 ? await runCli(['runs'], { home }) : null;
      if (listed) expect(listed.code, listed.stderr).toBe(0);
      // what it leaves on disk is not what is looked at here
      rmSync(folder, { recursive: true });
      const level = levelOf(program.pid);
      levels.push(level);
      if (round % 20 === 0) console.log(`soak, round ${round}: ${JSON.stringify(level)}`);
    }
    program.kill('SIGTERM');
    await program.ended;

    const rest = levels.slice(WARM);
    const part = Math.max(1, Math.floor(rest.length / 3));
    const [first, last] = [rest.slice(0, part), rest.slice(-part)];
    const of = (name: keyof Level) => [median(first.map((l) => l[name])), median(last.map((l) => l[name]))] as const;
    console.log(
      `soak: ${levels.length} runs; handles ${of('handles')}, threads ${of('threads')}, MB ${of('megabytes')}`,
    );
    // one may be about to be closed
    expect(of('handles')[1]).toBeLessThanOrEqual(of('handles')[0] + 1);
    expect(of('threads')[1]).toBeLessThanOrEqual(of('threads')[0] + 1);
    // the collector takes its time: what is lost with each run would be more than this within an hour
    expect(of('megabytes')[1]).toBeLessThan(of('megabytes')[0] * 1.15 + 40);
  },
  Math.max(240_000, MINUTES * 60_000 + 240_000),
);
