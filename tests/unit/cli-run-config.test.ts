import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { createProgram } from '../../engine/cli/program.ts';
import { configFromOptions, parseSize, type RawOptions } from '../../engine/cli/run-config.ts';
import { ENGINE_TOPIC, PROBE_TOPICS, TRAIN_TOPICS } from '../../engine/config/settings.ts';
import type { RunConfig } from '../../engine/protocol/config.ts';
import { DEVICE_NAMES } from '../../engine/protocol/devices.ts';
import { RewardOptions } from '../../engine/reward/index.ts';
import { expectThrow } from '../support/refusals.ts';

/** What the parser makes of a command line, without running the command. */
function parse(args: string[]): { dataset: string | undefined; raw: RawOptions } {
  const program = createProgram(() => {});
  const command = program.commands.find((candidate) => candidate.name() === args[0])!;
  command.action(() => {});
  program.exitOverride();
  command.exitOverride();
  program.parse(args, { from: 'user' });
  return { dataset: command.args[0], raw: command.opts() };
}

function train(...args: string[]): RunConfig {
  const { dataset, raw } = parse(['train', ...args]);
  return configFromOptions('train', dataset, raw, TRAIN_TOPICS);
}

function jsonFile(value: unknown): string {
  const file = path.join(mkdtempSync(path.join(tmpdir(), 'rollscope-test-')), 'config.json');
  writeFileSync(file, typeof value === 'string' ? value : JSON.stringify(value));
  return file;
}

describe('defaults', () => {
  test('without options: the embedded model on the embedded problems, all weights', () => {
    const config = train();
    expect(config).toMatchObject({
      job: 'train',
      model: 'embedded',
      dataset: { path: 'embedded' },
      reward: 'majority-vote',
      lora: null,
      group: 8,
      votes: 8,
      seed: 0,
    });
    expect(config.optimizer.lr).toBeGreaterThan(1e-6);
    expect(config.evaluation.every).toBeGreaterThan(0);
  });

  test('another model trains an adapter', () => {
    const config = train('problems.jsonl', '--model', 'Qwen/Qwen3-0.6B');
    expect(config.model).toBe('Qwen/Qwen3-0.6B');
    expect(config.lora).toEqual({ rank: 16, alpha: 32, targets: expect.arrayContaining(['q_proj', 'down_proj']) });
    expect(config.dataset.path).toBe(path.resolve('problems.jsonl'));
  });

  test('paths become absolute, Hub ids and embedded are kept', () => {
    expect(train('--model', 'a/b/c').model).toBe(path.resolve('a/b/c'));
    expect(train('--model', 'x.gguf').model).toBe(path.resolve('x.gguf'));
    expect(train('--model', 'tests/unit').model).toBe(path.resolve('tests/unit'));
    expect(train('--model', 'owner/name').model).toBe('owner/name');
  });
});

