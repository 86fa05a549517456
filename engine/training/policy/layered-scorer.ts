/** Scores of given responses, layer by layer: see `layered-gradient.ts`. */
import { promptBatch } from '../../rollout/batch.ts';
import type { LayeredModel } from '../../rollout/layered-model.ts';
import type { Value } from '../../runtime/backend.ts';
import { dispose } from '../../runtime/function.ts';
import type { Named } from '../../tensor/index.ts';
import { batchFeeds } from './batch-feeds.ts';
import type { OutputHead } from './head-contract.ts';
import { layeredParts } from './layered-memory.ts';
import type { TrainedResponse, WeightedGroup } from './responses.ts';
import type { ResponseScores, ScorerOptions, ScoreSource } from './scorer.ts';

/** The same scores as `Scorer`, up to rounding, with the weights of one layer in memory at a time. */
export class LayeredScorer implements ScoreSource {
  constructor(
    private readonly options: Omit<ScorerOptions, 'bind' | 'positions'>,
    private readonly model: LayeredModel,
    private readonly head: OutputHead,
  ) {}

  async scores(
    groups: readonly WeightedGroup[],
    parameters: Named<Value>,
    tick: (fraction: number) => void,
  ): Promise<Map<TrainedResponse, ResponseScores>> {
    const { backend, temperature, config, memory } = this.options;
    const found = new Map<TrainedResponse, ResponseScores>();
    for (const [i, group] of groups.entries()) {
      const pass = { parameters, keep: false, tick: () => tick(i / groups.length) };
      const prompt = promptBatch(backend, [group.prompt]);
      const { caches, x } = await this.model.prompts(prompt, pass);
      x.dispose();
      for (const part of layeredParts(group, config, memory)) {
        const { batch } = batchFeeds(backend, [part], temperature);
        const tokens = (await backend.read(batch.tokens)) as Int32Array;
        const targets = (await backend.read(batch.targets)) as Int32Array;
        const common = { position: batch.position, causal: batch.causal, promptBias: prompt.bias };
        const responses = await this.model.responses({ tokens, ...common }, caches, pass);
        const { logprob, entropy } = await this.head.scores(responses.x, targets, parameters, pass.tick);
        responses.x.dispose();
        const L = batch.tokens.shape.at(-1)!;
        part.responses.forEach(({ response }, g) => {
          const [from, to] = [g * L, g * L + response.tokens.length];
          found.set(response, { logprob: logprob.slice(from, to), entropy: entropy.slice(from, to) });
        });
      }
      dispose(caches);
    }
    this.model.weights.forget();
    return found;
  }

  async release(): Promise<void> {}
}
