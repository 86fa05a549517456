/** Which model, and on what it computes. */
import { OWN_TEMPLATE, templateVariablesError } from '../chat-choice.ts';
import { DEVICE_CHOICES } from '../devices.ts';
import { EMBEDDED } from '../embedded.ts';
import { bytes, choice, integer, text } from './kit.ts';

export const MODEL = {
  model: text({
    title: 'Model',
    help: "'embedded' or 'embedded:W' (tiny, no download), a .gguf file, a Hugging Face folder, or a Hub id such as Qwen/Qwen3-0.6B",
    example: 'Qwen/Qwen3-0.6B',
    placeholder: 'name',
    flag: '--model',
    names: 'model',
    default: EMBEDDED,
    trl: 'model_name_or_path',
    verl: 'actor_rollout_ref.model.path',
    editor: {
      id: 'model',
      section: 'Model and engine',
      scope: 'machine-overridable',
      text: 'Model to train: `embedded` (tiny, no download), the path of a `.gguf` file or of a Hugging Face folder, or a Hub id such as `Qwen/Qwen3-0.6B`.',
      link: '[Choose a model](command:rollscope.chooseModel)',
    },
  }),
  chatTemplate: text({
    title: 'Chat template',
    help: "auto (the model's own), none, the name of one of the model's templates, or a Jinja file",
    example: 'template.jinja',
    placeholder: 'name|file',
    flag: '--chat-template',
    names: 'template',
    default: OWN_TEMPLATE,
    editor: {
      id: 'chatTemplate',
      section: 'Model and engine',
      scope: 'machine-overridable',
      text: "Chat template: `auto` (the model's own), `none`, the name of one of the model's templates, or the path of a Jinja file.",
    },
  }),
  chatTemplateKwargs: text({
    title: 'Chat template variables',
    help: "variables of the model's chat template, as name=value with commas between, or as a JSON object",
    example: 'enable_thinking=false',
    placeholder: 'variables',
    flag: '--chat-template-kwargs',
    empty: true,
    default: '',
    absent: 'none',
    check: templateVariablesError,
    trl: 'chat_template_kwargs',
    verl: 'data.apply_chat_template_kwargs',
    editor: {
      id: 'chatTemplateKwargs',
      section: 'Model and engine',
      scope: 'machine-overridable',
      text: "Variables of the model's chat template, such as `enable_thinking=false`: `name=value` with commas between, or a JSON object.",
    },
  }),
};

export const DEVICE = {
  device: choice(DEVICE_CHOICES, {
    title: 'Compute device',
    help: `compute device: ${Object.keys(DEVICE_CHOICES).join(', ')}`,
    placeholder: 'name',
    flag: '--device',
    default: 'auto',
    editor: { id: 'device', section: 'Model and engine', scope: 'machine-overridable' },
  }),
  threads: integer({
    title: 'CPU threads',
    help: 'CPU threads (0 = all cores)',
    example: '4',
    placeholder: 'n',
    flag: '--threads',
    min: 0,
    max: 1024,
    default: 0,
    editor: { id: 'threads', section: 'Model and engine', scope: 'machine-overridable' },
  }),
  memoryLimit: bytes({
    title: 'Memory limit',
    help: 'resident memory that micro-batches are sized for',
    example: '4GB',
    placeholder: 'size',
    flag: '--memory',
    min: 256 * 2 ** 20,
    default: null,
    absent: '4 GiB, or what the longest problem needs',
    editor: {
      id: 'memoryLimit',
      section: 'Model and engine',
      scope: 'machine-overridable',
      scale: 2 ** 30,
      text: 'Resident memory in GiB that micro-batches are sized for.',
    },
  }),
  seed: integer({
    title: 'Seed',
    help: 'seed of every random choice',
    example: '1',
    placeholder: 'n',
    flag: '--seed',
    min: 0,
    max: 2 ** 32 - 1,
    default: 0,
    trl: 'seed',
    editor: {
      id: 'seed',
      section: 'Training',
      text: 'Seed of every random choice. The same seed and settings give the same run.',
    },
  }),
};