describe('options', () => {
  test('every option reaches its field', () => {
    const config = train(
      ...['d.csv', '--model', 'o/m', '--device', 'cpu', '--threads', '3', '--memory', '2GB', '--seed', '7'],
      ...['--prompt-field', 'q', '--answer-field', 'a', '--id-field', 'n', '--template', 'Q: {{prompt}}'],
      ...['--system', 'Be brief.', '--limit', '5', '--id', 'one', '--id', 'two,three'],
      ...['--votes', '64', '--group', '32', '--temperature', '0.6', '--max-tokens', '99', '--top-p', '0.95'],
      ...['--top-k', '40', '--stop', '\n\n', '--stop', 'END', '--stop-at-answer'],
      ...['--chat-template', 'chat.jinja', '--chat-template-kwargs', 'enable_thinking=false'],
      ...['--answer', 'tag:result', '--compare', 'text'],
      ...['--reward', 'ground-truth', '--steps', '0', '--batch', '4', '--lr', '5e-7', '--schedule', 'cosine'],
      ...['--warmup', '0.03', '--mini-batch', '2', '--epochs', '2', '--advantage', 'dr-grpo', '--normalizer', 'grpo'],
      ...[
        '--clip-low',
        '0.1',
        '--clip-high',
        '0.28',
        '--mask-truncated',
        '--clip-norm',
        '0.5',
        '--weight-decay',
        '0.1',
      ],
      ...['--beta1', '0.8', '--beta2', '0.95', '--epsilon', '1e-6', '--lr-minimum', '0.1'],
      ...[
        '--ratio',
        'sequence',
        '--dual-clip',
        '3',
        '--importance-cap',
        '4',
        '--kl',
        '0.005',
        '--kl-estimator',
        'k2',
        '--no-measure-kl',
      ],
      ...['--entropy', '-0.01', '--watch', 'rollback', '--forecast', '16'],
      ...['--lora', '8', '--lora-alpha', '16', '--lora-targets', 'q_proj, v_proj', '--base-precision', '8bit'],
      ...['--rollout-precision', '4bit', '--cache-precision', 'float16', '--activation-precision', '8bit'],
      ...['--eval-dataset', 'e.jsonl', '--eval-every', '5', '--eval-samples', '32', '--eval-temperature', '0.7'],
      ...['--eval-top-p', '0.9', '--eval-limit', '10', '--no-eval-greedy', '--checkpoint-every', '3', '--keep', '4'],
    );
    const reading = { fields: { prompt: 'q', answer: 'a', id: 'n' }, template: 'Q: {{prompt}}', system: 'Be brief.' };
    expect(config).toEqual({
      job: 'train',
      model: 'o/m',
      basePrecision: '8bit',
      rolloutPrecision: '4bit',
      cachePrecision: 'float16',
      activationPrecision: '8bit',
      chatTemplate: path.resolve('chat.jinja'),
      chatTemplateKwargs: 'enable_thinking=false',
      dataset: { path: path.resolve('d.csv'), ...reading, limit: 5, ids: ['one', 'two,three'] },
      reward: 'ground-truth',
      rewardOptions: RewardOptions.parse({}),
      steps: 0,
      batch: 4,
      votes: 64,
      group: 32,
      sampling: { temperature: 0.6, topP: 0.95, topK: 40, maxTokens: 99, stop: ['\n\n', 'END'], stopAtAnswer: true },
      grading: { answer: 'tag:result', compare: 'text' },
      loss: {
        advantage: 'dr-grpo',
        normalizer: 'grpo',
        clipLow: 0.1,
        clipHigh: 0.28,
        ratio: 'sequence',
        dualClip: 3,
        importanceCap: 4,
        klCoefficient: 0.005,
        klEstimator: 'k2',
        measureKl: false,
        entropyCoefficient: -0.01,
        miniBatch: 2,
        epochs: 2,
        maskTruncated: true,
      },
      optimizer: {
        lr: 5e-7,
        schedule: 'cosine',
        minimum: 0.1,
        warmup: 0.03,
        beta1: 0.8,
        beta2: 0.95,
        epsilon: 1e-6,
        weightDecay: 0.1,
        clipNorm: 0.5,
      },
      lora: { rank: 8, alpha: 16, targets: ['q_proj', 'v_proj'] },
      evaluation: {
        dataset: { path: path.resolve('e.jsonl'), ...reading },
        every: 5,
        samples: 32,
        temperature: 0.7,
        topP: 0.9,
        greedy: false,
        limit: 10,
        draw: 'random',
      },
      checkpoint: { every: 3, keep: 4 },
      watch: 'rollback',
      forecast: 16,
      device: 'cpu',
      threads: 3,
      memoryLimit: 2 * 2 ** 30,
      seed: 7,
    });
  });

  test('every option of a reward reaches its field', () => {
    const special: Record<string, [string, unknown]> = {
      '--reward': ['empo', 'empo'],
      '--empo-clusters': ['model', 'model'],
      '--program-language': ['javascript', 'javascript'],
      '--other-policy': ['base', ['base']],
      '--reward-program': ['python3 "my reward.py" -v', ['python3', 'my reward.py', '-v']],
    };
    const settings = TRAIN_TOPICS.flatMap((topic) => topic.settings).filter(({ path: at }) => at.startsWith('reward'));
    for (const { path: field, setting } of settings) {
      const flag = setting.flag!;
      const numberText = setting.example ?? String(setting.default);
      const usual: [string, unknown] =
        setting.kind.type === 'text' ? ['{{solution}}', '{{solution}}'] : [numberText, Number(numberText)];
      const [text, value] = setting.kind.type === 'switch' ? ['', true] : (special[flag] ?? usual);
      const config = setting.kind.type === 'switch' ? train(flag) : train(flag, text);
      const found = field.split('.').reduce<unknown>((at, part) => (at as Record<string, unknown>)[part], config);
      expect(found, flag).toEqual(value);
    }
    expect(train('--other-policy', 'embedded:W', '--other-policy', './adapter').rewardOptions.rlccf!.policies).toEqual([
      'embedded:W',
      path.resolve('adapter'),
    ]);
  });

  test('aliases of an option have the same effect, and messages name the alias', () => {
    const config = train(
      ...['--learning-rate', '5e-7', '--num-generations', '4', '--loss-type', 'dr_grpo', '--max-grad-norm', '0.5'],
      ...['--beta', '0.01', '--max-completion-length', '77'],
    );
    expect(config).toMatchObject({
      group: 4,
      sampling: { maxTokens: 77 },
      optimizer: { lr: 5e-7, clipNorm: 0.5 },
      loss: { klCoefficient: 0.01 },
    });
    expect(train('--loss-type', 'dr_grpo').loss.normalizer).toBe('dr-grpo');
    expect(train('--normalizer', 'grpo').loss.normalizer).toBe('grpo');
    expect(train('--clip-norm', '0.5', '--lr-minimum', '0.1').optimizer).toMatchObject({ clipNorm: 0.5, minimum: 0.1 });
    expectThrow(() => train('--learning-rate', '2'), 'config', {
      reason: 'bad-value',
      field: '--learning-rate',
      value: 2,
    });
  });

  test('every alias and former name of an option sets the same field', () => {
    const named = TRAIN_TOPICS.flatMap(({ settings }) => settings).flatMap(({ setting }) => {
      const { flag, aliases = [], former = [], kind, example, default: preset } = setting;
      const others = [...aliases, ...former];
      const value = kind.type === 'choice' ? Object.keys(kind.choices).at(-1) : (example ?? preset ?? 3);
      return flag && others.length > 0 ? [{ flag, others, given: kind.type === 'switch' ? [] : [String(value)] }] : [];
    });
    const usual = JSON.stringify(train());
    expect(named.filter(({ flag, given }) => JSON.stringify(train(flag, ...given)) !== usual).length).toBeGreaterThan(
      15,
    );
    for (const { flag, others, given } of named) {
      const config = train(flag, ...given);
      for (const other of others) expect(train(other, ...given), other).toEqual(config);
    }
  });

  test('--eval-split alone selects another split of the same dataset', () => {
    const { dataset, evaluation } = train('owner/name', '--split', 'train', '--eval-split', 'test');
    expect(evaluation.dataset).toMatchObject({ path: dataset.path, split: 'test', template: dataset.template });
    expect(train('d.csv', '--eval-dataset', 'e.csv', '--eval-split', 'test').evaluation.dataset).toMatchObject({
      path: path.resolve('e.csv'),
    });
  });

  test('--min-lr is a rate, --min-lr-ratio a fraction of it', () => {
    expect(train('--lr', '1e-5', '--min-lr', '1e-6').optimizer.minimum).toBeCloseTo(0.1);
    expect(train('--min-lr-ratio', '0.2').optimizer.minimum).toBe(0.2);
    expectThrow(() => train('--lr', '1e-5', '--min-lr', '1'), 'config', {
      ...{ reason: 'exceeds', field: '--min-lr', value: 1, most: 1e-5 },
    });
  });

  test('--lora alone uses the default rank, --no-lora none', () => {
    expect(train('--lora').lora).toMatchObject({ rank: 16, alpha: 32 });
    expect(train('--lora-alpha', '8').lora).toMatchObject({ rank: 16, alpha: 8 });
    expect(train('--model', 'o/m', '--no-lora').lora).toBeNull();
    expectThrow(() => train('--no-lora', '--lora-alpha', '8'), 'usage', {
      reason: 'contradiction',
      field: '--no-lora',
    });
  });

  test('two names of one option with different values are refused', () => {
    expect(train('--lora', '--lora-rank', '8').lora).toMatchObject({ rank: 8 });
    expect(train('--steps', '5', '--max-steps', '5').steps).toBe(5);
    for (const [first, second, args] of [
      ['--steps', '--max-steps', ['--max-steps', '7', '--steps', '5']],
      ['--lr', '--learning-rate', ['--lr', '1e-5', '--learning-rate', '1e-6']],
      ['--lora', '--lora-rank', ['--lora', '4', '--lora-rank', '8']],
      ['--no-lora', '--lora-rank', ['--no-lora', '--lora-rank', '8']],
      ['--min-lr-ratio', '--min-lr', ['--min-lr-ratio', '0.1', '--min-lr', '1e-7']],
    ] as const) {
      expectThrow(() => train(...args), 'usage', { reason: 'contradiction', field: second });
      expect(() => train(...args), first).toThrow(first);
    }
  });

  test('--votes or --group alone adjusts the other; a contradiction is an error', () => {
    expect(train('--votes', '4')).toMatchObject({ votes: 4, group: 4 });
    expect(train('--group', '32')).toMatchObject({ votes: 32, group: 32 });
    expect(train('--votes', '64')).toMatchObject({ votes: 64, group: 8 });
    expectThrow(() => train('--votes', '4', '--group', '8'), 'config', {
      ...{ reason: 'group-exceeds-votes', field: '--group', value: 8, most: 4 },
    });
  });

  test('sizes', () => {
    expect(parseSize('--memory', '4GB')).toBe(4 * 2 ** 30);
    expect(parseSize('--memory', '1.5 GiB')).toBe(1.5 * 2 ** 30);
    expect(parseSize('--memory', '512m')).toBe(512 * 2 ** 20);
    expect(parseSize('--memory', '1000000000')).toBe(1e9);
    const wrong = { reason: 'bad-value', field: '--memory', value: '4 apples' };
    expectThrow(() => parseSize('--memory', '4 apples'), 'usage', wrong);
  });

  test('probe has no training options', () => {
    const { dataset, raw } = parse(['probe', 'd.jsonl', '--votes', '16']);
    expect(configFromOptions('probe', dataset, raw, PROBE_TOPICS)).toMatchObject({ job: 'probe', votes: 16 });
    expect(() => parse(['probe', '--steps', '3'])).toThrow(
      expect.objectContaining({ code: 'commander.unknownOption' }),
    );
  });
});

