export { type BoundedOptions, runBounded } from '../system/bounded.ts';
export { requireCustom, runCustom } from './custom.ts';
export { checkLean, requireLean } from './lean.ts';
export { checkPrograms, requireInterpreter, testsIn } from './programs.ts';
export type { LeanItem } from './proof-file.ts';
export type { CustomRollout } from './rollouts.ts';
