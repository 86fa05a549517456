/** Encodes a graph as an ONNX model, with the operators of `onnx-operators.ts`. */
import path from 'node:path';
import type { Graph } from '../tensor/index.ts';
import { Encoder } from './onnx-encoder.ts';
import { ENCODERS } from './onnx-operators.ts';
import type { Dialect } from './onnx-weights.ts';
import { weightFiles } from './weight-files.ts';

export interface EncodedGraph {
  model: Uint8Array;
  /** Folder that the locations of external weights are relative to; null without external weights. */
  weightsFolder: string | null;
  /** Whether 16-bit weights are widened at each use; the session must not widen them in advance (`KEEP_HALVES`). */
  widensAtUse: boolean;
}

/** The deepest folder that contains all files of external weights. */
function commonFolder(files: readonly string[]): string | null {
  if (files.length === 0) return null;
  const folders = files.map((file) => path.dirname(file).split(path.sep));
  const first = folders[0]!;
  let depth = first.length;
  for (const folder of folders) {
    let same = 0;
    while (same < depth && folder[same] === first[same]) same++;
    depth = same;
  }
  return first.slice(0, depth).join(path.sep) || path.sep;
}

/** Encodes a graph. External weights stay in their files and are only referenced. */
export function encodeGraph(graph: Graph, dialect: Dialect): EncodedGraph {
  const files = weightFiles(graph);
  const weightsFolder = commonFolder([...files.values()]);
  const encoder = new Encoder(graph, dialect, weightsFolder ?? '', files, ENCODERS);
  return { model: encoder.encode(), weightsFolder, widensAtUse: encoder.weights.widensAtUse };
}