describe('configuration file', () => {
  test('has precedence over the preset, and options over it', () => {
    const file = jsonFile({
      model: 'o/m',
      steps: 7,
      sampling: { temperature: 0.5, maxTokens: 11 },
      lora: null,
      dataset: { path: 'f.jsonl', template: 'T {{prompt}}' },
    });
    const config = train('--config', file, '--max-tokens', '12', '--eval-dataset', 'e.jsonl');
    expect(config).toMatchObject({
      model: 'o/m',
      steps: 7,
      lora: null,
      batch: 8,
      sampling: { temperature: 0.5, maxTokens: 12 },
      dataset: { path: path.resolve('f.jsonl'), template: 'T {{prompt}}' },
      evaluation: { dataset: { path: path.resolve('e.jsonl'), template: 'T {{prompt}}' } },
    });
    expect(train('other.jsonl', '--config', file).dataset.path).toBe(path.resolve('other.jsonl'));
  });

  test('can be the configuration of a run', () => {
    const config = train('d.jsonl', '--model', 'o/m', '--votes', '5');
    expect(train('--config', jsonFile(config))).toEqual(config);
  });

  test('that is wrong is reported with the file', () => {
    const bad = jsonFile({ sampling: { temprature: 1 } });
    const field = `${bad}: sampling`;
    expectThrow(() => train('--config', bad), 'config', { reason: 'unknown-field', field, keys: ['temprature'] });
    // A path in the place of a name is named where it is, rather than as the option of that path.
    const dotted = jsonFile({ 'optimizer.lr': 1e-5 });
    expectThrow(() => train('--config', dotted), 'config', {
      ...{ reason: 'unknown-field', field: dotted, keys: ['optimizer.lr'] },
    });
    expect(() => train('--config', dotted)).toThrow(
      expect.objectContaining({ hint: expect.stringContaining('{"optimizer": {"lr": ...}}') }),
    );
    const range = jsonFile({ sampling: { topP: 2 } });
    const place = `${range}: sampling.topP`;
    expectThrow(() => train('--config', range), 'config', { reason: 'bad-value', field: place, value: 2 });
    for (const [field, value] of [
      ['model', { model: 5 }],
      ['dataset.path', { dataset: { path: ['a.jsonl'] } }],
      ['job', { job: 'imported' }],
      // The embedded problems would be trained on.
      ['dataset', { dataset: 'problems.jsonl' }],
      ['dataset', { dataset: null }],
      ['dataset', { dataset: ['problems.jsonl'] }],
    ] as const) {
      const file = jsonFile(value);
      expectThrow(() => train('--config', file), 'config', { reason: 'bad-value', field: `${file}: ${field}` });
    }
    expect(train('--config', jsonFile({ job: 'probe' })).job).toBe('train');
    const broken = [
      ['not-json', jsonFile('{')],
      ['not-an-object', jsonFile([1])],
      ['unreadable', '/nowhere/c.json'],
    ] as const;
    for (const [reason, file] of broken) {
      expectThrow(() => train('--config', file), 'config', { reason, field: '--config', file });
    }
  });
});

