/** Fingerprints tell any two models apart, also where they differ in one byte, and are quick the second time. */
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { fileHash } from '../../engine/model/file-hash.ts';
import { fileFingerprint } from '../../engine/model/fingerprint.ts';
import { readGguf } from '../../engine/model/gguf.ts';
import { adapterFingerprint } from '../../engine/model/peft.ts';
import { readSafetensorsIndex, readTensor } from '../../engine/model/safetensors.ts';
import { sampledFile, sampledFolder } from '../../engine/model/sampled-fingerprint.ts';
import { isSameModel, type ModelSource, openModel } from '../../engine/model/source.ts';
import { EMBEDDED_MODEL } from '../support/crafted-models.ts';
import { ROOT, temporaryFolder } from '../support/processes.ts';
import { expectRejection } from '../support/refusals.ts';

const GOLDEN = path.join(ROOT, 'tests', 'parity', 'golden');
/** So large that 64 samples of 64 KiB leave gaps, and that its hash is remembered. */
const LARGE = 16 * 2 ** 20;
/** Where tensors begin, so that the first of them lies in a gap. */
const GAP = 2 ** 17;
const HOURS_AGO = new Date(Date.now() - 5 * 3600 * 1000);

let home: string;
beforeEach(() => {
  home = temporaryFolder();
  vi.stubEnv('ROLLSCOPE_HOME', home);
});
afterEach(() => vi.unstubAllEnvs());

/** Flips the lowest bit of a byte, and sets the modification time back as a copying tool might. */
function editByte(file: string, at: number): void {
  const bytes = readFileSync(file);
  bytes[at]! ^= 1;
  writeFileSync(file, bytes);
  utimesSync(file, HOURS_AGO, HOURS_AGO);
}

/** tiny-llama with `GAP` bytes between header and tensors, and as many after them as make it large. */
async function largeGguf(): Promise<string> {
  const golden = path.join(GOLDEN, 'gguf', 'tiny-llama.gguf');
  const { tensors, dataOffset } = await readGguf(golden);
  const bytes = readFileSync(golden);
  for (const { name, shape } of tensors.values()) {
    const at = bytes.indexOf(
      Buffer.concat([Buffer.from(BigUint64Array.of(BigInt(name.length)).buffer), Buffer.from(name)]),
    );
    const offset = at + 8 + name.length + 4 + 8 * shape.length + 4;
    bytes.writeBigUInt64LE(bytes.readBigUInt64LE(offset) + BigInt(GAP), offset);
  }
  const file = path.join(temporaryFolder(), 'tiny.gguf');
  const parts = [bytes.subarray(0, dataOffset), Buffer.alloc(GAP), bytes.subarray(dataOffset)];
  writeFileSync(file, Buffer.concat([...parts, Buffer.alloc(LARGE - bytes.length - GAP)]));
  return file;
}

/** The embedded model, its weights' header widened and its end padded. */
function largeFolder(): string {
  const folder = path.join(temporaryFolder(), 'model');
  cpSync(EMBEDDED_MODEL, folder, { recursive: true });
  const file = path.join(folder, 'model.safetensors');
  const bytes = readFileSync(file);
  const end = 8 + Number(bytes.readBigUInt64LE(0));
  bytes.writeBigUInt64LE(BigInt(end - 8 + GAP), 0);
  const parts = [bytes.subarray(0, end), Buffer.alloc(GAP, ' '), bytes.subarray(end)];
  writeFileSync(file, Buffer.concat([...parts, Buffer.alloc(LARGE - bytes.length - GAP)]));
  return folder;
}

test('one byte of any tensor of a GGUF file changes the fingerprint', async () => {
  const file = path.join(temporaryFolder(), 'tiny.gguf');
  cpSync(path.join(GOLDEN, 'gguf', 'tiny-llama.gguf'), file);
  const { tensors } = await readGguf(file);
  const seen = new Set([await fileFingerprint(file)]);
  for (const { offset, bytes } of tensors.values()) {
    const at = offset + Math.floor(bytes / 2);
    editByte(file, at);
    seen.add(await fileFingerprint(file));
    editByte(file, at);
  }
  expect(seen.size).toBe(tensors.size + 1);
});

test('an edited GGUF file is not run with weights that were unpacked before', async () => {
  const file = await largeGguf();
  const cacheDir = temporaryFolder();
  const before = await openModel(file, { cacheDir });
  const samples = await sampledFile(file);
  // The highest byte of a float32, between two samples.
  const norm = (await readGguf(file)).tensors.get('blk.1.ffn_norm.weight')!;
  editByte(file, norm.offset + 3);
  expect(await sampledFile(file)).toBe(samples);
  const after = await openModel(file, { cacheDir });
  expect(after.fingerprint).not.toBe(before.fingerprint);
  const key = 'model.layers.1.post_attention_layernorm.weight';
  const weights = ({ tensors }: ModelSource) => readTensor(tensors.get(key)!);
  expect(await weights(after)).not.toEqual(await weights(before));
});

test('weights that an earlier version unpacked are removed, since their name does not identify the model', async () => {
  const file = await largeGguf();
  const cacheDir = temporaryFolder();
  const old = path.join(cacheDir, `${await sampledFile(file)}.safetensors`);
  writeFileSync(old, 'old');
  const { fingerprint } = await openModel(file, { cacheDir });
  expect(existsSync(old)).toBe(false);
  expect(readdirSync(cacheDir)).toEqual([`${fingerprint}.safetensors`]);
});

