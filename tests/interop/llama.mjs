/**
 * What llama.cpp makes of a GGUF file: for prompts of token ids, the tokens that it draws greedily, each with its
 * log-probabilities of `likeliest` tokens. Answers each line of JSON on its stdin with one line of JSON.
 *
 *     node tests/interop/llama.mjs ENVIRONMENT
 *
 * ENVIRONMENT: the folder with node-llama-cpp that `node tests/interop/environments.mjs FOLDER llama` makes.
 */
import { createRequire } from 'node:module';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

const [environment] = process.argv.slice(2);
const { resolve } = createRequire(path.join(environment, 'package.json'));
const { getLlama, LlamaLogLevel } = await import(pathToFileURL(resolve('node-llama-cpp')).href);
const llama = await getLlama({ gpu: false, build: 'never', progressLogs: false, logLevel: LlamaLogLevel.error });

for await (const line of createInterface({ input: process.stdin })) {
  const { file, prompts, tokens, likeliest } = JSON.parse(line);
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
  await model.dispose();
  console.log(JSON.stringify(rollouts));
}
await llama.dispose();
