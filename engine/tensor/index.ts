export * from './dims.ts';
export * from './gradients.ts';
export * from './graph.ts';
export * as op from './operators.ts';
export * from './ports.ts';
export * from './stored.ts';
