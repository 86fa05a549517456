export * from './config.ts';
export * from './errors.ts';
export * from './presets.ts';
export * from './records.ts';
export * from './rpc.ts';
export * from './run-file.ts';
export * from './state.ts';
export type * from './view.ts';
