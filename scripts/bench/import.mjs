// `npm run bench -- import`: dumps of other trainers.
import fs from 'node:fs';
import path from 'node:path';
import { bundle, inTemporaryFolder, mb, measure, median } from './measure.mjs';

/** Imports a dump as verl writes it, next to what it takes Node to read its lines and parse them. */
export async function importing(values) {
  const program = await bundle('import.ts');
  await inTemporaryFolder(async (folder) => {
    console.log('\n| dump | rollouts | time | speed | per CPU time | memory | times readline + JSON.parse |');
    console.log('| --- | --- | --- | --- | --- | --- | --- |');
    for (const [form, what] of [
      ['verl', 'verl, a file for each step'],
      ['verl-file', "one file of JSON Lines with verl's columns"],
      ['prime-rl', 'prime-rl, a file for each step, with tokens'],
      ['rl-logging-board', 'RLLoggingBoard, one file, with tokens'],
      ['trl', 'TRL, a compressed Parquet file for each step'],
    ]) {
      const isFile = form === 'verl-file' || form === 'rl-logging-board';
      const isText = form !== 'trl';
      const dump = path.join(folder, isFile ? 'dump.jsonl' : 'dump');
      measure(process.execPath, [program, 'generate', dump, values.megabytes, form]);
      const ours = [];
      const peers = [];
      for (let round = 0; round < Number(values.rounds); round++) {
        const run = path.join(folder, 'run');
        ours.push(measure(process.execPath, [program, 'import', dump, run]));
        if (isText) peers.push(measure(process.execPath, [program, 'reference', dump]));
        fs.rmSync(run, { recursive: true, force: true });
      }
      const [own, peer] = [median(ours), isText ? median(peers) : null];
      const [speed, ofCpu] = [own.seconds, own.cpu].map((seconds) => own.dump / 1e6 / seconds);
      const cells = [
        `${what}, ${(own.dump / 1e6).toFixed(0)} MB`,
        own.rollouts.toLocaleString('en'),
        `${own.seconds.toFixed(1)} s (CPU ${own.cpu.toFixed(1)} s)`,
        `${speed.toFixed(1)} MB/s (target 20: ${speed >= 20 ? 'met' : 'missed'})`,
        `${ofCpu.toFixed(1)} MB/s`,
        `${mb(own.bytes)} (target 500: ${own.bytes <= 500 * 2 ** 20 ? 'met' : 'missed'})`,
        peer ? (own.seconds / peer.seconds).toFixed(1) : '-',
      ];
      console.log(`| ${cells.join(' | ')} |`);
      fs.rmSync(dump, { recursive: true, force: true });
    }
  });
}
