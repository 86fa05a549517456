/** Which model, and how problems become its prompts. */
import { OWN_TEMPLATE, templateVariablesError } from '../chat-choice.ts';
import { EMBEDDED } from '../embedded.ts';
import { choice, text } from './kit.ts';

export const MODEL = {
  model: text({
    title: 'Model',
    help: "'embedded' or 'embedded:W' (tiny, no download), a .gguf file, a Hugging Face folder, or a Hub id such as Qwen/Qwen3-0.6B",
    example: 'Qwen/Qwen3-0.6B',
    placeholder: 'name',
    flag: '--model',
    aliases: ['--model-name-or-path'],
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
  basePrecision: choice(
    {
      float32: { help: 'float32; 16-bit weights of the model are widened' },
      float16: { help: "16-bit weights as in the model's files, others rounded to float16; widened for each use" },
      '8bit': { help: '8-bit weights in blocks of 32' },
      '4bit': { help: '4-bit weights in blocks of 32, embeddings with 8 bits' },
    },
    {
      title: 'Precision of the base model',
      help: 'precision of the frozen base model that a LoRA adapter is trained on: float32, float16, 8bit, 4bit',
      placeholder: 'name',
      flag: '--base-precision',
      default: 'float32',
      editor: {
        id: 'basePrecision',
        section: 'Model and engine',
        text: 'Precision of the frozen base model that a LoRA adapter is trained on. Fewer bits take less memory; sampling and training use the same weights.',
      },
    },
  ),
  rolloutPrecision: choice(
    {
      base: 'as the base model',
      float16: { help: "16-bit weights as in the model's files, others rounded to float16" },
      '8bit': { help: '8-bit weights in blocks of 32' },
      '4bit': { help: '4-bit weights in blocks of 32, embeddings with 8 bits' },
    },
    {
      title: 'Precision of the base model in rollouts',
      engines: ['rollscope'],
      help: 'precision of the frozen base model for sampling, if it differs from --base-precision: base, float16, 8bit, 4bit; truncated importance sampling corrects for the difference',
      placeholder: 'name',
      flag: '--rollout-precision',
      default: 'base',
      editor: {
        id: 'rolloutPrecision',
        section: 'Model and engine',
        text: 'Precision of the frozen base model for sampling. Fewer bits take less memory (8 and 4 are faster too); truncated importance sampling corrects for the difference from the precision used for training.',
      },
    },
  ),
  cachePrecision: choice(
    {
      float32: { help: 'float32' },
      float16: { help: '16-bit numbers' },
      '8bit': { help: '8-bit numbers, with one scale per token and head' },
    },
    {
      title: 'Precision of the KV cache',
      engines: ['rollscope'],
      help: 'precision of the keys and values of generated tokens, on the CPU: float32, float16, 8bit; truncated importance sampling corrects for the rounding',
      placeholder: 'name',
      flag: '--cache-precision',
      aliases: ['--kv-cache-dtype'],
      default: 'float32',
      editor: {
        id: 'cachePrecision',
        section: 'Model and engine',
        text: 'Precision of the keys and values of generated tokens (CPU). Fewer bits take less memory; truncated importance sampling corrects for the rounding.',
      },
    },
  ),
  activationPrecision: choice(
    {
      float32: { help: 'float32' },
      '8bit': { help: '8-bit numbers, with one scale per 32 of them' },
    },
    {
      title: 'Precision of activations in rollouts',
      engines: ['rollscope'],
      help: 'precision of the activations that are multiplied with an 8bit or 4bit base during sampling, on the CPU: float32, 8bit (faster); truncated importance sampling corrects for the rounding',
      placeholder: 'name',
      flag: '--activation-precision',
      default: 'float32',
      editor: {
        id: 'activationPrecision',
        section: 'Model and engine',
        text: 'Precision of the activations that are multiplied with an 8-bit or 4-bit base during sampling (CPU). 8-bit is faster; truncated importance sampling corrects for the rounding.',
      },
    },
  ),
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
    help: "variables of the model's chat template, as name=value separated by commas, or as a JSON object",
    example: 'enable_thinking=false',
    placeholder: 'variables',
    flag: '--chat-template-kwargs',
    aliases: ['--apply-chat-template-kwargs'],
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
      text: "Variables of the model's chat template, such as `enable_thinking=false`: `name=value` separated by commas, or a JSON object.",
    },
  }),
};
