/** The Python of runs on TRL: where it is found, what it lacks, and what is said of that. */
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { findProgram } from '../../engine/external/find-program.ts';
import { isNewer } from '../../engine/protocol/version.ts';
import { accelerateFile } from '../../engine/trl/launch.ts';
import { examinePython, findPython, MIN_TRL_VERSION, requirePython } from '../../engine/trl/python.ts';
import { ROOT, temporaryFolder } from '../support/processes.ts';
import { expectRejection, expectThrow } from '../support/refusals.ts';
import { requireOrSkip } from '../support/skip.ts';

const system = await findProgram('python3');
const there = requireOrSkip('Python', system !== null, 'python3 is not on the PATH');

describe.runIf(there)('the Python interpreter', () => {
  test('is that of .venv in the folder or above it, unless one is named', async () => {
    const folder = temporaryFolder();
    const bin = path.join(folder, '.venv', 'bin');
    mkdirSync(path.join(folder, 'a', 'b'), { recursive: true });
    mkdirSync(bin, { recursive: true });
    symlinkSync(system!, path.join(bin, 'python'));
    expect(await findPython(undefined, path.join(folder, 'a', 'b'))).toBe(path.join(bin, 'python'));
    expect(await findPython('python3', folder)).toBe(system);
    expect(await findPython('no-such-python', folder)).toBeNull();
  });

  test('is described with what it has and lacks, and the command that installs it', async () => {
    const folder = temporaryFolder();
    const python = path.join(folder, 'python');
    // The system's, without what is installed for it.
    writeFileSync(python, `#!/bin/sh\nexec "${system}" -I -S "$@"\n`, { mode: 0o755 });
    const report = await examinePython(python, ['peft']);
    expect(report.versions.python).toMatch(/^3\./);
    expect(report).toMatchObject({
      missing: ['trl', 'peft'],
      install: `${python} -m pip install "trl>=${MIN_TRL_VERSION}" peft`,
    });
    const details = { reason: 'missing-packages', missing: ['trl'], file: python };
    await expectRejection(requirePython(python, []), 'config', details);
  });

  test('that does not run is named', async () => {
    const python = path.join(temporaryFolder(), 'python');
    writeFileSync(python, '#!/bin/sh\necho broken >&2\nexit 3\n', { mode: 0o755 });
    await expectRejection(examinePython(python), 'config', { reason: 'bad-python', file: python });
    await expectRejection(requirePython('no-such-python', []), 'config', {
      reason: 'no-python',
      file: 'no-such-python',
    });
  });
});

test('versions are compared by number', () => {
  expect(['1.9.0', '1.15.3', '0.20'].map((version) => isNewer('1.16', version))).toEqual([true, true, true]);
  expect(['1.16', '1.16.0', '1.17.0.dev0', '2.0'].map((version) => isNewer('1.16', version))).toEqual([
    ...[false, false, false, false],
  ]);
});

test('an accelerate configuration is a file, or a name in its folder', () => {
  const folder = temporaryFolder();
  const file = path.join(folder, 'fsdp.yaml');
  writeFileSync(file, '');
  expect(accelerateFile(file)).toBe(file);
  const missing = { reason: 'no-accelerate-config', value: 'no-such-configuration' };
  expectThrow(() => accelerateFile('no-such-configuration'), 'config', missing);
});

// CI leaves out the suite that runs most of them.
test('every module of ours that a test script imports exists', () => {
  const imports = ['interop', 'trainers'].flatMap((suite) => {
    const folder = path.join(ROOT, 'tests', suite);
    const scripts = readdirSync(folder).filter((name) => name.endsWith('.py'));
    return scripts.flatMap((name) => {
      const text = readFileSync(path.join(folder, name), 'utf8');
      return [...text.matchAll(/^\s*(?:from|import) (rollscope_[\w.]+)/gm)].map(([, module]) => ({
        name,
        module: module!,
      }));
    });
  });
  expect(imports.length).toBeGreaterThan(1);
  const missing = imports.filter(({ module }) => {
    const file = path.join(ROOT, 'python', ...module.split('.'));
    return !existsSync(`${file}.py`) && !existsSync(path.join(file, '__init__.py'));
  });
  expect(missing).toEqual([]);
});
