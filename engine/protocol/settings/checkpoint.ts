/** Checkpoints: how often, and how many are kept. */
import { integer, section } from './kit.ts';

export const CHECKPOINT = section('Checkpoints', {
  every: integer({
    title: 'Checkpoint interval',
    help: 'save a checkpoint every n steps, and at the end',
    example: '10',
    placeholder: 'n',
    flag: '--checkpoint-every',
    aliases: ['--save-steps', '--save-freq'],
    min: 1,
    max: 1_000_000,
    default: 10,
    trl: 'save_steps',
    verl: 'trainer.save_freq',
  }),
  keep: integer({
    title: 'Checkpoints kept',
    help: 'checkpoints to keep; older ones are deleted',
    example: '2',
    placeholder: 'n',
    flag: '--keep',
    aliases: ['--save-total-limit', '--max-actor-ckpt-to-keep'],
    min: 1,
    max: 1000,
    default: 2,
    trl: 'save_total_limit',
    verl: 'trainer.max_actor_ckpt_to_keep',
  }),
});
