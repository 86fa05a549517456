/** Versions that a run folder remembers. */
import { createRequire } from 'node:module';
import { VERSION } from './protocol/version.ts';

/** Versions of Rollscope, Node and onnxruntime. */
export function versions(): Record<string, string> {
  const { version } = createRequire(import.meta.url)('onnxruntime-node/package.json') as { version: string };
  return { rollscope: VERSION, node: process.versions.node, onnxruntime: version };
}