test('one byte of weights, configuration or tokenizer changes the fingerprint of a folder', async () => {
  const folder = largeFolder();
  const weights = path.join(folder, 'model.safetensors');
  const before = await openModel(folder);
  const samples = await sampledFolder(folder, [weights]);
  const { offset } = [...(await readSafetensorsIndex(weights)).tensors.values()].find((t) => t.offset > GAP)!;
  editByte(weights, offset);
  expect(await sampledFolder(folder, [weights])).toBe(samples);
  const seen = new Set([before.fingerprint, (await openModel(folder)).fingerprint]);
  for (const name of ['config.json', 'tokenizer.json', 'tokenizer_config.json']) {
    const file = path.join(folder, name);
    writeFileSync(file, `${readFileSync(file, 'utf8')} `);
    seen.add((await openModel(folder)).fingerprint);
  }
  writeFileSync(path.join(folder, 'generation_config.json'), '{}');
  seen.add((await openModel(folder)).fingerprint);
  expect(seen.size).toBe(6);
});

test('a copy elsewhere has the same fingerprint', async () => {
  const copy = path.join(temporaryFolder(), 'copy');
  cpSync(EMBEDDED_MODEL, copy, { recursive: true });
  expect((await openModel(copy)).fingerprint).toBe((await openModel('embedded')).fingerprint);
});

test('one byte of an adapter changes its fingerprint', async () => {
  const folder = path.join(temporaryFolder(), 'adapter');
  cpSync(path.join(GOLDEN, 'peft', 'all'), folder, { recursive: true });
  const seen = new Set([await adapterFingerprint(folder)]);
  const weights = path.join(folder, 'adapter_model.safetensors');
  editByte(weights, statSync(weights).size - 1);
  seen.add(await adapterFingerprint(folder));
  editByte(path.join(folder, 'adapter_config.json'), 20);
  seen.add(await adapterFingerprint(folder));
  expect(seen.size).toBe(3);
});

test("a run of an earlier version is compared by that version's rule", async () => {
  const folder = largeFolder();
  const weights = path.join(folder, 'model.safetensors');
  const recorded = await sampledFolder(folder, [weights]);
  const same = async () => isSameModel(folder, (await openModel(folder)).fingerprint, recorded);
  expect(await same()).toBe(true);
  // In one of the 64 samples.
  editByte(weights, 32 * Math.floor((LARGE - 2 ** 16) / 63));
  expect(await isSameModel(folder, 'sha256-0', recorded)).toBe(false);
  const file = await largeGguf();
  expect(await isSameModel(file, await fileFingerprint(file), await sampledFile(file))).toBe(true);
  expect(await isSameModel(file, await fileFingerprint(file), recorded)).toBe(false);
});

test('the fingerprint that a new run records is compared unchanged', async () => {
  expect(await isSameModel('nowhere', 'sha256-1', 'sha256-1')).toBe(true);
  expect(await isSameModel('nowhere', 'sha256-1', 'sha256-2')).toBe(false);
});

test('the hash of a large file is cached until the file changes', async () => {
  const file = path.join(temporaryFolder(), 'weights.bin');
  writeFileSync(file, Buffer.alloc(LARGE));
  const memory = path.join(home, 'hashes.json');
  const hash = () => {
    const heard: string[] = [];
    return fileHash(file, { onProgress: (message) => heard.push(message) }).then((sha256) => ({ sha256, heard }));
  };
  // Written a moment ago: it might change again without another time.
  const first = await hash();
  expect(first.heard).toContain('checking the model (the first time only)');
  expect(existsSync(memory)).toBe(false);

  const clock = vi.spyOn(Date, 'now').mockReturnValue(statSync(file).ctimeMs + 2100);
  expect((await hash()).heard.length).toBeGreaterThan(0);
  clock.mockRestore();
  expect(Object.values(JSON.parse(readFileSync(memory, 'utf8')))).toMatchObject([{ sha256: first.sha256 }]);
  expect(await hash()).toEqual({ sha256: first.sha256, heard: [] });

  editByte(file, LARGE / 2);
  const edited = await hash();
  expect(edited.heard.length).toBeGreaterThan(0);
  expect(edited.sha256).not.toBe(first.sha256);
});

test('a damaged cache file is discarded, and an unwritable folder does no harm', async () => {
  const file = path.join(temporaryFolder(), 'weights.bin');
  writeFileSync(file, Buffer.alloc(LARGE));
  writeFileSync(path.join(home, 'hashes.json'), '{"');
  const hash = await fileHash(file);
  rmSync(path.join(home, 'hashes.json'));
  mkdirSync(path.join(home, 'hashes.json'));
  expect(await fileHash(file)).toBe(hash);
});

test('hashing can be canceled', async () => {
  const file = path.join(temporaryFolder(), 'weights.bin');
  writeFileSync(file, Buffer.alloc(LARGE));
  const control = new AbortController();
  const hashing = fileHash(file, { signal: control.signal, onProgress: () => control.abort() });
  await expectRejection(hashing, 'canceled', { reason: 'reading-model' });
});
