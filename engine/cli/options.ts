/**
 * The options of `train` and `probe`: one table from which come the parser, the help, the reference in docs/cli.md, the
 * configuration, and the names in messages about values that are out of range. Light: `--help` loads it.
 */
import { RollscopeError } from '../protocol/errors.ts';

export interface RunOption {
  flags: string;
  /** Where the value goes in `RunConfig`, with dots. */
  path: string;
  /** How the text becomes a value; `list` takes commas or several uses, `repeat` several uses only, `policies` too. */
  kind: 'number' | 'text' | 'size' | 'list' | 'repeat' | 'policies' | 'command' | 'file' | 'on' | 'off';
  help: string;
}

export interface OptionGroup {
  title: string;
  options: RunOption[];
}

const MODEL: OptionGroup = {
  title: 'Model and device',
  options: [
    {
      flags: '--model <name>',
      path: 'model',
      kind: 'text',
      help: "'embedded' or 'embedded:W' (tiny, no download), a .gguf file, a Hugging Face folder, or a Hub id such as Qwen/Qwen3-0.6B",
    },
    { flags: '--device <name>', path: 'device', kind: 'text', help: 'auto, cpu, webgpu, cuda, dml, coreml or tfjs' },
    { flags: '--threads <n>', path: 'threads', kind: 'number', help: 'threads that compute; 0: one for each core' },
    {
      flags: '--memory <size>',
      path: 'memoryLimit',
      kind: 'size',
      help: 'resident memory that batches are sized for, such as 4GB; 4 GB, or what the longest problem needs, without it',
    },
    { flags: '--seed <n>', path: 'seed', kind: 'number', help: 'seed of every random choice' },
  ],
};

const DATA: OptionGroup = {
  title: 'Problems',
  options: [
    {
      flags: '--prompt-field <name>',
      path: 'dataset.fields.prompt',
      kind: 'text',
      help: 'column with the problem, where it has no usual name (prompt, question, problem)',
    },
    {
      flags: '--answer-field <name>',
      path: 'dataset.fields.answer',
      kind: 'text',
      help: 'column with the reference answer (answer, ground_truth, solution)',
    },
    {
      flags: '--id-field <name>',
      path: 'dataset.fields.id',
      kind: 'text',
      help: "column with the problem's name (id)",
    },
    {
      flags: '--template <text>',
      path: 'dataset.template',
      kind: 'text',
      help: 'text around each problem; {{prompt}} stands for it, {{name}} for any other column',
    },
    {
      flags: '--system <text>',
      path: 'dataset.system',
      kind: 'text',
      help: 'system message, for models with a chat template',
    },
    { flags: '--limit <n>', path: 'dataset.limit', kind: 'number', help: 'take the first n problems only' },
    { flags: '--id <id>', path: 'dataset.ids', kind: 'repeat', help: 'take this problem only; may be used again' },
  ],
};

const SAMPLING: OptionGroup = {
  title: 'Rollouts',
  options: [
    { flags: '--votes <n>', path: 'votes', kind: 'number', help: 'rollouts of each problem that vote' },
    {
      flags: '--temperature <t>',
      path: 'sampling.temperature',
      kind: 'number',
      help: 'divides the logits; 0 is greedy decoding',
    },
    { flags: '--max-tokens <n>', path: 'sampling.maxTokens', kind: 'number', help: 'longest response in tokens' },
    {
      flags: '--top-p <mass>',
      path: 'sampling.topP',
      kind: 'number',
      help: 'sample from the likeliest tokens of this mass',
    },
    {
      flags: '--top-k <n>',
      path: 'sampling.topK',
      kind: 'number',
      help: 'sample from the n likeliest tokens; 0: from all',
    },
    {
      flags: '--stop <text>',
      path: 'sampling.stop',
      kind: 'repeat',
      help: 'a response ends after this text; may be used again',
    },
    {
      flags: '--stop-at-answer',
      path: 'sampling.stopAtAnswer',
      kind: 'on',
      help: 'a response ends after \\boxed{...} or #### x',
    },
  ],
};

