/**
 * What llama.cpp makes of a GGUF file: for prompts of token ids, the tokens that it draws greedily, each with its
 * log-probabilities of `likeliest` tokens. In: JSON lines of a request in the first argument's file; out: one JSON.
 *
 *     node tests/interop/llama.mjs ENVIRONMENT REQUESTS.json
 *
 * ENVIRONMENT: the folder with node-llama-cpp that `node tests/interop/environments.mjs FOLDER llama` makes.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const [environment, requests] = process.argv.slice(2);
const { resolve } = createRequire(path.join(environment, 'package.json'));
const { getLlama, LlamaLogLevel } = await import(pathToFileURL(resolve('node-llama-cpp')).href);
const llama = await getLlama({ gpu: false, build: 'never', progressLogs: false, logLevel: LlamaLogLevel.error });

const answers = [];
for (const { file, prompts, tokens, likeliest } of JSON.parse(readFileSync(requests, 'utf8'))) {
  const model = await llama.loadModel({ modelPath: file, gpuLayers: 0 });
  const rollouts = [];
  for (const prompt of prompts) {
    const context = await model.createContext({ contextSize: 256, threads: 1, flashAttention: false });
    const sequence = context.getSequence();
    const steps = [];
    let given = prompt;
    while (steps.length < tokens) {
      const options = { generateNext: { probabilities: true, options: { temperature: 0 } } };
      const input = given.map((token, i) => (i === given.length - 1 ? [token, options] : token));
      const output = (await sequence.controlledEvaluate(input)).at(-1);
      const found = [...output.next.probabilities].slice(0, likeliest);
      steps.push(found.map(([token, share]) => [token, Math.log(share)]));
      given = [found[0][0]];
    }
    rollouts.push(steps);
    await context.dispose();
  }
  answers.push(rollouts);
  await model.dispose();
}
console.log(JSON.stringify(answers));
await llama.dispose();
