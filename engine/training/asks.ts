/**
 * Questions to the policy beside the problems themselves, for the rewards that need them: a judge's prompts,
 * rephrasings, dual tasks, rollouts of other policies, and log-probabilities of candidate answers. Lives in the compute
 * worker, on top of sampler and trainer.
 */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileFingerprint } from '../model/fingerprint.ts';
import type { Parameter } from '../model/lora.ts';
import { adapterFingerprint, readPeftAdapter } from '../model/peft.ts';
import { readSafetensorsIndex, readTensor, type StoredTensor } from '../model/safetensors.ts';
import { type ModelSource, openModel } from '../model/source.ts';
import type { PromptText } from '../model/tokenizer.ts';
import { type LoraConfig, RollscopeError, type SamplingConfig } from '../protocol/index.ts';
import type { StreamName } from '../rollout/philox.ts';
import type { Sampler } from '../rollout/sampler.ts';
import type { Backend, Value } from '../runtime/backend.ts';
import { dispose } from '../runtime/function.ts';
import type { Named } from '../tensor/index.ts';
import { completionFinder } from './completion.ts';
import type { TrainedGroup } from './micro-batch.ts';

export interface Question {
  /** A text of its own, or the prompt of a problem. */
  prompt: PromptText | { problem: number };
  /** Names the question in random numbers, with the number of its first response. */
  problem: number;
  first?: number;
}

export interface AskOptions {
  questions: Question[];
  /** Responses to each question. */
  rows: number;
  sampling: Pick<SamplingConfig, 'temperature' | 'topP' | 'topK' | 'maxTokens' | 'stop' | 'stopAtAnswer'>;
  stream: StreamName;
  step: number;
  /** The policy that answers: one that `open` was given, or null for the one that trains. */
  voter: string | null;
  /** For people who wait. */
  activity: string;
}

/** Responses to one question; null where the question does not fit the model's context. */
export type Responses = string[] | null;

export interface ScoreOptions {
  /** A problem, a part of a response to it, and texts that might follow. */
  items: { problem: number; prefix: Int32Array; candidates: string[] }[];
  /** Comes between prefix and candidate; not scored. */
  cue: string;
  activity: string;
}

export interface AsksOptions {
  source: ModelSource;
  prompts: readonly Int32Array[];
  positions: number;
  backend: Backend;
  sampler: Sampler;
  seed: number;
  parameters: readonly Parameter[];
  /** Log-probabilities of given responses, nats a token. */
  score: (groups: readonly TrainedGroup[]) => Promise<{ logprob: Float32Array }[][]>;
}

type Tick = (progress: { activity: string; fraction: number | null; tokens: number }) => void;

export class Asks {
  private readonly voters = new Map<string, Named<Value>>();

  constructor(private readonly options: AsksOptions) {}

  /**
   * Loads a policy that votes: `base` (the adapter off), the folder of an adapter or of a checkpoint, or a model of the
   * same shape. Returns its fingerprint; null for `base`. Throws RollscopeError `model` where it does not fit.
   */
  async load(voter: string, lora: LoraConfig | null, base: ReadonlyMap<string, Float32Array>): Promise<string | null> {
    const { backend, parameters } = this.options;
    const { weights, fingerprint } =
      voter === 'base' ? { weights: base, fingerprint: null } : await readVoter(voter, lora, parameters);
    const values: Record<string, Value> = {};
    for (const { name, shape } of parameters) {
      const data = weights.get(name);
      if (data?.length !== shape.reduce((a, b) => a * b, 1)) {
        throw new RollscopeError(
          'model',
          `rlccf: the policy ${voter} ${data ? 'has another shape' : `lacks ${name}`}: it cannot vote beside the model that trains.`,
          lora
            ? `Give adapters of rank ${lora.rank} on the same projections, or \`base\`.`
            : 'Give checkpoints of the same model, or models of the same shape.',
        );
      }
      values[name] = backend.value('float32', shape, data);
    }
    this.voters.set(voter, values);
    return fingerprint;
  }

