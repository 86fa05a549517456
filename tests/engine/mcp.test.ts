/** `rollscope mcp`, asked by the real client of the SDK. */
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { parseAddress } from '../../engine/protocol/address.ts';
import { TOOLS } from '../../engine/protocol/tools.ts';
import { CLI, temporaryFolder } from '../support/processes.ts';
import { writeRunFixture } from '../support/run-fixture.ts';

const home = temporaryFolder();
const runs = path.join(home, 'runs');
/** What the user of the client answers. */
let answer: 'accept' | 'decline' = 'decline';
const asked: string[] = [];

async function connect(elicitation: boolean, options: { cwd?: string; args?: string[] } = {}): Promise<Client> {
  const client = new Client({ name: 'test', version: '1' }, { capabilities: elicitation ? { elicitation: {} } : {} });
  if (elicitation) {
    client.setRequestHandler(ElicitRequestSchema, async ({ params }) => {
      asked.push(params.message);
      return { action: answer, content: {} };
    });
  }
  const env = { ...process.env, ROLLSCOPE_HOME: home } as Record<string, string>;
  const server = { command: process.execPath, args: [CLI, 'mcp', ...(options.args ?? [])], cwd: options.cwd, env };
  await client.connect(new StdioClientTransport(server));
  return client;
}

let client: Client;
beforeAll(async () => {
  await writeRunFixture(path.join(runs, 'one'), { problems: 6, steps: 4, every: 2 });
  await writeRunFixture(path.join(runs, 'two'), { problems: 6, steps: 4, every: 2, seed: 5 });
  client = await connect(true);
});
afterAll(() => client.close());

async function call(name: string, input: Record<string, unknown> = {}, from = client) {
  const { content, isError } = await from.callTool({ name, arguments: input });
  const [{ text }] = content as [{ text: string }];
  return { text, failed: isError === true, value: isError ? null : JSON.parse(text) };
}

describe('an agent', () => {
  test('sees all tools, and which of them are read-only', async () => {
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toEqual(TOOLS.map(({ name }) => name));
    expect(tools.filter(({ annotations }) => !annotations?.readOnlyHint).map(({ name }) => name)).toEqual([
      'start_run',
    ]);
  });

  test('lists runs and reads them', async () => {
    const { value } = await call('list_runs');
    expect(value.runs.map(({ run }: { run: string }) => run).sort()).toEqual(['one', 'two']);
    const { value: shown } = await call('show_run', { run: 'one' });
    expect(shown).toMatchObject({ run: 'one', status: 'completed' });
    expect(shown.series.step).toHaveLength(4);
    expect(shown.problems).toBeUndefined();
  });

  test('filters problems, and reads one and its rollouts', async () => {
    const { value: all } = await call('list_problems', { run: 'one' });
    const { value: wrong } = await call('list_problems', { run: 'one', verdict: 'wrong', minShare: 0.5, limit: 1 });
    expect(all.found).toBe(6);
    expect(wrong.problems).toHaveLength(1);
    const [{ id, correct }] = wrong.problems;
    expect(correct).toBe(false);
    const { value: problem } = await call('show_problem', { run: 'one', problem: id });
    expect(problem.rollouts.length).toBeGreaterThan(1);
    const { value: rollout } = await call('show_rollout', { run: 'one', problem: id, rollout: 2 });
    expect(rollout.tokenTexts.join('')).toBe(rollout.text);
  });

  test('searches, compares, rescores, and gets a report with links to its evidence', async () => {
    const { value: found } = await call('find_rollouts', { run: 'one', text: 'let me', phase: 'train', limit: 2 });
    expect(found.hits).toHaveLength(2);
    expect(found.total).toBeGreaterThan(2);
    const { value: compared } = await call('compare_runs', { runs: ['one', 'two'] });
    expect(compared).toBeTypeOf('object');
    const { value: rescored } = await call('rescore_run', { run: 'one', reward: 'majority-vote' });
    expect(rescored.rewards.map(({ reward }: { reward: string }) => reward)).toContain('majority-vote');
    const { value: report } = await call('report', { run: 'one' });
    const links = [...report.markdown.matchAll(/\(<([^>]+)>\)/g)].map(([, link]) => parseAddress(link!));
    expect(links.length).toBeGreaterThan(5);
    for (const link of links) expect(link).toMatchObject({ folder: path.join(runs, 'one'), says: expect.any(String) });
    const { value: linked } = await call('link', { folder: path.join(runs, 'one'), step: 2, problem: 'sum-01' });
    expect(parseAddress(linked.link)).toMatchObject({ step: 2, problem: 'sum-01' });
  });

  test('is told what is wrong with its requests', async () => {
    const unknown = await call('show_run', { run: 'nowhere' });
    expect(unknown).toMatchObject({ failed: true, text: expect.stringContaining("No run 'nowhere'") });
    expect(await call('show_run', {})).toMatchObject({ failed: true, text: expect.stringContaining('run is missing') });
    expect((await call('show_run', { run: 'one', other: 1 })).text).toContain('other is not a parameter');
    expect((await call('show_run', { run: 3 })).text).toContain('run is not of type string');
    expect((await call('nothing')).text).toContain("There is no tool 'nothing'");
    // What looks like an option is none.
    expect((await call('show_run', { run: '--help' })).failed).toBe(true);
  });

  test('starts a run only after the user has agreed', async () => {
    const input = { steps: 1, name: 'started' };
    answer = 'decline';
    expect(await call('start_run', input)).toMatchObject({ failed: true, text: expect.stringContaining('declined') });
    expect(asked.at(-1)).toContain('rollscope train --steps=1 --name=started');
    const silent = await connect(false);
    const refused = await call('start_run', input, silent);
    await silent.close();
    expect(refused).toMatchObject({ failed: true, text: expect.stringContaining('cannot ask the user') });
    const { value } = await call('list_runs');
    expect(value.runs).toHaveLength(2);
  });
});

