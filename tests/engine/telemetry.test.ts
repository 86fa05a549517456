/**
 * Nothing leaves the machine, and no library keeps a device id: seen from outside, in the files that a program leaves
 * and in its system calls. The first two tests show that the check would notice.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { encodeGraph } from '../../engine/runtime/onnx.ts';
import { Graph, op } from '../../engine/tensor/index.ts';
import { CLI, Program, ROOT, temporaryFolder } from '../support/processes.ts';
import { requireOrSkip } from '../support/skip.ts';

const STRACE = '/usr/bin/strace';
const traceable = requireOrSkip(
  'strace',
  process.platform === 'linux' && existsSync(STRACE),
  'system calls are traced with strace on Linux (apt-get install strace)',
);

interface Seen {
  /** Files below the program's home and temporary folder that telemetry wrote. */
  files: string[];
  /** Connections and messages to other hosts, and look-ups of names. */
  network: string[];
  output: string;
  code: number | null;
}

/** Runs a Node program in an empty home, in the environment of a user (libraries keep quiet in known CI services). */
async function watch(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Seen> {
  const home = temporaryFolder();
  const trace = path.join(home, 'trace.txt');
  const ci = { CI: undefined, GITHUB_ACTIONS: undefined, TF_BUILD: undefined, ORT_DISABLE_TELEMETRY: undefined };
  const folders = { HOME: home, TMPDIR: home, XDG_CACHE_HOME: undefined, ROLLSCOPE_HOME: path.join(home, 'rollscope') };
  const calls = 'trace=connect,sendto,sendmsg,sendmmsg,openat,execve';
  const program = new Program(STRACE, ['-f', '-qq', '-e', calls, '-o', trace, process.execPath, ...args], {
    cwd: home,
    env: { ...ci, ...folders, ...env },
  });
  const { code } = await program.ended;
  const lines = readFileSync(trace, 'utf8').split('\n');
  return {
    files: readdirSync(home, { recursive: true, encoding: 'utf8' }).filter((file) =>
      /Microsoft|deviceid|mat-debug|\.ses$|onnxruntime\.db/.test(file),
    ),
    // A shell asks nscd for the user's name, which is not a look-up of a host: only requests for hosts count.
    network: lines.filter((line) => /AF_INET6?\b|\/etc\/resolv\.conf|\/etc\/hosts|"[^"]*hosts\\0"/.test(line)),
    output: program.output,
    code,
  };
}

describe.runIf(traceable)('telemetry of libraries', () => {
  const script = path.join(temporaryFolder(), 'session.cjs');
  beforeAll(() => {
    const graph = new Graph();
    const x = graph.input('x', 'float32', [2, 2]);
    graph.output('y', op.matmul(x, x));
    writeFileSync(`${script}.onnx`, encodeGraph(graph, 'portable').model);
    const runtime = JSON.stringify(path.join(ROOT, 'node_modules', 'onnxruntime-node'));
    const deviceId = '.cache/Microsoft/DeveloperTools/.onnxruntime/deviceid';
    writeFileSync(
      script,
      `const fs = require('node:fs');
       const wait = () => fs.existsSync(${JSON.stringify(deviceId)}) || setImmediate(wait);
       require(${runtime}).InferenceSession.create(${JSON.stringify(`${script}.onnx`)}).then(wait);`,
    );
  });

  test('onnxruntime alone leaves a device id in the home folder', async () => {
    const seen = await watch([script]);
    expect(seen, seen.output).toMatchObject({ code: 0 });
    expect(seen.files.join(' ')).toContain('deviceid');
  });

  test('a name lookup is detected', async () => {
    const seen = await watch(['-e', "require('node:dns').lookup('rollscope.invalid', () => {})"]);
    expect(seen.network).not.toEqual([]);
  });

  test.each([
    ['train', '--steps', '2', '--batch', '2', '--votes', '2', '--group', '2', '--device', 'cpu', '--watch', 'off'],
    ['doctor'],
  ])('rollscope %s writes no such file, looks up no name and connects to no host', async (...args) => {
    const seen = await watch([CLI, ...args]);
    expect(seen, seen.output).toMatchObject({ code: 0, files: [], network: [] });
  });
});
