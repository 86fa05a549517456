/**
 * Pre-trains an embedded model: a character-level decoder, supervised on flawed demonstrations (`recipes.ts`), with the same
 * graphs and optimizer as everything else. Reproducible: all random numbers come from the seed.
 *
 *   npm run pretrain -- [--model S] [--steps 4000] [--seed 0] [--out engine/embedded/model] [--threads 2]
 */
import path from 'node:path';
import { parseArgs } from 'node:util';
import {
  CHARACTER_EOS,
  CHARACTERS,
  encodeCharacters,
  writeCharacterTokenizer,
} from '../../model/character-tokenizer.ts';
import type { DecoderConfig } from '../../model/config.ts';
import { parseHuggingFaceConfig } from '../../model/huggingface-config.ts';
import { parameterShapes } from '../../model/parameters.ts';
import type { StoredTensor } from '../../model/safetensors.ts';
import { writeSafetensors } from '../../model/safetensors-write.ts';
import { Weights } from '../../model/weights.ts';
import { roughDuration } from '../../protocol/format.ts';
import { LossConfig, OptimizerConfig } from '../../protocol/index.ts';
import { quantityText } from '../../protocol/quantities.ts';
import { generator } from '../../rollout/philox.ts';
import { openDevice } from '../../runtime/devices/index.ts';
import { writeInPlace } from '../../system/files.ts';
import type { Graph } from '../../tensor/index.ts';
import { elementsOf } from '../../tensor/tensor.ts';
import { Trainer } from '../../training/policy/trainer.ts';
import { learningRate } from '../../training/schedule.ts';
import { RECIPES } from './recipes.ts';

/** Contents of `config.json`: 152,512 parameters. */
const CONFIG = {
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  vocab_size: CHARACTERS.length,
  hidden_size: 64,
  intermediate_size: 176,
  num_hidden_layers: 3,
  num_attention_heads: 4,
  num_key_value_heads: 4,
  head_dim: 16,
  hidden_act: 'silu',
  max_position_embeddings: 128,
  rms_norm_eps: 1e-5,
  rope_theta: 10000,
  tie_word_embeddings: true,
  eos_token_id: CHARACTER_EOS,
  torch_dtype: 'float32',
};

const BATCH = 128;

/** Normal weights (Box-Muller) with standard deviation 0.05, less for projections into the residual stream; norms are 1. */
function initialWeights(config: DecoderConfig, random: () => number): Map<string, Float32Array> {
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return new Map(
    [...parameterShapes(config)].map(([name, shape]) => {
      const size = elementsOf(shape);
      if (shape.length === 1) return [name, new Float32Array(size).fill(1)];
      const scale = /o_proj|down_proj/.test(name) ? 0.05 / Math.sqrt(2 * config.layers) : 0.05;
      return [name, Float32Array.from({ length: size }, () => normal() * scale)];
    }),
  );
}

const { values } = parseArgs({
  options: {
    model: { type: 'string', default: 'S' },
    steps: { type: 'string' },
    seed: { type: 'string', default: '0' },
    out: { type: 'string' },
    threads: { type: 'string', default: '2' },
  },
});
const recipe = RECIPES[values.model];
if (!recipe) {
  console.error(`--model: there is no recipe '${values.model}'; there are ${Object.keys(RECIPES).join(', ')}.`);
  process.exit(2);
}
const steps = Number(values.steps ?? recipe.steps);
const seed = Number(values.seed);

const config = parseHuggingFaceConfig(CONFIG, 'config.json');
const shapes = parameterShapes(config);
const parameters = [...shapes].map(([name, shape]) => ({ name, shape }));
// Every weight is an input of the graphs; nothing is read from a file.
const tensors = new Map<string, StoredTensor>(
  parameters.map(({ name, shape }) => [name, { file: '', offset: 0, bytes: 0, dtype: 'F32', shape }]),
);
const backend = await openDevice('cpu', { threads: Number(values.threads) });
const optimizer = OptimizerConfig.parse({ lr: 2e-3, schedule: 'cosine', warmup: 0.025, beta2: 0.99 });
const trainer = new Trainer({
  backend,
  bind: (graph: Graph) => new Weights(graph, config, tensors, null),
  config,
  parameters,
  initial: initialWeights(config, generator(seed, 'initialize')),
  loss: LossConfig.parse({ normalizer: 'dapo', measureKl: false }),
  optimizer,
  maxTokens: 64,
  temperature: 1,
  positions: config.contextLength,
  memory: 2 ** 30,
});
const started = performance.now();
for (let step = 1; step <= steps; step++) {
  const random = generator(seed, 'rollout', step);
  // Supervised learning is a policy gradient on given responses with advantage 1.
  const groups = Array.from({ length: BATCH }, (_, i) => {
    const example = recipe.example(random, i);
    const tokens = Int32Array.from([...encodeCharacters(example.response), CHARACTER_EOS]);
    const response = { tokens, logprob: new Float32Array(tokens.length), advantage: 1, truncated: false };
    return { prompt: Int32Array.from(encodeCharacters(example.prompt)), problem: i, responses: [response] };
  });
  const rate = learningRate(optimizer, step, steps);
  const { gradientNorm } = await trainer.update(groups, rate, () => {});
  if (step % 100 === 0) {
    const scores = await trainer.score(groups.slice(0, 32));
    const logprobs = scores.flatMap((rows) => rows.flatMap((row) => [...row.logprob]));
    const loss = -logprobs.reduce((a, b) => a + b, 0) / logprobs.length;
    const seconds = (performance.now() - started) / 1000;
    console.log(
      `step ${step}  loss ${quantityText('loss', loss)}  norm ${quantityText('gradientNorm', gradientNorm)}  ${roughDuration(seconds)}`,
    );
  }
}
const out = path.resolve(values.out ?? path.join('engine', 'embedded', recipe.folder));
await writeCharacterTokenizer(out);
const type = recipe.half ? { torch_dtype: 'float16' } : {};
await writeInPlace(path.join(out, 'config.json'), `${JSON.stringify({ ...CONFIG, ...type }, null, 2)}\n`);
await writeSafetensors(
  path.join(out, 'model.safetensors'),
  await trainer.weights(),
  { format: 'pt', recipe: `${recipe.data}, ${steps} steps of ${BATCH}, seed ${seed}` },
  recipe.half ? 'F16' : 'F32',
);
await trainer.release();
await backend.release();
