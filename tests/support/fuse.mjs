// Ends the program that it is loaded into (`node --import`) by SIGKILL at a point of its own work that does not depend on
// how busy the machine is: `FUSE` says which event lights the fuse, and how long it burns, in seconds of CPU time.
// `killer.ts` has the types.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { isMainThread, Worker } from 'node:worker_threads';

const end = () => process.kill(process.pid, 'SIGKILL');

/** A separate thread watches the clock, since the others may be busy. */
function light(seconds) {
  if (seconds === 0) return end();
  const used = process.cpuUsage();
  const until = used.user + used.system + seconds * 1e6;
  const burn = `
    const pause = new Int32Array(new SharedArrayBuffer(4));
    for (;;) {
      const { user, system } = process.cpuUsage();
      if (user + system >= ${until}) process.kill(process.pid, 'SIGKILL');
      Atomics.wait(pause, 0, 0, 1);
    }`;
  new Worker(burn, { eval: true, execArgv: [], env: {} }).unref();
}

const RECORD = /^\{"type":"(\w+)","seq":\d+,"time":"[^"]*"(?:,"phase":"(\w+)")?(?:,"step":(\d+))?/;

function arm({ on, nth, seconds, batch, steps, groups }) {
  if (on === 'start') return light(seconds);
  let left = nth;
  const met = () => --left === 0;
  const { writeSync, mkdirSync } = fs;
  /** Whether writing this record lights the fuse. */
  const lights = (text) => {
    const [, type, phase, number] = RECORD.exec(text) ?? [];
    const step = Number(number);
    if (type !== 'group') return false;
    if (phase === 'train') groups[step] = (groups[step] ?? 0) + 1;
    if (on === 'rollout') return phase === 'train' && groups[step] < batch;
    if (on === 'update') return phase === 'train' && groups[step] === batch;
    if (on === 'before-evaluation') return phase !== 'train' && step === 0;
    return on === 'after-evaluation' && phase !== 'train' && step === steps;
  };
  fs.writeSync = (file, bytes, ...rest) => {
    if (on === 'write' && bytes instanceof Uint8Array && met()) {
      // the disk has received only part of it
      writeSync(file, bytes, rest[0] ?? 0, Math.floor((rest[1] ?? bytes.length) * seconds), rest[2]);
      return end();
    }
    const written = writeSync(file, bytes, ...rest);
    if (bytes instanceof Uint8Array && lights(Buffer.from(bytes).toString('latin1', 0, 160)) && met()) light(seconds);
    return written;
  };
  fs.mkdirSync = (path, ...rest) => {
    const made = mkdirSync(path, ...rest);
    if (on === 'checkpoint' && /checkpoints[\\/]\.tmp/.test(String(path)) && met()) light(seconds);
    return made;
  };
  syncBuiltinESMExports();
}

if (isMainThread && process.env.FUSE) arm(JSON.parse(process.env.FUSE));
