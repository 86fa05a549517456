/**
 * What a device is asked to do: calls of graphs, values that cross between host and device, and kernels by execution
 * provider. Crossings are counted where values enter and leave a graph, kernels in onnxruntime's own profile.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { InferenceSession } from 'onnxruntime-node';
import type { Backend, Executable, Value } from '../../../engine/runtime/backend.ts';

export interface Crossings {
  calls: number;
  /** Values that a graph takes from the host, and their bytes. */
  uploads: number;
  uploadBytes: number;
  /** Values that the host takes from a graph, and their bytes. */
  downloads: number;
  downloadBytes: number;
}

export const NONE: Crossings = { calls: 0, uploads: 0, uploadBytes: 0, downloads: 0, downloadBytes: 0 };

/** `a - b`, each number divided by `by`. */
export function perUnit(a: Crossings, b: Crossings, by: number): Crossings {
  const keys = Object.keys(NONE) as (keyof Crossings)[];
  return Object.fromEntries(keys.map((key) => [key, (a[key] - b[key]) / by])) as unknown as Crossings;
}

/** A backend that counts; `crossings()` is what it has counted so far. */
export function counting(backend: Backend): Backend & { crossings(): Crossings } {
  const counted = { ...NONE };
  const count = (direction: 'upload' | 'download', { data }: Value) => {
    if (!data) return;
    counted[`${direction}s`]++;
    counted[`${direction}Bytes`] += data.byteLength;
  };
  return {
    device: backend.device,
    controlFlow: backend.controlFlow,
    get seconds() {
      return backend.seconds;
    },
    async compile(...args) {
      const inner = await backend.compile(...args);
      const run: Executable['run'] = async (feeds) => {
        for (const value of Object.values(feeds)) count('upload', value);
        const results = await inner.run(feeds);
        for (const value of Object.values(results)) count('download', value);
        counted.calls++;
        return results;
      };
      return { run, release: () => inner.release() };
    },
    async read(value) {
      const data = await backend.read(value);
      if (!value.data) {
        counted.downloads++;
        counted.downloadBytes += data.byteLength;
      }
      return data;
    },
    value: (...args) => backend.value(...args),
    release: () => backend.release(),
    crossings: () => ({ ...counted }),
  };
}

/** Kernels by `<provider> <operator>`. */
export type Kernels = Record<string, number>;

/**
 * From now on every session of this process writes a profile. Returns a function that marks the moment, and one that ends
 * the profiles and counts the kernels of the calls since then.
 */
export function profiling(): { mark(): void; end(): Kernels } {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'rollscope-profile-'));
  const sessions: { session: InferenceSession; calls: number; marked: number }[] = [];
  const create = InferenceSession.create.bind(InferenceSession) as (...args: unknown[]) => Promise<InferenceSession>;
  InferenceSession.create = (async (model: Uint8Array, options: InferenceSession.SessionOptions) => {
    const profileFilePrefix = path.join(folder, `${sessions.length}-`);
    const profiled = { calls: 0, marked: 0 };
    const session = await create(model, { ...options, enableProfiling: true, profileFilePrefix });
    const run = session.run.bind(session) as (...args: unknown[]) => ReturnType<InferenceSession['run']>;
    session.run = (...args: unknown[]) => {
      profiled.calls++;
      return run(...args);
    };
    sessions.push(Object.assign(profiled, { session }));
    return session;
  }) as typeof InferenceSession.create;
  return {
    mark: () => {
      for (const one of sessions) one.marked = one.calls;
    },
    end: () => {
      const kernels: Kernels = {};
      try {
        for (const { session } of sessions) session.endProfiling();
        for (const name of readdirSync(folder)) {
          const { marked } = sessions[Number.parseInt(name, 10)]!;
          const events = JSON.parse(readFileSync(path.join(folder, name), 'utf8')) as ProfileEvent[];
          for (const { args } of kernelEvents(events, marked)) {
            const key = `${args.provider!.replace(/ExecutionProvider$/, '')} ${args.op_name}`;
            kernels[key] = (kernels[key] ?? 0) + 1;
          }
        }
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
      return kernels;
    },
  };
}

interface ProfileEvent {
  cat: string;
  name: string;
  /** Microseconds since the session was made. */
  ts: number;
  args: { op_name?: string; provider?: string };
}

/** The kernels of a session's calls from the `first` on. */
function kernelEvents(events: readonly ProfileEvent[], first: number): ProfileEvent[] {
  const calls = events.filter(({ cat, name }) => cat === 'Session' && name === 'model_run');
  const from = calls.map(({ ts }) => ts).sort((a, b) => a - b)[first];
  if (from === undefined) return [];
  return events.filter(({ cat, ts, args }) => cat === 'Node' && ts >= from && args.op_name && args.provider);
}
