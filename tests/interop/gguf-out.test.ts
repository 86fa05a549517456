/** GGUF files that are written are read by the PyPI package `gguf`, whose own quantization gives the same bytes. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { readGguf } from '../../engine/model/gguf.ts';
import { ggufPlace } from '../../engine/model/gguf-config.ts';
import { GGUF_TYPES, writeGgufModel } from '../../engine/model/gguf-out.ts';
import { sameTokenizer } from '../../engine/model/gguf-out-tokenizer.ts';
import { parameterShapes } from '../../engine/model/parameters.ts';
import { openModel } from '../../engine/model/source.ts';
import { interpreter, runPython } from '../support/interop.ts';
import { temporaryFolder } from '../support/processes.ts';
import { requireOrSkip } from '../support/skip.ts';

const python = interpreter('gguf');
const there = requireOrSkip(
  'the Python package gguf',
  python !== null,
  'node tests/interop/environments.mjs makes them',
);

const CODE = `
import json, sys
import gguf, numpy
reader = gguf.GGUFReader(sys.argv[1])
given = json.load(open(sys.argv[2]))
found = {"architecture": reader.get_field("general.architecture").contents(), "tokens": len(reader.get_field("tokenizer.ggml.tokens").contents()),
         "tensors": {}}
for tensor in reader.tensors:
    kind = tensor.tensor_type
    values = numpy.array(given[tensor.name], numpy.float32).reshape([int(n) for n in reversed(tensor.shape)])
    expected = gguf.quantize(values, kind)
    found["tensors"][tensor.name] = [kind.name, bool((expected.view(numpy.uint8).reshape(-1) == tensor.data.view(numpy.uint8).reshape(-1)).all())]
print(json.dumps(found))
`;

describe.runIf(there)('exported GGUF files', () => {
  test.each(GGUF_TYPES)('in %s have the same bytes that the package gives the same weights', async (type) => {
    const folder = temporaryFolder();
    const source = path.join(import.meta.dirname, '..', 'parity', 'golden', 'gguf', 'tiny-llama.gguf');
    const { config } = await openModel(source, { cacheDir: temporaryFolder() });
    let state = 5;
    const random = () => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
      return state / 2 ** 30 - 1;
    };
    const values: Record<string, number[]> = {};
    const tensors = new Map(
      [...parameterShapes({ ...config, architecture: 'qwen2' })].map(([name, shape]) => {
        const data = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => random() ** 3);
        values[ggufPlace(config, name).name] = [...data];
        return [name, { shape, data }] as const;
      }),
    );
    const file = path.join(folder, 'out.gguf');
    const tokenizer = sameTokenizer((await readGguf(source)).metadata);
    // Of an architecture whose rows are not turned, so that values can be compared as they are.
    await writeGgufModel(file, { name: 'x', config: { ...config, architecture: 'qwen2' }, tensors, tokenizer }, type);
    writeFileSync(path.join(folder, 'values.json'), JSON.stringify(values));
    const found = JSON.parse(await runPython(python!, CODE, [file, path.join(folder, 'values.json')]));
    expect(found).toMatchObject({ architecture: 'qwen2', tokens: config.vocabularySize });
    const kinds = Object.values(found.tensors as Record<string, [string, boolean]>);
    expect(kinds.every(([, same]) => same)).toBe(true);
    expect(kinds.filter(([kind]) => kind === type).length).toBeGreaterThan(10);
  });
});
