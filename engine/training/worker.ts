/** Entry of the compute worker: one policy, driven by messages. The device's library blocks this thread, never the engine's. */
import { parentPort, workerData } from 'node:worker_threads';
import { RollscopeError, type StoredRollout, toErrorData } from '../protocol/index.ts';
import { CONTROL, type ComputeEvent, type ComputeReply, type ComputeRequest } from './compute.ts';
import { Policy, type PolicyHooks, PromptError } from './policy.ts';
import { NonFiniteError } from './trainer.ts';

if (!parentPort) throw new Error('this file is a worker');
const port = parentPort;
const control = workerData.control as Int32Array;
let policy: Policy | null = null;

function send(message: ComputeEvent | ComputeReply, transfer: readonly ArrayBuffer[] = []): void {
  port.postMessage(message, transfer);
}

/** Groups that are complete at the same time travel together: each message wakes the other thread. */
let complete: { problem: number; rollouts: StoredRollout[] }[] = [];

function sendGroups(): void {
  if (complete.length === 0) return;
  const groups = complete;
  complete = [];
  const arrays = groups.flatMap(({ rollouts }) => rollouts.flatMap((r) => Object.values(r).filter(ArrayBuffer.isView)));
  send({ event: 'groups', groups }, [...new Set(arrays.map(({ buffer }) => buffer as ArrayBuffer))]);
}

const hooks: PolicyHooks = {
  tick(progress) {
    sendGroups();
    send({ event: 'tick', ...progress });
    if (Atomics.load(control, 0) === CONTROL.pause) {
      send({ event: 'paused' });
      Atomics.wait(control, 0, CONTROL.pause);
      send({ event: 'continued' });
    }
    if (Atomics.load(control, 0) === CONTROL.cancel) throw new RollscopeError('cancelled', 'The run was stopped.');
  },
};

function opened(): Policy {
  if (!policy) throw new Error('no policy is open');
  return policy;
}

async function answer(request: ComputeRequest): Promise<unknown> {
  switch (request.method) {
    case 'open':
      policy = await Policy.open(request.options, hooks);
      return policy.info;
    case 'sample':
      await opened().sample(request.options, hooks, (problem, rollouts) => complete.push({ problem, rollouts }));
      return sendGroups();
    case 'update':
      return opened().update(request.options, hooks);
    case 'ask':
      return opened().ask(request.options, hooks);
    case 'scoreCandidates':
      return opened().scoreCandidates(request.options, hooks);
    case 'boundaries':
      return opened().boundaries(request.texts);
    case 'save':
      return opened().save(request.folder);
    case 'restore':
      return opened().restore(request.folder);
    case 'exportWeights':
      return opened().exportWeights(request.folder);
    case 'deviceSeconds':
      return opened().deviceSeconds;
    case 'release':
      await policy?.release();
      policy = null;
      return undefined;
  }
}

let queue = Promise.resolve();
port.on('message', ({ id, ...request }: ComputeRequest & { id: number }) => {
  queue = queue.then(async () => {
    try {
      send({ id, result: await answer(request as ComputeRequest) });
    } catch (error) {
      if (error instanceof NonFiniteError) {
        send({ id, error: { code: 'non-finite', message: error.message, problem: error.problem } });
      } else {
        const { code, message, hint } = toErrorData(error);
        const problem = error instanceof PromptError ? error.problem : null;
        send({ id, error: { code, message, hint, problem, stack: error instanceof Error ? error.stack : undefined } });
      }
    }
  });
});
