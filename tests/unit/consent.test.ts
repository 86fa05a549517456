/** Runs and configurations from elsewhere name programs: these run only after somebody here has seen and allowed them. */
import { cpSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { allowedBy, checkConfigFile, withConsent } from '../../engine/cli/consent.ts';
import { programsOf } from '../../engine/config/programs.ts';
import { isOwnRun, markAsOwn } from '../../engine/journal/own-mark.ts';
import { RollscopeError, RunConfig } from '../../engine/protocol/index.ts';
import type { EngineClient } from '../../engine/server/connection.ts';
import { checkConsent, checkInherited } from '../../engine/training/run/consent.ts';
import { resumeRun } from '../../engine/training/run/resume.ts';
import { startRun } from '../../engine/training/run/start.ts';
import type { EngineService } from '../../extension/engine/service.ts';
import { confirmForeignPrograms } from '../../extension/run/consent.ts';
import { RunSession } from '../../extension/run/session.ts';
import { refusedPrograms } from '../../extension/trust.ts';
import { editor, resetEditor } from '../support/editor.ts';
import { FakeOutput } from '../support/output.ts';
import { temporaryFolder } from '../support/processes.ts';
import { expectRejection, refusalOf } from '../support/refusals.ts';
import { writeRunFixture } from '../support/run-fixture.ts';
import { UNCANCELED } from '../support/wait.ts';

vi.mock('vscode', async () => (await import('../support/editor.ts')).vscode);

const COMMAND = ['node', 'x.mjs', '--quietly; rm -rf ~'];
const CUSTOM = { reward: 'custom', rewardOptions: { custom: { command: COMMAND } } };
let root: string;
let folder: string;

beforeEach(async () => {
  resetEditor();
  root = temporaryFolder();
  vi.stubEnv('ROLLSCOPE_HOME', path.join(root, 'home'));
  folder = path.join(root, 'run');
  await writeRunFixture(folder, { steps: 2, every: 1, outcome: 'stopped' });
  const file = path.join(folder, 'run.json');
  const run = JSON.parse(readFileSync(file, 'utf8'));
  writeFileSync(file, JSON.stringify({ ...run, config: { ...run.config, ...CUSTOM } }));
});

const config = () => RunConfig.parse({ model: 'embedded', dataset: { path: 'embedded' }, ...CUSTOM });

describe('a mark', () => {
  test('is bound to this user and to this run.json', async () => {
    expect(await isOwnRun(folder)).toBe(false);
    await markAsOwn(folder);
    expect(await isOwnRun(folder)).toBe(true);
    if (process.platform !== 'win32') expect(statSync(path.join(root, 'home', 'own.key')).mode & 0o777).toBe(0o600);
    const copy = path.join(root, 'copy');
    cpSync(folder, copy, { recursive: true });
    expect(await isOwnRun(copy)).toBe(true);
    writeFileSync(path.join(copy, 'run.json'), `${readFileSync(path.join(copy, 'run.json'), 'utf8')} `);
    expect(await isOwnRun(copy)).toBe(false);
    vi.stubEnv('ROLLSCOPE_HOME', path.join(root, 'another'));
    expect(await isOwnRun(folder)).toBe(false);
    await markAsOwn(folder);
    vi.stubEnv('ROLLSCOPE_HOME', path.join(root, 'home'));
    expect(await isOwnRun(folder)).toBe(false);
  });

  test('has the same key if several processes create it at once', async () => {
    const copies = Array.from({ length: 8 }, (_, i) => path.join(root, `copy-${i}`));
    for (const copy of copies) cpSync(folder, copy, { recursive: true });
    await Promise.all(copies.map(markAsOwn));
    for (const copy of copies) expect(await isOwnRun(copy)).toBe(true);
    expect(readdirSync(path.join(root, 'home'))).toEqual(['own.key']);
  });

  test('is missing if the home folder cannot be written', async () => {
    writeFileSync(path.join(root, 'file'), '');
    vi.stubEnv('ROLLSCOPE_HOME', path.join(root, 'file'));
    await markAsOwn(folder);
    expect(await isOwnRun(folder)).toBe(false);
  });
});

describe('the engine', () => {
  test('shows what a run from elsewhere would run, before it touches the folder', async () => {
    const before = readdirSync(folder);
    const refusal = await refusalOf(resumeRun({ signal: UNCANCELED, folder, allowPrograms: true }));
    const programs = ['custom: node x.mjs "--quietly; rm -rf ~"'];
    await expectRejection(Promise.reject(refusal), 'config', { reason: 'command-not-allowed', programs });
    expect(refusal.message).toContain(programs[0]);
    expect(readdirSync(folder)).toEqual(before);
    // That programs are allowed at all is asked first.
    await expectRejection(resumeRun({ signal: UNCANCELED, folder }), 'config', { reason: 'programs-not-allowed' });
  });

  test("does not ask again once it was allowed, nor for the user's own runs", async () => {
    await expect(checkConsent(folder, config(), true)).resolves.toBeUndefined();
    await markAsOwn(folder);
    await expect(checkConsent(folder, config(), false)).resolves.toBeUndefined();
  });

  test('shows what a fork of it would run, but not what the user names', async () => {
    const programs = ['custom: node x.mjs "--quietly; rm -rf ~"'];
    const refused = { reason: 'command-not-allowed', programs, run: path.basename(folder) };
    await expectRejection(checkInherited(folder, config(), false), 'config', refused);
    const begin = { folder: path.join(root, 'fork'), from: { folder, step: 1 } };
    await expect(startRun({ signal: UNCANCELED, ...begin, config: config(), allowPrograms: true })).rejects.toThrow();
    expect(existsSync(begin.folder)).toBe(false);
    await expect(checkInherited(folder, config(), true)).resolves.toBeUndefined();
    const mine = { ...config(), rewardOptions: { custom: { command: ['node', 'mine.mjs'] } } };
    await expect(checkInherited(folder, mine, false)).resolves.toBeUndefined();
    await markAsOwn(folder);
    await expect(checkInherited(folder, config(), false)).resolves.toBeUndefined();
  });

  test('knows every reward that runs programs', () => {
    const started = (changes: Partial<RunConfig>) => programsOf({ ...config(), ...changes });
    const text = 'programs of the model';
    expect(started({ reward: '0.5*lean + program' })).toEqual([
      { kind: 'reward', name: 'lean', text: `lean: ${text}` },
      { kind: 'reward', name: 'program', text: `program: ${text}` },
    ]);
    const rewardOptions = { program: { language: 'javascript' } };
    expect(started({ reward: 'program if majority-vote', rewardOptions })).toEqual([
      { kind: 'reward', name: 'program', text: `program: ${text} (language "javascript")` },
    ]);
    expect(started({ reward: 'majority-vote' })).toEqual([]);
  });

  test('Restricted Mode and consent name the same programs', () => {
    const both = { ...config(), engine: { kind: 'verl', address: 'http://head:8265' } } as RunConfig;
    expect(programsOf(both)).toEqual([
      { kind: 'engine', name: 'verl', text: 'verl: a job on http://head:8265' },
      expect.objectContaining({ kind: 'reward', name: 'custom' }),
    ]);
    editor.trusted = false;
    expect(refusedPrograms(both)?.message).toContain('(engine verl, reward custom)');
    editor.trusted = true;
    expect(refusedPrograms(both)).toBeNull();
  });
});

describe('the editor', () => {
  function sessionThat(calls: object[]): RunSession {
    const refusal = new RollscopeError('config', 'It runs a program.', undefined, {
      details: { reason: 'command-not-allowed', programs: ['custom: node x.mjs'], folder: '/here' },
    });
    const request = async (method: string, params: { allowCommand?: boolean }) => {
      if (method !== 'resume' && method !== 'start') return { folder, records: [], progress: null };
      calls.push(params);
      if (!params.allowCommand) throw refusal;
      return { run: 'run', folder };
    };
    const silent = () => ({ dispose() {} });
    const client = { request } as unknown as EngineClient;
    const engine = { onRecord: silent, onProgress: silent, onDidGo: silent, ensure: async () => client };
    return new RunSession(engine as unknown as EngineService, () => true, confirmForeignPrograms);
  }

  test('asks with the command, and resumes after a yes', async () => {
    const calls: object[] = [];
    editor.pressed = ['Run It'];
    await sessionThat(calls).resume(folder);
    expect(editor.shown).toHaveLength(1);
    expect(editor.shown[0]).toMatchObject({ kind: 'warning', buttons: ['Run It'] });
    expect(editor.shown[0]!.detail).toContain('custom: node x.mjs');
    expect(calls).toEqual([
      { folder, allowPrograms: true },
      { folder, allowPrograms: true, allowCommand: true },
    ]);
  });

  test('asks before a fork too', async () => {
    const calls: object[] = [];
    editor.pressed = ['Run It'];
    const from = { folder, step: 1 };
    await sessionThat(calls).start(config(), undefined, from);
    expect(editor.shown[0]!.detail).toContain('custom: node x.mjs');
    expect(calls).toMatchObject([{ from }, { from, allowCommand: true }]);
  });

  test('does nothing after any other answer', async () => {
    const calls: object[] = [];
    const refusal = await refusalOf(sessionThat(calls).resume(folder));
    expect(refusal.code).toBe('canceled');
    expect(calls).toHaveLength(1);
  });
});

describe('the terminal', () => {
  test('names the option that allows it if there is no terminal', async () => {
    const refusal = new RollscopeError('config', 'No.', undefined, { details: { reason: 'command-not-allowed' } });
    const work = vi.fn(async () => Promise.reject(refusal));
    await expect(withConsent(new FakeOutput(), allowedBy({ allowPrograms: true }), work)).rejects.toBe(refusal);
    expect(work).toHaveBeenCalledTimes(1);
  });

  test('does not run what a configuration file names', async () => {
    const file = path.join(root, 'theirs.json');
    const raw = { config: file, allowPrograms: true };
    await expectRejection(checkConfigFile(raw, config()), 'config', { reason: 'command-not-allowed' });
    await checkConfigFile({ ...raw, allowCommand: true }, config());
    await checkConfigFile({ ...raw, rewardProgram: 'mine.mjs' }, config());
    await checkConfigFile(raw, { ...config(), reward: 'majority-vote' });
    await checkConfigFile({ allowPrograms: true }, config());
    expect(existsSync(file)).toBe(false);
  });

  test('refuses a Python or a configuration for TRL named in a file, unless it is allowed or given as an option', async () => {
    const raw = { config: 'theirs.json' };
    const onTrl = (engine: object) =>
      RunConfig.parse({ dataset: { path: 'p.jsonl' }, engine: { kind: 'trl', ...engine } });
    for (const engine of [{ python: './x' }, { accelerateConfig: 'x.yaml' }]) {
      const refused = checkConfigFile(raw, onTrl(engine));
      await expectRejection(refused, 'config', { reason: 'command-not-allowed', file: 'theirs.json' });
      await checkConfigFile({ ...raw, allowCommand: true }, onTrl(engine));
    }
    await checkConfigFile({ ...raw, python: 'mine' }, onTrl({ python: 'mine' }));
    await checkConfigFile(raw, onTrl({}));
    await checkConfigFile({}, onTrl({ python: 'mine' }));
    expect(programsOf(onTrl({ python: '/env/bin/python', accelerateConfig: 'two gpus.yaml' }))).toEqual([
      { kind: 'engine', name: 'trl', text: 'TRL: /env/bin/python with "two gpus.yaml"' },
    ]);
    expect(programsOf(RunConfig.parse({ dataset: { path: 'p.jsonl' } }))).toEqual([]);
  });
});