const REWARD: OptionGroup = {
  title: 'Reward',
  options: [
    {
      flags: '--reward <text>',
      path: 'reward',
      kind: 'text',
      help: "what trains: a name, a weighted sum, or one gated by another, such as 'majority-vote + 0.1*trajectory-entropy' or 'self-certainty if majority-vote'; docs/rewards.md lists the names",
    },
    {
      flags: '--rephrasings <n>',
      path: 'rewardOptions.coReward.count',
      kind: 'number',
      help: 'co-reward: rephrasings of each problem that vote',
    },
    {
      flags: '--rephrasings-field <name>',
      path: 'rewardOptions.coReward.column',
      kind: 'text',
      help: 'co-reward: column with a list of rephrasings; the model writes them where it is absent',
    },
    {
      flags: '--voter <policy>',
      path: 'rewardOptions.rlccf.policies',
      kind: 'policies',
      help: 'rlccf: another policy that votes (an adapter folder, a checkpoint, a model of the same shape, or base); may be used again',
    },
    {
      flags: '--empo-clusters <kind>',
      path: 'rewardOptions.empo.clusters',
      kind: 'text',
      help: 'empo: answers mean the same by equivalence, text, or the judgement of the model',
    },
    {
      flags: '--empo-entropy-low <x>',
      path: 'rewardOptions.empo.entropyLow',
      kind: 'number',
      help: 'empo: least answer entropy of a group that trains, as a share of the largest',
    },
    {
      flags: '--empo-entropy-high <x>',
      path: 'rewardOptions.empo.entropyHigh',
      kind: 'number',
      help: 'empo: largest answer entropy of a group that trains',
    },
    {
      flags: '--covo-steps <n>',
      path: 'rewardOptions.covo.steps',
      kind: 'number',
      help: 'covo: most steps that a response is split into',
    },
    {
      flags: '--covo-separator <regex>',
      path: 'rewardOptions.covo.separator',
      kind: 'text',
      help: 'covo: where a step ends',
    },
    {
      flags: '--covo-cue <text>',
      path: 'rewardOptions.covo.cue',
      kind: 'text',
      help: 'covo: words before a candidate answer',
    },
    {
      flags: '--covo-volatility <w>',
      path: 'rewardOptions.covo.volatility',
      kind: 'number',
      help: 'covo: weight of volatility',
    },
    {
      flags: '--judge-template <text>',
      path: 'rewardOptions.selfVerification.template',
      kind: 'text',
      help: 'self-verification: the judge’s prompt, with {{problem}} and {{solution}}',
    },
    {
      flags: '--judge-accept <text>',
      path: 'rewardOptions.selfVerification.accept',
      kind: 'text',
      help: 'self-verification: marked answer that accepts',
    },
    {
      flags: '--judge-reject <text>',
      path: 'rewardOptions.selfVerification.reject',
      kind: 'text',
      help: 'self-verification: marked answer that rejects',
    },
    {
      flags: '--judge-samples <n>',
      path: 'rewardOptions.selfVerification.samples',
      kind: 'number',
      help: 'self-verification: judgements of each solution',
    },
    {
      flags: '--judge-temperature <t>',
      path: 'rewardOptions.selfVerification.temperature',
      kind: 'number',
      help: 'self-verification: sampling temperature of the judge',
    },
    {
      flags: '--judge-max-tokens <n>',
      path: 'rewardOptions.selfVerification.maxTokens',
      kind: 'number',
      help: 'self-verification: longest judgement in tokens',
    },
    {
      flags: '--numbers-field <name>',
      path: 'rewardOptions.countdown.numbers',
      kind: 'text',
      help: 'countdown: column with the given numbers',
    },
    {
      flags: '--target-field <name>',
      path: 'rewardOptions.countdown.target',
      kind: 'text',
      help: 'countdown: column with the target',
    },
    {
      flags: '--format-score <x>',
      path: 'rewardOptions.countdown.formatScore',
      kind: 'number',
      help: 'countdown: reward of a well-formed expression that misses the target',
    },
    {
      flags: '--integrand-field <name>',
      path: 'rewardOptions.integral.column',
      kind: 'text',
      help: 'integral: column with the integrand; read from the problem where it is absent',
    },
    {
      flags: '--continuation-field <name>',
      path: 'rewardOptions.nextToken.column',
      kind: 'text',
      help: 'next-token: column with the text that follows',
    },
    {
      flags: '--hidden-field <name>',
      path: 'rewardOptions.dual.column',
      kind: 'text',
      help: 'dual: column with what is hidden; a number of the problem where it is absent',
    },
    {
      flags: '--dual-template <text>',
      path: 'rewardOptions.dual.template',
      kind: 'text',
      help: 'dual: the dual task, with {{masked}}, {{mask}} and {{answer}}',
    },
    {
      flags: '--dual-mask <text>',
      path: 'rewardOptions.dual.mask',
      kind: 'text',
      help: 'dual: stands for what is hidden',
    },
    {
      flags: '--dual-samples <n>',
      path: 'rewardOptions.dual.samples',
      kind: 'number',
      help: 'dual: samples of each dual task',
    },
    {
      flags: '--program-language <name>',
      path: 'rewardOptions.program.language',
      kind: 'text',
      help: 'program: python or javascript',
    },
    {
      flags: '--tests-field <name>',
      path: 'rewardOptions.program.tests',
      kind: 'text',
      help: 'program: column with the tests',
    },
    {
      flags: '--program-seconds <s>',
      path: 'rewardOptions.program.seconds',
      kind: 'number',
      help: 'program: time that one program may take',
    },
    {
      flags: '--program-megabytes <n>',
      path: 'rewardOptions.program.megabytes',
      kind: 'number',
      help: 'program: memory that one program may take',
    },
    {
      flags: '--statement-field <name>',
      path: 'rewardOptions.lean.column',
      kind: 'text',
      help: 'lean: column with the statement to prove',
    },
    {
      flags: '--lean-header <text>',
      path: 'rewardOptions.lean.header',
      kind: 'text',
      help: 'lean: imports at the head of every file',
    },
    {
      flags: '--lean-seconds <s>',
      path: 'rewardOptions.lean.seconds',
      kind: 'number',
      help: 'lean: time that one proof may take',
    },
    {
      flags: '--reward-program <command>',
      path: 'rewardOptions.custom.command',
      kind: 'command',
      help: 'custom: a .js, .mjs or .ts module, or a program with its arguments',
    },
    {
      flags: '--reward-seconds <s>',
      path: 'rewardOptions.custom.seconds',
      kind: 'number',
      help: 'custom: time that it may take for one step',
    },
    {
      flags: '--reward-labels',
      path: 'rewardOptions.custom.labels',
      kind: 'on',
      help: 'custom: give it the reference answers too',
    },
  ],
};