  async ask(options: AskOptions, tick: Tick): Promise<Responses[]> {
    const { source, positions, sampler, seed, prompts } = this.options;
    const { tokenizer } = source;
    const { questions, rows, sampling, stream, step, voter, activity } = options;
    const encoded = questions.map(({ prompt }) =>
      'problem' in prompt ? prompts[prompt.problem]! : tokenizer.encodePrompt(prompt),
    );
    const fits = encoded.map((tokens) => tokens.length > 0 && tokens.length + sampling.maxTokens <= positions);
    const asked = questions.map((_, i) => i).filter((i) => fits[i]);
    const results: Responses[] = questions.map(() => null);
    if (asked.length === 0 || rows === 0) return results;
    let complete = 0;
    await sampler.sample({
      prompts: asked.map((i) => ({
        problem: questions[i]!.problem,
        first: questions[i]!.first ?? 0,
        tokens: encoded[i]!,
      })),
      rows,
      sampling,
      seed,
      stream,
      step,
      ...(voter !== null && { parameters: this.voters.get(voter)! }),
      complete: completionFinder(sampling, (tokens) => tokenizer.decode(tokens)),
      tick: (tokens) => tick({ activity, fraction: complete / asked.length, tokens }),
      onGroup: (at, rollouts) => {
        complete++;
        results[asked[at]!] = rollouts.map(({ tokens }) =>
          tokenizer.decode([...tokens].filter((id) => !tokenizer.eosIds.includes(id))),
        );
      },
    });
    return results;
  }

  /** Mean log-probability a token of each candidate of each item, nats; -Infinity where it does not fit the context. */
  async score({ items, cue, activity }: ScoreOptions, tick: Tick): Promise<number[][]> {
    const { source, prompts, positions } = this.options;
    const { tokenizer } = source;
    const cueTokens = tokenizer.encode(cue);
    const results: number[][] = [];
    for (const [i, { problem, prefix, candidates }] of items.entries()) {
      tick({ activity, fraction: i / items.length, tokens: 0 });
      const own = prompts[problem]!;
      const prompt = new Int32Array(own.length + prefix.length);
      prompt.set(own);
      prompt.set(prefix, own.length);
      const tokens = candidates.map((candidate) => tokenizer.encode(cue + candidate));
      const fit = tokens.map((t) => t.length > 0 && prompt.length + t.length <= positions);
      const scored = tokens.filter((_, k) => fit[k]);
      const [scores = []] =
        scored.length === 0
          ? []
          : await this.options.score([
              {
                prompt,
                problem,
                responses: scored.map((t) => ({
                  tokens: t,
                  logprob: new Float32Array(t.length),
                  advantage: 0,
                  truncated: false,
                })),
              },
            ]);
      let at = 0;
      results.push(
        tokens.map((t, k) => {
          if (!fit[k]) return Number.NEGATIVE_INFINITY;
          const { logprob } = scores[at++]!;
          // A tokenizer may join the cue's end with the candidate's beginning: that token is scored.
          let from = 0;
          while (from < cueTokens.length && from < t.length - 1 && t[from] === cueTokens[from]) from++;
          return logprob.subarray(from).reduce((a, b) => a + b, 0) / (t.length - from);
        }),
      );
    }
    return results;
  }

  /** For each text the ends of its tokens, in characters from its beginning. */
  boundaries(texts: readonly string[]): number[][] {
    const { tokenizer } = this.options.source;
    return texts.map((text) => {
      let at = 0;
      return tokenizer.pieces(tokenizer.encode(text)).map((piece) => {
        at += piece.length;
        return at;
      });
    });
  }

  release(): void {
    for (const parameters of this.voters.values()) dispose(parameters);
    this.voters.clear();
  }
}

async function readVoter(
  voter: string,
  lora: LoraConfig | null,
  parameters: readonly Parameter[],
): Promise<{ weights: Map<string, Float32Array>; fingerprint: string }> {
  if (lora) {
    const { tensors } = await readPeftAdapter(voter);
    const weights = new Map([...tensors].map(([name, { data }]) => [name, data]));
    return { weights, fingerprint: await adapterFingerprint(voter) };
  }
  const { tensors, fingerprint } = await openVoter(voter);
  const weights = new Map<string, Float32Array>();
  for (const { name } of parameters) {
    const tensor = tensors.get(name);
    if (tensor) weights.set(name, await readTensor(tensor));
  }
  return { weights, fingerprint };
}

/** A checkpoint has weights without a configuration; anything else is a model. */
async function openVoter(voter: string): Promise<{ tensors: ReadonlyMap<string, StoredTensor>; fingerprint: string }> {
  const file = path.join(voter, 'model.safetensors');
  if (!existsSync(file) || existsSync(path.join(voter, 'config.json'))) return openModel(voter);
  const { tensors } = await readSafetensorsIndex(file);
  return { tensors, fingerprint: await fileFingerprint(file) };
}
