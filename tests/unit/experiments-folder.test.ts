/** The folder of an experiment: its identity, also as it was stored before, and where a new one goes. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { experimentNamed, experiments } from '../../engine/experiments/catalog/index.ts';
import { folderFor, openFolder, REPORT_FILE, readIdentity, writeIdentity } from '../../engine/experiments/folder.ts';
import { RunConfig } from '../../engine/protocol/index.ts';
import { temporaryFolder } from '../support/processes.ts';
import { expectRejection, expectThrow } from '../support/refusals.ts';

const base = RunConfig.parse({ dataset: { path: 'embedded' } });
const identity = { experiment: 'generalization', base, against: [], seeds: [0, 1] };

/** A folder as an earlier version wrote it. */
function formerFolder(root: string, name: string, seconds = 12): string {
  const folder = path.join(root, name);
  mkdirSync(folder);
  const former = { ...base, dataset: { ...base.dataset, template: '{{prompt}}' } };
  const stored = { study: 'generalisation', base: former, against: [], seeds: [0, 1], versions: {}, seconds };
  writeFileSync(path.join(folder, 'study.json'), JSON.stringify(stored));
  return folder;
}

describe('the folder of an experiment', () => {
  test('keeps the time of earlier runs, and belongs to one experiment', async () => {
    const folder = path.join(temporaryFolder(), 'e');
    expect(await openFolder(folder, identity)).toBe(0);
    await writeIdentity(folder, identity, 34);
    expect(await openFolder(folder, { ...identity, base: { ...base, threads: 3 } })).toBe(34);
    for (const other of [
      { ...identity, seeds: [0] },
      { ...identity, experiment: 'theory' },
    ]) {
      await expectRejection(openFolder(folder, other), 'config', { reason: 'other-experiment', folder });
    }
  });

  test('of an earlier version, under its former name, resumes', async () => {
    const root = temporaryFolder();
    const folder = formerFolder(root, 'generalisation');
    expect(readIdentity(folder)).toMatchObject({ experiment: 'generalization', seconds: 12 });
    expect(folderFor(root, identity)).toBe(folder);
    expect(await openFolder(folder, identity)).toBe(12);
    await writeIdentity(folder, identity, 56);
    expect(readIdentity(folder)).toMatchObject({ experiment: 'generalization', seconds: 56 });
    expect(JSON.parse(readFileSync(path.join(folder, 'experiment.json'), 'utf8')).experiment).toBe('generalization');
  });

  test('is the first free one, or the unfinished one of the same experiment', async () => {
    const root = temporaryFolder();
    const at = (name: string) => path.join(root, name);
    expect(folderFor(root, identity)).toBe(at('generalization'));
    await openFolder(at('generalization'), { ...identity, seeds: [7] });
    expect(folderFor(root, identity)).toBe(at('generalization-2'));
    await openFolder(at('generalization-2'), identity);
    expect(folderFor(root, identity)).toBe(at('generalization-2'));
    writeFileSync(path.join(at('generalization-2'), REPORT_FILE), '');
    expect(folderFor(root, identity)).toBe(at('generalization-3'));
    writeFileSync(path.join(formerFolder(root, 'generalisation'), REPORT_FILE), '');
    expect(folderFor(root, identity)).toBe(at('generalization-3'));
  });

  test.each([
    ['a reward of a newer version', { reward: 'wonder' }],
    ['a number that only an earlier version allowed', { optimizer: { ...base.optimizer, epsilon: 0.2 } }],
  ])('is another one where the experiment in it has %s', async (_, stored) => {
    const root = temporaryFolder();
    const folder = path.join(root, 'generalization');
    await openFolder(folder, identity);
    const file = path.join(folder, 'experiment.json');
    const before = JSON.parse(readFileSync(file, 'utf8'));
    writeFileSync(file, JSON.stringify({ ...before, base: { ...before.base, ...stored } }));
    expect(readIdentity(folder)).not.toBeNull();
    expect(folderFor(root, identity)).toBe(path.join(root, 'generalization-2'));
    await expectRejection(openFolder(folder, identity), 'config', { reason: 'other-experiment', folder });
  });
});

test('every experiment is found by its name, and a renamed one by its former name', () => {
  for (const experiment of experiments) expect(experimentNamed(experiment.name)).toBe(experiment);
  expect(experimentNamed('generalisation').name).toBe('generalization');
  expectThrow(() => experimentNamed('nothing'), 'usage', { reason: 'unknown-experiment', value: 'nothing' });
});