const TRAINING: OptionGroup = {
  title: 'Training',
  options: [
    { flags: '--steps <n>', path: 'steps', kind: 'number', help: 'optimizer steps' },
    { flags: '--batch <n>', path: 'batch', kind: 'number', help: 'problems in each step' },
    {
      flags: '--group <n>',
      path: 'group',
      kind: 'number',
      help: 'rollouts of each problem that train, a random subset of those that vote',
    },
    { flags: '--lr <rate>', path: 'optimizer.lr', kind: 'number', help: 'learning rate of AdamW' },
    {
      flags: '--schedule <name>',
      path: 'optimizer.schedule',
      kind: 'text',
      help: 'of the rate: constant, cosine or linear',
    },
    {
      flags: '--lr-minimum <share>',
      path: 'optimizer.minimum',
      kind: 'number',
      help: 'share of the rate that cosine and linear fall to',
    },
    {
      flags: '--warmup <share>',
      path: 'optimizer.warmup',
      kind: 'number',
      help: 'share of the steps over which the rate rises from 0',
    },
    {
      flags: '--mini-batch <n>',
      path: 'loss.miniBatch',
      kind: 'number',
      help: 'problems in one update; the whole batch when absent',
    },
    { flags: '--epochs <n>', path: 'loss.epochs', kind: 'number', help: "passes over a batch's rollouts" },
    {
      flags: '--advantage <name>',
      path: 'loss.advantage',
      kind: 'text',
      help: 'grpo, grpo-batch (deviation of the whole step), dr-grpo (no deviation), rloo, reinforce++ (all of the step alike) or reinforce++-baseline',
    },
    {
      flags: '--normalizer <name>',
      path: 'loss.normalizer',
      kind: 'text',
      help: 'of the loss: dapo (all tokens alike), grpo (all responses alike) or dr-grpo',
    },
    {
      flags: '--ratio <name>',
      path: 'loss.ratio',
      kind: 'text',
      help: 'importance ratio of each token, or of the whole sequence (GSPO, with --normalizer grpo)',
    },
    { flags: '--clip-low <x>', path: 'loss.clipLow', kind: 'number', help: 'the ratio is clipped at 1 - x' },
    {
      flags: '--clip-high <x>',
      path: 'loss.clipHigh',
      kind: 'number',
      help: 'the ratio is clipped at 1 + x; 0.28 in DAPO',
    },
    {
      flags: '--dual-clip <c>',
      path: 'loss.dualClip',
      kind: 'number',
      help: 'bound on the ratio where the advantage is negative, 3 as a rule; none when absent',
    },
    {
      flags: '--kl <weight>',
      path: 'loss.klCoefficient',
      kind: 'number',
      help: 'of the KL penalty to the policy that the run began with',
    },
    { flags: '--kl-estimator <name>', path: 'loss.klEstimator', kind: 'text', help: 'k1, k2 or k3' },
    {
      flags: '--no-measure-kl',
      path: 'loss.measureKl',
      kind: 'off',
      help: 'do not measure the KL at each step, which costs a forward pass',
    },
    {
      flags: '--entropy <weight>',
      path: 'loss.entropyCoefficient',
      kind: 'number',
      help: 'of the entropy bonus; negative: a surer policy',
    },
    {
      flags: '--mask-truncated',
      path: 'loss.maskTruncated',
      kind: 'on',
      help: 'responses cut at the length limit do not train',
    },
    { flags: '--clip-norm <x>', path: 'optimizer.clipNorm', kind: 'number', help: 'bound on the global gradient norm' },
    { flags: '--weight-decay <x>', path: 'optimizer.weightDecay', kind: 'number', help: 'of AdamW' },
    { flags: '--beta1 <x>', path: 'optimizer.beta1', kind: 'number', help: 'of AdamW' },
    { flags: '--beta2 <x>', path: 'optimizer.beta2', kind: 'number', help: 'of AdamW' },
    { flags: '--epsilon <x>', path: 'optimizer.epsilon', kind: 'number', help: 'of AdamW' },
  ],
};

