export { type BoundedOptions, runBounded } from '../system/bounded.ts';
export { requireCustom, runCustom } from './custom.ts';
export { checkLean, requireLean } from './lean.ts';
export { checkPrograms, requireInterpreter } from './programs.ts';
