/** What users install: the command line from npm's tarball, the extension for a platform. */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { cleanEnvironment } from '../support/environment.ts';
import { ROOT, temporaryFolder } from '../support/processes.ts';
import { requireOrSkip } from '../support/skip.ts';
import { PATIENCE } from '../support/wait.ts';

function run(command: string, args: readonly string[], cwd: string, env: NodeJS.ProcessEnv = {}) {
  // npm tells its scripts of itself; what is installed here must not hear of it.
  const own = Object.entries(cleanEnvironment(env)).filter(([name]) => !/^npm_/i.test(name));
  const options = {
    cwd,
    env: Object.fromEntries(own),
    encoding: 'utf8',
    timeout: PATIENCE,
    maxBuffer: 2 ** 26,
  } as const;
  const { status, stdout, stderr, error } = spawnSync(command, args, options);
  return { status, stdout, text: `${stdout}\n${stderr}\n${error ?? ''}` };
}

const { version, dependencies } = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8'));
const onnxruntime = `onnxruntime-node@${dependencies['onnxruntime-node']}`;

describe('the command line from npm', () => {
  const registry = requireOrSkip(
    'the npm registry',
    run('npm', ['view', onnxruntime, 'version'], ROOT).status === 0,
    `npm cannot read ${onnxruntime} from its registry`,
  );
  const folder = temporaryFolder();
  const tarball = path.join(folder, `rollscope-${version}.tgz`);
  let files: string[];

  beforeAll(() => {
    // A checkout of its own: packing builds, and other tests run what is built here.
    const checkout = path.join(folder, 'checkout');
    const parts = ['engine', 'python', 'extension', 'webview', 'scripts', 'package.json', 'tsconfig.json', '.npmrc'];
    for (const name of [...parts, 'README.md', 'CHANGELOG.md', 'LICENSE', 'THIRD-PARTY-NOTICES.md'])
      cpSync(path.join(ROOT, name), path.join(checkout, name), { recursive: true });
    symlinkSync(path.join(ROOT, 'node_modules'), path.join(checkout, 'node_modules'), 'junction');
    const packed = run(process.execPath, ['scripts/package.mjs', '--target', 'npm', '--out', folder], checkout);
    expect(packed.status, packed.text).toBe(0);
    files = run('tar', ['-tzf', tarball], folder).stdout.trim().split('\n');
  });

  test('contains what it needs and nothing else', () => {
    const names = files.map((name) => name.replace(/^package\//, ''));
    const needed = [
      'package.json',
      'README.md',
      'LICENSE',
      'THIRD-PARTY-NOTICES.md',
      'CHANGELOG.md',
      'dist/cli.js',
      'dist/compute.js',
      'dist/judge.js',
      'dist/browser.js',
      'dist/panel.js',
    ];
    expect(names).toEqual(expect.arrayContaining([...needed, 'engine/embedded/problems.jsonl', 'python/train_trl.py']));
    const others = names.filter((name) => !needed.includes(name));
    for (const name of others)
      expect(name).toMatch(/^(dist\/chunks\/[\w-]+\.js|engine\/embedded\/[\w./-]+|python\/(?:\w+\/)?\w+\.py)$/);
    expect(statSync(tarball).size).toBeLessThan(4e6);
  });

  test.runIf(registry)('installs without building anything, and trains', () => {
    const prefix = path.join(folder, 'prefix');
    const options = ['--omit=dev', '--prefer-offline', '--no-audit', '--no-fund'];
    const installed = run('npm', ['install', '--global', '--prefix', prefix, ...options, tarball], folder, {
      ONNXRUNTIME_NODE_INSTALL_CUDA: 'skip',
    });
    expect(installed.status, installed.text).toBe(0);
    const windows = process.platform === 'win32';
    const home = path.join(prefix, windows ? '' : 'lib', 'node_modules', 'rollscope');
    const program = path.join(prefix, windows ? 'rollscope.cmd' : 'bin/rollscope');
    expect(existsSync(path.join(home, 'node_modules', 'esbuild'))).toBe(false);
    const before = statSync(path.join(home, 'dist', 'cli.js')).mtimeMs;

    const rollscope = (...args: string[]) =>
      run(program, args, folder, { ROLLSCOPE_HOME: path.join(folder, 'home'), TMPDIR: folder });
    const help = rollscope('--help');
    expect(help.status, help.text).toBe(0);
    expect(help.stdout).toContain('Usage: rollscope');
    expect(rollscope('--version').stdout.trim()).toBe(version);
    const size = [
      '--steps',
      '1',
      '--batch',
      '2',
      '--votes',
      '2',
      '--group',
      '2',
      '--limit',
      '2',
      '--eval-samples',
      '0',
    ];
    const trained = rollscope('train', ...size, '--watch', 'off', '--device', 'cpu', '--json');
    expect(trained.status, trained.text).toBe(0);
    expect(JSON.parse(trained.stdout.trimEnd().split('\n').at(-1)!)).toMatchObject({ status: 'completed', steps: 1 });
    expect(statSync(path.join(home, 'dist', 'cli.js')).mtimeMs).toBe(before);
  });
});

describe('the extension', () => {
  test("for another platform contains only that platform's libraries, and every chunk of the engine", () => {
    const [target, other] =
      process.platform === 'darwin' ? ['linux-arm64', 'darwin'] : ['darwin-arm64', process.platform];
    const vsix = path.join(temporaryFolder(), 'new folder', 'x.vsix');
    const made = run(process.execPath, ['scripts/package.mjs', '--target', target!, '--out', vsix], ROOT);
    expect(made.status, made.text).toBe(0);
    expect(statSync(vsix).size).toBeLessThan(100e6);
    // The names in a ZIP file's directory are plain text.
    const names = readFileSync(vsix, 'latin1');
    const platform = target!.split('-')[0];
    const library = `bin/napi-v6/${platform}/arm64/`;
    expect(names).toContain(library);
    expect(names.match(/bin\/napi-v6\/(\w+)\//g)!.every((found) => found === `bin/napi-v6/${platform}/`)).toBe(true);
    expect(names).not.toContain(`bin/napi-v6/${other}/`);
    expect(names).not.toMatch(/libonnxruntime\.\d+\.\d+\.\d+\.dylib/);
    for (const name of [
      'dist/cli.js',
      'dist/compute.js',
      'dist/judge.js',
      'dist/extension.cjs',
      'dist/panel.js',
      'dist/compare.js',
      'dist/chunks/',
    ])
      expect(names).toContain(`extension/${name}`);
  });

  test('for a platform that onnxruntime does not support is refused, and the supported ones are named', () => {
    const refused = run(process.execPath, ['scripts/package.mjs', '--target', 'darwin-x64'], ROOT);
    expect(refused.status).toBe(1);
    for (const target of ['darwin-x64', 'darwin-arm64', 'linux-arm64', 'linux-x64', 'win32-arm64']) {
      expect(refused.text).toContain(target);
    }
  });
});
