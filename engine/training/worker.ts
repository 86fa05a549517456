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

function requirePolicy(): Policy {
  if (!policy) throw new Error('no policy is open');
  return policy;
}

let queue: Promise<unknown> = Promise.resolve();

/** A call begins when the previous one is done: a policy does one thing at a time. */
function serialized<P, R>(
  call: (params: P, signal: AbortSignal) => R | Promise<R>,
): (params: P, signal: AbortSignal) => Promise<R> {
  return (params, signal) => {
    const done = queue.then(() => call(params, signal));
    queue = done.catch(() => {});
    return done;
  };
}

peer.handleAll({
  open: serialized(async (options, signal) => {
    policy = await Policy.open(options, hooks, signal);
    return policy.info;
  }),
  sample: serialized(async (options) => {
    await requirePolicy().sample(options, hooks, (problem, rollouts) => complete.push({ problem, rollouts }));
    sendGroups();
    return {};
  }),
  update: serialized((options) => requirePolicy().update(options, hooks)),
  ask: serialized((options) => requirePolicy().ask(options, hooks)),
  scoreCandidates: serialized((options) => requirePolicy().scoreCandidates(options, hooks)),
  boundaries: serialized(({ texts }) => requirePolicy().boundaries(texts)),
  save: serialized(async ({ folder }) => {
    await requirePolicy().save(folder);
    return {};
  }),
  restore: serialized(async ({ folder }) => {
    await requirePolicy().restore(folder);
    return {};
  }),
  exportWeights: serialized(async ({ folder }) => {
    await requirePolicy().exportWeights(folder);
    return {};
  }),
  deviceSeconds: serialized(() => requirePolicy().deviceSeconds),
  release: serialized(async () => {
    await policy?.release();
    policy = null;
    return {};
  }),
});
peer.listen();
