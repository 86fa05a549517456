export { type BoundedOptions, type BoundedResult, runBounded } from './bounded.ts';
export { requireCustom, runCustom } from './custom.ts';
export { checkLean, type LeanItem, requireLean } from './lean.ts';
export { checkPrograms, type ProgramItem, requireInterpreter, testsIn } from './programs.ts';
export type { CustomRollout } from './rollouts.ts';
