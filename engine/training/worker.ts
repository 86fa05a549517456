/** Entry of the compute worker: one policy, driven by messages. The device's library blocks this thread, never the engine's. */
import { parentPort, workerData } from 'node:worker_threads';
import { Peer } from '../messages/peer.ts';
import { portTransport } from '../messages/post.ts';
import { transfer } from '../messages/transport.ts';
import { RollscopeError } from '../protocol/index.ts';
import { CONTROL, type ComputeContract, type SampledGroup } from './compute-contract.ts';
import type { PolicyHooks } from './policy/contract.ts';
import { Policy } from './policy/policy.ts';

if (!parentPort) throw new Error('this file is a worker');
const control = workerData.control as Int32Array;
const peer = new Peer<ComputeContract>(portTransport(parentPort), { stacks: true });
let policy: Policy | null = null;

/** Groups that are complete at the same time are sent together, since each message wakes the other thread. */
let complete: SampledGroup[] = [];

function sendGroups(): void {
  if (complete.length === 0) return;
  const groups = complete;
  complete = [];
  const arrays = groups.flatMap(({ rollouts }) => rollouts.flatMap((r) => Object.values(r).filter(ArrayBuffer.isView)));
  const buffers = [...new Set(arrays.map(({ buffer }) => buffer as ArrayBuffer))];
  void peer.notify('groups', transfer({ groups }, buffers));
}

const hooks: PolicyHooks = {
  tick(progress) {
    sendGroups();
    void peer.notify('tick', progress);
    if (Atomics.load(control, 0) === CONTROL.pause) {
      void peer.notify('paused', {});
      Atomics.wait(control, 0, CONTROL.pause);
      void peer.notify('continued', {});
    }
    if (Atomics.load(control, 0) === CONTROL.cancel)
      throw new RollscopeError('canceled', 'The run was stopped.', undefined, { details: { reason: 'stopped' } });
  },
};

function opened(): Policy {
  if (!policy) throw new Error('no policy is open');
  return policy;
}

let queue: Promise<unknown> = Promise.resolve();

/** A call begins when the previous one is done: a policy does one thing at a time. */
function inTurn<P, R>(
  call: (params: P, signal: AbortSignal) => R | Promise<R>,
): (params: P, signal: AbortSignal) => Promise<R> {
  return (params, signal) => {
    const done = queue.then(() => call(params, signal));
    queue = done.catch(() => {});
    return done;
  };
}

peer.handleAll({
  open: inTurn(async (options, signal) => {
    policy = await Policy.open(options, hooks, signal);
    return policy.info;
  }),
  sample: inTurn(async (options) => {
    await opened().sample(options, hooks, (problem, rollouts) => complete.push({ problem, rollouts }));
    sendGroups();
    return {};
  }),
  update: inTurn((options) => opened().update(options, hooks)),
  ask: inTurn((options) => opened().ask(options, hooks)),
  scoreCandidates: inTurn((options) => opened().scoreCandidates(options, hooks)),
  boundaries: inTurn(({ texts }) => opened().boundaries(texts)),
  save: inTurn(async ({ folder }) => {
    await opened().save(folder);
    return {};
  }),
  restore: inTurn(async ({ folder }) => {
    await opened().restore(folder);
    return {};
  }),
  exportWeights: inTurn(async ({ folder }) => {
    await opened().exportWeights(folder);
    return {};
  }),
  deviceSeconds: inTurn(() => opened().deviceSeconds),
  release: inTurn(async () => {
    await policy?.release();
    policy = null;
    return {};
  }),
});
peer.listen();
