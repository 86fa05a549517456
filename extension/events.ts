/**
 * Events for the parts that do not import VS Code, with the shape of VS Code's, so that both are interchangeable. A listener
 * that throws does not affect others.
 */
export { Emitter } from '../engine/messages/json-rpc.ts';
