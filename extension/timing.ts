/** Delayed calls: the same for the parts of the panel's host that need no VS Code. */
export { debounce, throttle } from '../engine/view/timing.ts';
