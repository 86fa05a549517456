import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { assetPath } from '../../engine/assets.ts';
import { RECIPES } from '../../engine/experiments/embedded/recipes.ts';
import { readSafetensorsFolder, readSafetensorsIndex, readTensor } from '../../engine/model/safetensors.ts';
import { writeSafetensors } from '../../engine/model/safetensors-write.ts';
import { openModel } from '../../engine/model/source.ts';
import { EMBEDDED_MODELS } from '../../engine/protocol/embedded.ts';
import { presetFor } from '../../engine/protocol/presets.ts';
import { halfTable, toFloat16, toFloat32 } from '../../engine/tensor/index.ts';
import { temporaryFolder } from '../support/processes.ts';
import { expectRejection } from '../support/refusals.ts';

describe('embedded models', () => {
  test.each(Object.entries(RECIPES))('%s ships, trained with its recipe', async (name, recipe) => {
    const source = await openModel(name === 'S' ? 'embedded' : `embedded:${name}`);
    expect(source.name).toBe(name === 'S' ? 'embedded' : `embedded:${name}`);
    expect(source.parameters).toBe(152_512);
    const { metadata, tensors } = await readSafetensorsFolder(assetPath('engine', 'embedded', recipe.folder));
    expect(metadata.recipe).toBe(`${recipe.data}, ${recipe.steps} steps of 128, seed 0`);
    expect(new Set([...tensors.values()].map(({ dtype }) => dtype))).toEqual(new Set([recipe.half ? 'F16' : 'F32']));
    for (const tensor of tensors.values()) expect((await readTensor(tensor)).every(Number.isFinite)).toBe(true);
    expect(source.tokenizer.decode(source.tokenizer.encode('2,5,7:17= #### 5*(2-7)='))).toBe('2,5,7:17= #### 5*(2-7)=');
  });

  test('a choice offers all of them, in the order of the recipes', () => {
    const names = Object.keys(RECIPES).map((name) => (name === 'S' ? 'embedded' : `embedded:${name}`));
    expect(Object.keys(EMBEDDED_MODELS)).toEqual(names);
  });

  test('they differ', async () => {
    const names = Object.keys(RECIPES).filter((name) => name !== 'S');
    const sources = await Promise.all(
      ['embedded', ...names.map((name) => `embedded:${name}`)].map((n) => openModel(n)),
    );
    expect(new Set(sources.map(({ fingerprint }) => fingerprint)).size).toBe(names.length + 1);
  });

  test.each(['embedded:', 'embedded:X', 'embedded:w', 'embedded:../model'])(
    '%s is refused, and the names are listed',
    async (spec) => {
      const facts = { reason: 'unknown-embedded-model', value: spec.slice('embedded:'.length) };
      await expectRejection(openModel(spec), 'model', facts);
    },
  );

  test('all use the preset of the embedded model', () => {
    expect(presetFor('embedded:W', true)).toEqual({ ...presetFor('embedded', true), model: 'embedded:W' });
    expect(presetFor('embeddedness', true)).toEqual({ ...presetFor('other', true), model: 'embeddedness' });
  });
});

describe('float16', () => {
  test('every float16 number keeps its bits', () => {
    const table = halfTable();
    const bits = new Uint16Array(toFloat16(table).buffer);
    bits.forEach((value, i) => {
      // there are many ways to write that a number is none
      if (Number.isNaN(table[i]!)) expect(Number.isNaN(table[value]!)).toBe(true);
      else expect(value).toBe(i);
    });
  });

  test('other numbers are rounded to the nearest, ties to even', () => {
    const rounded = (value: number) => toFloat32(toFloat16(Float32Array.of(value)), 'F16')[0];
    expect(rounded(1 + 2 ** -11)).toBe(1);
    expect(rounded(1 + 3 * 2 ** -11)).toBe(1 + 2 ** -9);
    expect(rounded(2 ** -25)).toBe(0);
    expect(rounded(3 * 2 ** -25)).toBe(2 ** -23);
    expect(rounded(65_519)).toBe(65_504);
    expect(rounded(-65_520)).toBe(Number.NEGATIVE_INFINITY);
    const finite = halfTable().filter((value) => Number.isFinite(value));
    fc.assert(
      fc.property(fc.float({ min: -70_000, max: 70_000, noNaN: true }), (value) => {
        fc.pre(Math.abs(value) < 65_504);
        const distance = Math.abs(rounded(value)! - value);
        expect(finite.every((other) => Math.abs(other - value) >= distance)).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  test('a float16 file is half as long, with the same numbers up to 11 bits', async () => {
    const file = path.join(temporaryFolder(), 'model.safetensors');
    const data = Float32Array.of(0.1, -2, 3.3, 1e-3);
    await writeSafetensors(file, new Map([['a', { shape: [2, 2], data }]]), { recipe: 'r' }, 'F16');
    const { tensors, metadata } = await readSafetensorsIndex(file);
    expect(metadata).toEqual({ recipe: 'r' });
    expect(tensors.get('a')).toMatchObject({ dtype: 'F16', bytes: 8, shape: [2, 2] });
    const read = await readTensor(tensors.get('a')!);
    for (const [i, value] of data.entries()) expect(Math.abs(read[i]! / value - 1)).toBeLessThanOrEqual(2 ** -11);
  });
});
