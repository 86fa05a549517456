/** A run on TensorFlow.js, in the built programs: the device is found, loaded by the compute worker, and recorded. */
import path from 'node:path';
import { expect, test } from 'vitest';
import { CLI, Program, temporaryFolder } from '../support/processes.ts';
import { recordsOf } from '../support/run-outcome.ts';
import { pureTfjsFolder } from '../support/tfjs.ts';

const SMALL = ['--steps', '1', '--batch', '2', '--votes', '2', '--group', '2', '--limit', '2', '--eval-samples', '1'];

test('a run on TensorFlow.js samples the same tokens as on the CPU', async () => {
  const home = temporaryFolder();
  const environment = { ROLLSCOPE_HOME: home, TMPDIR: home, ROLLSCOPE_TFJS: pureTfjsFolder() };
  const train = async (device: string) => {
    const args = [CLI, 'train', '--name', device, '--device', device, '--max-tokens', '12', '--seed', '3', ...SMALL];
    const ended = await new Program(process.execPath, args, { env: environment }).ended;
    expect(ended, ended.stderr).toMatchObject({ code: 0 });
    return recordsOf(path.join(home, 'runs', device));
  };
  const [cpu, tfjs] = [await train('cpu'), await train('tfjs')];
  expect(tfjs.find((record) => record.type === 'run')).toMatchObject({ device: 'tfjs' });
  const clusters = (records: typeof cpu) =>
    records.flatMap((record) => (record.type === 'group' ? [record.clusters] : []));
  expect(clusters(tfjs)).toEqual(clusters(cpu));
  expect(tfjs.at(-1)).toMatchObject({ type: 'end', reason: 'completed' });
});
