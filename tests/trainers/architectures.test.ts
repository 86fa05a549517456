/** What transformers and peft compute from exported adapters and merged models is what was trained, for each architecture. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { initialLora, loraParameters } from '../../engine/model/lora.ts';
import { openModel } from '../../engine/model/source.ts';
import { Weights } from '../../engine/model/weights.ts';
import { LoraConfig } from '../../engine/protocol/index.ts';
import type { Backend } from '../../engine/runtime/backend.ts';
import { openDevice } from '../../engine/runtime/devices/index.ts';
import { compileFunction } from '../../engine/runtime/function.ts';
import { exportWeights } from '../../engine/training/export.ts';
import { batchFeeds } from '../../engine/training/policy/batch-feeds.ts';
import { scoreGraph } from '../../engine/training/policy/score-graph.ts';
import { modelFolder, runWith } from '../support/adapter-run.ts';
import { interpreter, runPython } from '../support/interop.ts';
import { temporaryFolder } from '../support/processes.ts';
import { requireOrSkip } from '../support/skip.ts';
import { TINY_MODELS } from '../support/tiny-model.ts';

const python = interpreter('trl');
const there = requireOrSkip(
  'transformers and peft',
  python !== null,
  'node tests/interop/environments.mjs .cache/interop trl makes them',
);

const PROMPT = [20, 11, 15, 17, 19];
const COMPLETION = [3, 9, 22, 4, 8, 13, 2, 7, 18, 5, 21];
const LORA = LoraConfig.parse({ rank: 2, alpha: 6 });

const CODE = `
import json, os, sys
os.environ["HF_HUB_OFFLINE"] = "1"
import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM
torch.set_num_threads(1)
given = json.load(open(sys.argv[1]))
ids = torch.tensor([given["prompt"] + given["completion"]])
start = len(given["prompt"])
def logprobs(model):
    with torch.inference_mode():
        logits = model.eval()(input_ids=ids, use_cache=False).logits[0, start - 1 : -1].float()
    return torch.log_softmax(logits, -1).gather(1, ids[0, start:, None])[:, 0].tolist()
load = lambda folder: AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager")
found = {}
for name, case in given["cases"].items():
    found[name] = {"base": logprobs(load(case["base"])), "merged": logprobs(load(case["merged"])),
                   "adapted": logprobs(PeftModel.from_pretrained(load(case["base"]), case["adapter"]))}
print(json.dumps(found))
`;

type Found = Record<string, Record<'base' | 'merged' | 'adapted', number[]>>;

describe.runIf(there)('exports', () => {
  let backend: Backend;
  const ours: Record<string, Float32Array> = {};
  let theirs: Found = {};

  beforeAll(async () => {
    backend = await openDevice('cpu', { threads: 1 });
    const cases: Record<string, { base: string; merged: string; adapter: string }> = {};
    process.env.ROLLSCOPE_CACHE = mkdtempSync(path.join(tmpdir(), 'rollscope-architectures-'));
    for (const name of TINY_MODELS) {
      const base = modelFolder(name);
      const { config, tensors: weights } = await openModel(base);
      const parameters = loraParameters(config, LORA);
      const tensors = adapterValues(parameters);
      const run = await runWith({ ...LORA, baseModel: base, tensors }, base);
      const [merged, adapter] = ['merged', 'adapter'].map((of) => path.join(temporaryFolder(), of));
      await exportWeights(run, 'safetensors', merged!);
      await exportWeights(run, 'peft', adapter!);
      cases[name] = { base, merged: merged!, adapter: adapter! };

      const bind = (graph: ConstructorParameters<typeof Weights>[0]) => new Weights(graph, config, weights, LORA);
      const scorer = await compileFunction(backend, scoreGraph(bind, 64));
      const tokens = Int32Array.from(COMPLETION);
      const response = { tokens, logprob: new Float32Array(tokens.length), advantage: 0, truncated: false };
      const group = { prompt: Int32Array.from(PROMPT), problem: 0, responses: [{ response, weight: 1 }] };
      const values = Object.fromEntries(
        [...tensors].map(([key, { shape, data }]) => [key, backend.value('float32', shape, data)]),
      );
      const outputs = await scorer.run({ batch: batchFeeds(backend, [group], 1).batch, parameters: values });
      ours[name] = Float32Array.from((await backend.read(outputs.logprob)) as Float32Array);
      await scorer.release();
    }
    const file = path.join(temporaryFolder(), 'cases.json');
    writeFileSync(file, JSON.stringify({ prompt: PROMPT, completion: COMPLETION, cases }));
    theirs = JSON.parse(await runPython(python!, CODE, [file])) as Found;
  });
  afterAll(async () => {
    delete process.env.ROLLSCOPE_CACHE;
    await backend?.release();
  });

  test.each(TINY_MODELS)('of %s compute the trained model', (name) => {
    const { base, merged, adapted } = theirs[name]!;
    const farthest = (found: readonly number[]) =>
      found.reduce((most, value, i) => Math.max(most, Math.abs(value - ours[name]![i]!)), 0);
    expect(farthest(merged)).toBeLessThan(1e-4);
    expect(farthest(adapted)).toBeLessThan(1e-4);
    // The adapter does something.
    expect(farthest(base)).toBeGreaterThan(0.01);
  });
});

/** An adapter far from nothing: B as A is drawn. */
function adapterValues(parameters: ReturnType<typeof loraParameters>) {
  let state = 7;
  const random = () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return state / 2 ** 31;
  };
  const first = initialLora(parameters, random);
  return new Map(
    parameters.map(({ name, shape }) => {
      const data = name.endsWith('.lora_B.weight')
        ? Float32Array.from({ length: shape[0]! * shape[1]! }, () => random() - 0.5)
        : first.get(name)!;
      return [name, { shape, data }] as const;
    }),
  );
}
