/**
 * Sampled decoding with llama.cpp: node llama.mjs <environment> <model.gguf> <threads> <prompt> <new> <batch>. All rows
 * together, each token drawn by llama.cpp's own sampler at temperature 1. The prompts are not timed.
 * <environment>: the folder with node-llama-cpp that `node tests/interop/environments.mjs FOLDER llama` makes.
 */
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const [environment, modelPath, ...rest] = process.argv.slice(2);
const [threads, prompt, length, batch] = rest.map(Number);
const { resolve } = createRequire(path.join(environment, 'package.json'));
const { getLlama, LlamaLogLevel } = await import(pathToFileURL(resolve('node-llama-cpp')).href);
const llama = await getLlama({
  ...{ gpu: false, build: 'never', progressLogs: false, maxThreads: threads },
  logLevel: LlamaLogLevel.error,
});
const model = await llama.loadModel({ modelPath, gpuLayers: 0 });
const tokens = Array.from({ length: prompt }, (_, i) => 100 + ((i * 7919) % 39_000));

async function run(count) {
  const contextSize = prompt + count + 8;
  const context = await model.createContext({ sequences: batch, contextSize, threads });
  const sequences = Array.from({ length: batch }, () => context.getSequence());
  await Promise.all(sequences.map((sequence) => sequence.evaluateWithoutGeneratingNewTokens(tokens.slice(0, -1))));
  const begin = performance.now();
  const before = process.cpuUsage();
  await Promise.all(
    sequences.map(async (sequence, seed) => {
      let drawn = 0;
      const options = { temperature: 1, topK: 0, topP: 1, minP: 0, seed, yieldEogToken: true };
      for await (const _ of sequence.evaluate(tokens.slice(-1), options)) if (++drawn === count) break;
      if (drawn < count) throw new Error('a response ended early');
    }),
  );
  const seconds = (performance.now() - begin) / 1000;
  const { user, system } = process.cpuUsage(before);
  await context.dispose();
  return { seconds, cpuSeconds: (user + system) / 1e6 };
}

await run(4);
const { seconds, cpuSeconds } = await run(length);
const peakBytes = process.resourceUsage().maxRSS * 1024;
console.log(JSON.stringify({ seconds, cpuSeconds, tokensPerSecond: (batch * length) / seconds, peakBytes }));
process.exit();
