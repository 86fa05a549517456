/** The programs outside that rewards ask: tests of the model's programs, Lean, the user's own. */
export { requireCustom, runCustom } from './custom.ts';
export { checkLean, requireLean } from './lean.ts';
export { checkPrograms, requireInterpreter } from './programs.ts';
