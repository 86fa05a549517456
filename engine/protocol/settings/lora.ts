/** The LoRA adapter. */
import { choices, integer, number, section } from './kit.ts';

export const LORA_TARGETS = ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj'] as const;

export const LORA = section('LoRA adapter', {
  rank: integer({
    title: 'LoRA rank',
    help: 'train a LoRA adapter of this rank (16 if none is given)',
    example: '16',
    placeholder: 'rank',
    flag: '--lora',
    aliases: ['--lora-r', '--lora-rank'],
    min: 1,
    max: 1024,
    default: 16,
    absent: 'all weights are trained',
    trl: 'lora_r',
    verl: 'model.lora_rank',
    editor: {
      id: 'loraRank',
      section: 'Training',
      zeroIsNull: true,
      text: 'Rank of the LoRA adapter; 0 trains all weights.',
    },
  }),
  alpha: number({
    title: 'LoRA alpha',
    help: 'LoRA scale: alpha / rank',
    example: '32',
    placeholder: 'x',
    flag: '--lora-alpha',
    above: 0,
    default: 32,
    trl: 'lora_alpha',
    verl: 'model.lora_alpha',
  }),
  targets: choices(LORA_TARGETS, {
    title: 'LoRA target modules',
    help: 'projections that get an adapter, separated by commas',
    example: 'q_proj,v_proj',
    placeholder: 'list',
    flag: '--lora-targets',
    aliases: ['--lora-target-modules', '--target-modules'],
    default: [...LORA_TARGETS],
    trl: 'lora_target_modules',
    verl: 'model.target_modules',
  }),
});
