/**
 * The events of the parts that know nothing of the editor, so that they work without it. They have the shape of the editor's,
 * so that they can be handed to it. A listener that throws hinders no other.
 */
export { Emitter } from '../engine/messages/json-rpc.ts';