/** `--lora` and `--no-lora` are not in the table: one option with an optional rank, see `loraFrom`. */
const LORA: OptionGroup = {
  title: 'Adapter',
  options: [
    { flags: '--lora-alpha <x>', path: 'lora.alpha', kind: 'number', help: 'scale of the adapter: alpha / rank' },
    {
      flags: '--lora-targets <list>',
      path: 'lora.targets',
      kind: 'list',
      help: 'projections that get an adapter: q_proj,k_proj,v_proj,o_proj,gate_proj,up_proj,down_proj',
    },
  ],
};

const EVALUATION: OptionGroup = {
  title: 'Evaluation',
  options: [
    {
      flags: '--eval-dataset <file>',
      path: 'evaluation.dataset.path',
      kind: 'file',
      help: 'problems to evaluate on; the training problems when absent',
    },
    {
      flags: '--eval-every <n>',
      path: 'evaluation.every',
      kind: 'number',
      help: 'evaluate every n steps, beside before the first and after the last',
    },
    {
      flags: '--eval-samples <n>',
      path: 'evaluation.samples',
      kind: 'number',
      help: 'rollouts of each problem; 0 switches evaluations off',
    },
    { flags: '--eval-temperature <t>', path: 'evaluation.temperature', kind: 'number', help: 'sampling temperature' },
    { flags: '--eval-top-p <mass>', path: 'evaluation.topP', kind: 'number', help: 'nucleus mass; 1 is off' },
    {
      flags: '--eval-limit <n>',
      path: 'evaluation.limit',
      kind: 'number',
      help: 'evaluate on the first n problems only',
    },
    {
      flags: '--no-eval-greedy',
      path: 'evaluation.greedy',
      kind: 'off',
      help: 'no greedy decoding beside the samples',
    },
  ],
};

