/** Graphs: their operators, sizes, gradients and ports. */
export * from './blocks.ts';
export * from './dims.ts';
export { GRADIENTS, type GradientRules, gradients, pullback } from './gradients.ts';
export * from './graph.ts';
export * as op from './op.ts';
export type { ControlFlowName, OperatorName, PlainOperatorName } from './operators.ts';
export { OPERATORS } from './operators.ts';
export * from './ports.ts';
export * from './stored.ts';
export * from './tensor.ts';