test.each([
  [['--processes', '2'], '--processes', 2],
  [['--vllm', '--engine', 'rollscope'], '--vllm', true],
  [['--engine', 'trl', '--model', 'o/m', '--nodes', '2'], '--nodes', 2],
  [['--engine', 'verl', '--model', 'o/m', '--python', 'python3'], '--python', 'python3'],
])('%j: an option of another engine is refused', (args, field, value) => {
  const config = () => {
    const { dataset, raw } = parse(['train', ...args]);
    return configFromOptions('train', dataset, raw, [...TRAIN_TOPICS, ENGINE_TOPIC]);
  };
  expectThrow(config, 'config', { reason: 'other-engine', field, value });
});

describe('errors name the option, the value and the allowed values', () => {
  const bad = (field: string, value: unknown, allowed: object = {}) => ({
    reason: 'bad-value',
    field,
    value,
    ...allowed,
  });

  test.each([
    [['--temperature', '12'], bad('--temperature', 12, { min: 0, max: 10 })],
    // TRL's name of the bound of the ratio, formerly AdamW's epsilon here.
    [['--epsilon', '0.2'], bad('--epsilon', 0.2)],
    [['--temperature', '-1'], bad('--temperature', -1, { min: 0, max: 10 })],
    [['--steps', '1.5'], bad('--steps', 1.5, { min: 0, max: 1_000_000 })],
    [['--batch', '0'], bad('--batch', 0, { min: 1, max: 65_536 })],
    [['--top-p', '0'], bad('--top-p', 0, { above: 0, max: 1 })],
    [['--beta2', '1'], bad('--beta2', 1, { min: 0, below: 1 })],
    [['--lora', '0'], bad('--lora', 0, { min: 1, max: 1024 })],
    [['--seed', '4294967296'], bad('--seed', 2 ** 32, { min: 0, max: 2 ** 32 - 1 })],
    [['--memory', '1MB'], bad('--memory', 2 ** 20, { text: '1MB', min: 2 ** 28 })],
    [['--dual-clip', '1'], bad('--dual-clip', 1, { above: 1, max: 1000 })],
    [['--kl', '-1'], bad('--kl', -1, { min: 0, max: 100 })],
    [
      ['--advantage', 'ppo'],
      bad('--advantage', 'ppo', {
        choices: ['grpo', 'grpo-batch', 'dr-grpo', 'rloo', 'reinforce++', 'reinforce++-baseline'],
      }),
    ],
    [['--reward', 'majority'], bad('--reward', 'majority', { nearest: 'majority-vote' })],
    [['--reward', 'groundTruth'], bad('--reward', 'groundTruth', { nearest: 'ground-truth' })],
    [['--reward', 'zzz'], bad('--reward', 'zzz')],
    [['--reward', '0.5*'], bad('--reward', '0.5*')],
    [['--judge-template', 'Is it right?'], bad('--judge-template', 'Is it right?')],
    [['--device', 'tpu'], bad('--device', 'tpu', { choices: ['auto', ...DEVICE_NAMES] })],
    [['--schedule', 'step'], bad('--schedule', 'step', { choices: ['constant', 'cosine', 'linear'] })],
    [
      ['--lora-targets', 'q_proj,qq'],
      bad('--lora-targets', 'qq', {
        choices: ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj'],
      }),
    ],
    [['--model', ''], bad('--model', '')],
    [['--device', '٣'], bad('--device', '٣', { choices: ['auto', ...DEVICE_NAMES] })],
  ])('%j', (args, facts) => {
    expectThrow(() => train(...args), 'config', facts);
  });

  test.each([
    [['--steps', 'many'], bad('--steps', 'many')],
    [['--lr', ''], bad('--lr', '')],
    [['--lora', 'train.jsonl'], bad('--lora', 'train.jsonl')],
    [['--lr', 'abc'], bad('--lr', 'abc', { above: 0, max: 1 })],
    [['--learning-rate', 'abc'], bad('--learning-rate', 'abc', { above: 0, max: 1 })],
    [['--min-lr', 'abc'], bad('--min-lr', 'abc')],
    [['--memory', 'lots'], bad('--memory', 'lots', { example: '4GB' })],
  ])('%j, which cannot be parsed, with the allowed values', (args, facts) => {
    expectThrow(() => train(...args), 'usage', facts);
  });
});