describe('in Restricted Mode', () => {
  const folder = temporaryFolder();
  const trace = path.join(folder, 'ran');
  const custom = { reward: 'custom', rewardOptions: { custom: { command: ['./reward.mjs'] } } };
  const python = path.join(folder, 'python');
  const theirs = {
    rewarded: custom,
    trained: { engine: { kind: 'trl', python } },
    relative: { engine: { kind: 'trl', python: './python' } },
    submitted: { engine: { kind: 'verl', address: 'http://127.0.0.1:9' } },
  };
  let agent: Client;

  beforeAll(async () => {
    for (const name of ['node', 'python', 'python3', 'bwrap', 'git', 'reward.mjs']) {
      writeFileSync(path.join(folder, name), `#!/bin/sh\ntouch '${trace}'\n`);
      chmodSync(path.join(folder, name), 0o755);
    }
    writeFileSync(path.join(folder, 'problems.jsonl'), '{"prompt": "1+1=", "answer": "2"}\n');
    const configurations = { it: { dataset: { path: 'problems.jsonl' }, seed: 77, ...custom, ...theirs.relative } };
    writeFileSync(path.join(folder, 'rollscope.json'), JSON.stringify({ configurations }));
    writeFileSync(path.join(folder, 'run.json'), JSON.stringify({ config: configurations.it }));
    writeFileSync(path.join(folder, '.env'), `ROLLSCOPE_HOME=${folder}\nNODE_OPTIONS=--require=./reward.mjs\n`);
    for (const [name, config] of Object.entries(theirs)) {
      const run = path.join(folder, name);
      await writeRunFixture(run, { problems: 4, steps: 4, every: 2, outcome: 'stopped' });
      const file = path.join(run, 'run.json');
      const before = JSON.parse(readFileSync(file, 'utf8'));
      writeFileSync(file, JSON.stringify({ ...before, config: { ...before.config, ...config } }));
    }
    agent = await connect(false, { cwd: folder, args: ['--allow-start'] });
  });
  afterAll(() => agent.close());
  afterEach(() => expect(existsSync(trace)).toBe(false));

  test.each(Object.keys(theirs))('no program of the run %s is started, by its name or its path', async (name) => {
    for (const fork of [name, `./${name}`, path.join(folder, name)]) {
      expect((await call('start_run', { fork, checkpoint: '2' }, agent)).failed).toBe(true);
    }
  });

  test.each([
    { reward: 'custom' },
    { reward: 'program' },
    { dataset: '--config=rollscope.json#it' },
    { model: './python' },
  ])('nothing is started with %j', async (input) => {
    expect((await call('start_run', { steps: 1, ...input }, agent)).failed).toBe(true);
  });

  test('a run takes nothing from the folder but the named problems', async () => {
    const elsewhere = await connect(false, { cwd: temporaryFolder(), args: ['--allow-start'] });
    const dataset = path.join(folder, 'problems.jsonl');
    const config = async (from: Client, name: string, file: string) => {
      const { value, text } = await call('start_run', { dataset: file, steps: 1, name }, from);
      expect(value, text).not.toBeNull();
      return JSON.parse(readFileSync(path.join(runs, name, 'run.json'), 'utf8')).config;
    };
    expect(await config(agent, 'here', 'problems.jsonl')).toEqual(await config(elsewhere, 'there', dataset));
    await elsewhere.close();
  });
});
