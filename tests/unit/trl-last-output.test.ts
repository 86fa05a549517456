/** What is said of a Python side that has ended: its own error or which process was killed, without the launcher's pages. */
import { expect, test } from 'vitest';
import { lastOutput } from '../../engine/trl/last-output.ts';

/** As torchrun of torch 2.15 prints it. */
const REPORT = (code: number) => [
  'W1129 19:30:28 7394 torch/distributed/elastic/multiprocessing/api.py:1028] Sending process 7518 closing signal SIGTERM',
  `E1129 19:30:28 7394 torch/distributed/elastic/multiprocessing/api.py:1002] failed (exitcode: ${code}) local_rank: 1 (pid: 7519) of binary: python`,
  'Traceback (most recent call last):',
  '  File "torch/distributed/launcher/api.py", line 386, in launch_agent',
  'torch.distributed.elastic.multiprocessing.errors.ChildFailedError: ',
  '======================================================',
  'train_trl.py FAILED',
  'Root Cause (first observed failure):',
  '  traceback : Signal 9 (SIGKILL) received by PID 7519',
];

test("a process's error is quoted, and the launcher's report is omitted", () => {
  const own = [
    'Loading weights: 100%',
    'Traceback (most recent call last):',
    '[rank1]: ValueError: a step has 3 rollouts',
  ];
  expect(lastOutput([...own, ...REPORT(1)], 12)).toEqual({
    cause: 'ValueError: a step has 3 rollouts',
    killed: false,
    lines: own,
  });
});

test('a killed process is named', () => {
  expect(lastOutput(['Loading weights: 100%', ...REPORT(-9)], 12)).toEqual({
    cause: 'process 1 was killed (SIGKILL)',
    killed: true,
    lines: ['Loading weights: 100%'],
  });
});

test('what the others report about a killed process is not the cause', () => {
  const lost = 'RuntimeError: Connection closed by peer [127.0.0.1]:29500';
  const { cause, lines } = lastOutput([lost, ...REPORT(-9)], 12);
  expect(cause).toBe('process 1 was killed (SIGKILL)');
  expect(lines).toEqual([lost]);
});

test('without a launcher the last lines are quoted', () => {
  const lines = Array.from({ length: 20 }, (_, i) => `line ${i}`);
  expect(lastOutput(lines, 3)).toEqual({ cause: null, killed: false, lines: ['line 17', 'line 18', 'line 19'] });
  expect(lastOutput([...lines, 'RuntimeError: weights are NaN'], 1).cause).toBe('RuntimeError: weights are NaN');
});
