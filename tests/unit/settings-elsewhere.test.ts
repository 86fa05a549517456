/** Where another trainer runs the training, each setting of what is trained either reaches it or is refused. */
import { describe, expect, test } from 'vitest';
import { SETTINGS } from '../../engine/config/settings.ts';
import { FOR_VERL, refuseForVerl } from '../../engine/jobs/verl-refusals.ts';
import { verlOverrides } from '../../engine/jobs/verl-settings.ts';
import { RollscopeError, RunConfig } from '../../engine/protocol/index.ts';
import { refuseForTrl } from '../../engine/trl/refusals.ts';
import { grpoFields, learningRates, loraFields } from '../../engine/trl/settings.ts';

/** Without effect there, as docs/trl.md and docs/beside.md say: what they belong to is refused, or off. */
const IDLE = ['loss.importanceCap', 'loss.measureKl'];
const TRAINED = /^(?:sampling|loss|optimizer|lora)\./;
/** One of them is another value than the default of any setting, and allowed. */
const VALUES = [0.5, 0.25, 1e-6, 2, 3, 8, true, false, ['END'], ['q_proj'], 'END'];
const BASE = {
  dataset: { path: 'p.jsonl' },
  model: '/models/m',
  batch: 8,
  lora: { rank: 4 },
  loss: { klCoefficient: 0.1 },
  optimizer: { schedule: 'cosine' },
  evaluation: { greedy: false },
  steps: 4,
};

/** The configuration with one setting at another value, for each value that is allowed. */
function variants(at: string, choices: readonly string[]): RunConfig[] {
  const [section, name] = at.split('.') as [keyof typeof BASE, string];
  const others = [...VALUES, ...choices].flatMap((value) => {
    const found = RunConfig.safeParse({ ...BASE, [section]: { ...(BASE[section] as object), [name]: value } });
    return found.success ? [found.data] : [];
  });
  return [RunConfig.parse(BASE), ...others];
}

const CLUSTER = { nodes: 1, gpus: 8, tensorParallel: 1 };
const DATA = { training: 100, validation: 20, promptTokens: 256 };
/** What each trainer gets of a configuration; throws what refuses it. */
const TRAINERS: Record<string, (config: RunConfig) => unknown> = {
  TRL: (config) => {
    refuseForTrl(config);
    return [grpoFields(config), loraFields(config), learningRates(config)];
  },
  verl: (config) => {
    refuseForVerl(config, DATA, FOR_VERL);
    return verlOverrides(config, CLUSTER, DATA);
  },
};

/** As JSON; the word of what refuses it. */
function given(trainer: (config: RunConfig) => unknown, config: RunConfig): string {
  try {
    return JSON.stringify(trainer(config));
  } catch (error) {
    if (error instanceof RollscopeError) return error.message;
    throw error;
  }
}

describe.each(Object.entries(TRAINERS))('%s', (_, trainer) => {
  test('receives the reference setting', () => {
    expect(() => trainer(RunConfig.parse(BASE))).not.toThrow();
  });

  test('maps or refuses each setting of sampling, loss, optimizer and adapter', () => {
    const ignored = SETTINGS.filter(({ path: at }) => TRAINED.test(at)).filter(({ path: at, setting }) => {
      const all = variants(at, setting.kind.type === 'choice' ? Object.keys(setting.kind.choices) : []).map((config) =>
        given(trainer, config),
      );
      return new Set(all).size < 2;
    });
    expect(ignored.map(({ path: at }) => at)).toEqual(IDLE);
  });
});