const CHECKPOINTS: OptionGroup = {
  title: 'Checkpoints and watching',
  options: [
    {
      flags: '--watch <action>',
      path: 'watch',
      kind: 'text',
      help: 'at signs of a collapse, without labels: warn, stop, rollback (stop with the last checkpoint that was well), or off',
    },
    {
      flags: '--forecast <n>',
      path: 'forecast',
      kind: 'number',
      help: 'probe n training problems before and after, and score the forecast; 0: from the evaluation, where its problems train',
    },
    { flags: '--checkpoint-every <n>', path: 'checkpoint.every', kind: 'number', help: 'a checkpoint every n steps' },
    { flags: '--keep <n>', path: 'checkpoint.keep', kind: 'number', help: 'checkpoints that are kept' },
  ],
};

export const TRAIN_GROUPS: readonly OptionGroup[] = [
  MODEL,
  DATA,
  SAMPLING,
  REWARD,
  TRAINING,
  LORA,
  EVALUATION,
  CHECKPOINTS,
];
export const PROBE_GROUPS: readonly OptionGroup[] = [MODEL, DATA, SAMPLING, REWARD];
/** Title of the group that `--lora` and `--no-lora` belong to. */
export const LORA_GROUP = LORA.title;
export const REWARD_GROUP = REWARD.title;

/** The option that sets a field: `optimizer.lr` gives `--lr`; undefined for fields without one. */
export function optionOf(path: string): string | undefined {
  if (path === 'lora' || path === 'lora.rank') return '--lora';
  for (const group of TRAIN_GROUPS) {
    for (const option of group.options) {
      if (option.path === path || path.startsWith(`${option.path}.`)) return longFlag(option.flags);
    }
  }
  return undefined;
}

/** A text that must be one of a few; throws RollscopeError `usage`. */
export function oneOf<T extends string>(name: string, text: string, choices: readonly T[]): T {
  const found = choices.find((choice) => choice === text);
  if (found !== undefined) return found;
  throw new RollscopeError('usage', `${name}: '${text}' is not allowed; allowed: ${choices.join(', ')}.`);
}

/** A whole number of at least 0, or undefined where none was given; throws RollscopeError `usage`. */
export function wholeNumber(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d+$/.test(text)) return Number(text);
  throw new RollscopeError('usage', `${name}: '${text}' is not allowed; allowed: a whole number from 0.`);
}

/** `--lr <rate>` gives `--lr`. */
export function longFlag(flags: string): string {
  return flags.split(' ')[0]!;
}

/** Name under which commander keeps an option's value: `--max-tokens <n>` gives `maxTokens`, `--no-x` gives `x`. */
export function attributeOf(flags: string): string {
  return longFlag(flags)
    .replace(/^--(no-)?/, '')
    .replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}
