/** External programs for rewards: tests of the model's programs, Lean, custom rewards. */
export { requireCustom, runCustom } from './custom.ts';
export { checkLean, requireLean } from './lean.ts';
export { checkPrograms, requireInterpreter } from './programs.ts';
