/** Guards for what comes from the webview: the one place where a foreign object becomes a typed message. Pure. */
import type { FromView, ViewState } from '../../engine/protocol/index.ts';

const isIndex = (value: unknown): value is number => Number.isInteger(value) && (value as number) >= 0;
const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

/** What each message must carry beside its kind; a new kind does not compile before it is listed here. */
const FIELDS: { [K in FromView['kind']]: (message: Record<string, unknown>) => boolean } = {
  ready: () => true,
  pause: () => true,
  continue: () => true,
  stop: () => true,
  resume: () => true,
  'choose-run': () => true,
  train: () => true,
  'read-rollouts': ({ group }) => isIndex(group),
  'open-rollout': ({ id }) => isObject(id) && isIndex(id.group) && isIndex(id.rollout),
  'reveal-problem': ({ problem }) => isIndex(problem),
};

export function isFromView(message: unknown): message is FromView {
  if (!isObject(message) || typeof message.kind !== 'string' || !Object.hasOwn(FIELDS, message.kind)) return false;
  return FIELDS[message.kind as FromView['kind']](message);
}

/** The run that a panel showed before the window was reloaded; null when its state says nothing. */
export function runOfViewState(state: unknown): ViewState['run'] {
  return isObject(state) && typeof state.run === 'string' ? state.run : null;
}
