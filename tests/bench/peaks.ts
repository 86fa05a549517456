/** Most memory that a process holds, by what it is doing: phases are told apart by the graphs that run. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { Backend } from '../../engine/runtime/backend.ts';
import type { Graph } from '../../engine/tensor/index.ts';

export type Phase = 'start' | 'rollouts' | 'forward' | 'backward' | 'optimizer';

/** Thrown where enough has been computed: what would follow is the same again. */
export class Enough extends Error {}

/** The most that was resident in each phase, bytes; where the system cannot count again, that of all phases so far. */
export class Peaks {
  private phase: Phase = 'start';
  private readonly most = new Map<Phase, number>();
  /** Resident when a phase began. */
  readonly begun: Partial<Record<Phase, number>> = {};

  /** What follows belongs to a phase. */
  enter(phase: Phase): void {
    if (phase === this.phase) return;
    this.note();
    this.phase = phase;
    this.begun[phase] ??= process.memoryUsage.rss();
    if (existsSync('/proc/self/clear_refs')) writeFileSync('/proc/self/clear_refs', '5');
  }

  /** Bytes by phase. */
  found(): Partial<Record<Phase, number>> {
    this.note();
    return Object.fromEntries(this.most);
  }

  private note(): void {
    const file = '/proc/self/status';
    const found = existsSync(file) && /^VmHWM:\s+(\d+)/m.exec(readFileSync(file, 'utf8'));
    const bytes = found ? Number(found[1]) * 1024 : process.resourceUsage().maxRSS * 1024;
    this.most.set(this.phase, Math.max(bytes, this.most.get(this.phase) ?? 0));
  }
}

/**
 * A backend that says which phase begins when a graph runs. Throws `Enough` instead of running one more of the way back's
 * graphs than `layersBack`.
 */
export function watched(backend: Backend, peaks: Peaks, layersBack: () => number): Backend {
  let back = 0;
  return {
    device: backend.device,
    controlFlow: backend.controlFlow,
    get seconds() {
      return backend.seconds;
    },
    async compile(graph, options) {
      const phase = phaseOf(graph);
      const isLayerBack = graph.inputs.some(({ name }) => name === 'dkeys');
      const inner = await backend.compile(graph, options);
      return {
        run(feeds) {
          peaks.enter(phase);
          if (isLayerBack && ++back > layersBack()) throw new Enough();
          return inner.run(feeds);
        },
        release: () => inner.release(),
      };
    },
    read: (value) => backend.read(value),
    value: (...args) => backend.value(...args),
    release: () => backend.release(),
  };
}

function phaseOf({ inputs }: Graph): Phase {
  const names = new Set(inputs.map(({ name }) => name));
  if (names.has('lr')) return 'optimizer';
  if (names.has('uniform')) return 'rollouts';
  const isGradient = names.has('dkeys') || [...names].some((name) => name.startsWith('a.'));
  return isGradient ? 'backward' : 'forward';
}
