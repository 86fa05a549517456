/** The state of the engine and its run in one word, for the status bar item and the context keys. Pure. */

import type { Progress } from '../engine/protocol/index.ts';
import type { Link } from './engine/service.ts';

export type Health =
  | 'off'
  | 'starting'
  | 'idle'
  | 'preparing'
  | 'running'
  | 'paused'
  | 'stopping'
  | 'reconnecting'
  | 'failed';

/** @param progress of the engine's active run @param preparing whether a run is being prepared and has no folder yet */
export function healthOf(link: Link, progress: Progress | null, preparing = false): Health {
  if (link !== 'connected') return link;
  if (preparing) return 'preparing';
  switch (progress?.state) {
    case 'preparing':
      return 'preparing';
    case 'running':
    case 'pausing':
      return 'running';
    case 'paused':
      return 'paused';
    case 'stopping':
      return 'stopping';
    default:
      return 'idle';
  }
}

/** Value of the context key `rollscope.run`. */
export type RunKey = 'none' | 'running' | 'paused';

/** For `when` clauses: whether there is a run to pause, to resume or to stop. */
export function runKeyOf(health: Health): RunKey {
  if (health === 'paused') return 'paused';
  return health === 'preparing' || health === 'running' || health === 'stopping' ? 'running' : 'none';
}
