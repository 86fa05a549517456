/** Models of other programs on this machine are found by the places and layouts that these programs have. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { findModels, modelPlaces } from '../../engine/system/found-models.ts';
import { temporaryFolder } from '../support/processes.ts';

function put(file: string, contents: string | Buffer): void {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, contents);
}

const GGUF = Buffer.concat([Buffer.from('GGUF'), Buffer.alloc(60)]);

test('the folders come from the environment, or are the usual ones in a home folder', () => {
  const home = path.join('/home', 'a');
  expect(modelPlaces({}, home)).toMatchObject({
    'Hugging Face cache': [path.join(home, '.cache', 'huggingface', 'hub')],
    Ollama: [path.join(home, '.ollama', 'models'), expect.any(String)],
  });
  expect(modelPlaces({ HF_HOME: '/h', OLLAMA_MODELS: '/o' }, home)).toMatchObject({
    'Hugging Face cache': [path.join('/h', 'hub')],
    Ollama: ['/o'],
  });
});

test('finds models of the Hub, of Ollama and of LM Studio, and nothing else', async () => {
  const root = temporaryFolder();
  const [hub, ollama, studio] = ['hub', 'ollama', 'studio'].map((name) => path.join(root, name)) as [
    string,
    string,
    string,
  ];
  const snapshot = path.join(hub, 'models--Qwen--Qwen3-0.6B', 'snapshots', 'abc');
  put(path.join(hub, 'models--Qwen--Qwen3-0.6B', 'refs', 'main'), 'abc');
  put(path.join(snapshot, 'config.json'), '{}');
  put(path.join(snapshot, 'model.safetensors'), Buffer.alloc(100));
  put(path.join(hub, 'models--a--tokenizer', 'snapshots', 'def', 'tokenizer.json'), '{}');
  put(path.join(hub, 'datasets--a--b', 'snapshots', 'def', 'data.parquet'), '');
  put(path.join(hub, 'models--b--parts', 'snapshots', 'def', 'm-00001-of-00002.gguf'), GGUF);
  put(path.join(hub, 'models--b--parts', 'snapshots', 'def', 'm-00002-of-00002.gguf'), GGUF);

  const digest = `sha256:${'0'.repeat(64)}`;
  const manifest = (layers: object[]) => JSON.stringify({ layers });
  const layer = { mediaType: 'application/vnd.ollama.image.model', digest };
  const library = path.join(ollama, 'manifests', 'registry.ollama.ai', 'library');
  put(path.join(library, 'qwen3', '0.6b'), manifest([{ mediaType: 'x', digest: 'sha256:1' }, layer]));
  put(path.join(library, 'gone', 'latest'), manifest([{ ...layer, digest: `sha256:${'1'.repeat(64)}` }]));
  put(path.join(library, 'evil', 'latest'), manifest([{ ...layer, digest: '../../secret' }]));
  put(path.join(library, 'broken', 'latest'), '{');
  put(path.join(ollama, 'blobs', digest.replace(':', '-')), GGUF);

  put(path.join(studio, 'lmstudio-community', 'SmolLM2-GGUF', 'SmolLM2.Q8_0.gguf'), GGUF);
  put(path.join(studio, 'lmstudio-community', 'SmolLM2-GGUF', 'mmproj-f16.gguf'), GGUF);

  const places = { 'Hugging Face cache': [hub, path.join(root, 'missing')], Ollama: [ollama], 'LM Studio': [studio] };
  expect(
    (await findModels(places)).map(({ name, model, owner, bytes }) => [owner, name, path.relative(root, model), bytes]),
  ).toEqual([
    ['Hugging Face cache', 'Qwen/Qwen3-0.6B', expect.stringContaining('Qwen3-0.6B'), 100],
    ['Hugging Face cache', 'b/parts/m-00001-of-00002.gguf', expect.stringContaining('m-00001-of-00002.gguf'), 64],
    ['Ollama', 'qwen3:0.6b', path.join('ollama', 'blobs', digest.replace(':', '-')), 64],
    ['LM Studio', 'lmstudio-community/SmolLM2-GGUF/SmolLM2.Q8_0.gguf', expect.any(String), 64],
  ]);
});
