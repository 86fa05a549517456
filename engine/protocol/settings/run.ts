/**
 * The configuration of a run as one tree of described settings. Options of rewards are described in the rewards' own
 * files (`engine/reward`) and added in `engine/config`; here they can be anything.
 */
import type { RollscopeError } from '../errors.ts';
import { parseReward } from '../reward-expression.ts';
import { CHECKPOINT } from './checkpoint.ts';
import { DATASET } from './dataset.ts';
import { DEVICE } from './device.ts';
import { ENGINE } from './engine.ts';
import { EVALUATION } from './evaluation.ts';
import { GRADING } from './grading.ts';
import { choice, nullable, section, text } from './kit.ts';
import { LORA } from './lora.ts';
import { LOSS } from './loss.ts';
import { MODEL } from './model.ts';
import { OPTIMIZER } from './optimizer.ts';
import { ROLLOUTS, SAMPLING } from './sampling.ts';
import { STEP } from './step.ts';
import { WATCHING } from './watching.ts';

export const RUN = section('Run', {
  /** `train`, or `probe`: sample the problems once, change nothing. The command decides. */
  job: choice(
    { train: 'trains the model', probe: 'samples the problems once, without training' },
    { title: 'Job', help: 'train or probe', default: 'train' },
  ),
  ...MODEL,
  dataset: DATASET,
  reward: text({
    title: 'Reward',
    help: "reward: a name, a weighted sum, or one gated by another, such as 'majority-vote + 0.1*trajectory-entropy' or 'self-certainty if majority-vote'",
    example: 'majority-vote',
    placeholder: 'expression',
    flag: '--reward',
    aliases: ['--reward-funcs'],
    default: 'majority-vote',
    check: expressionError,
    editor: {
      id: 'reward',
      section: 'Training',
      text: 'Reward that trains the model. Sums and gates, such as `majority-vote + 0.1*trajectory-entropy`, go into `#rollscope.config#`.',
      link: '[Choose a reward](command:rollscope.chooseReward)',
    },
    trl: 'reward_funcs',
    verl: 'reward_model',
  }),
  ...STEP,
  ...ROLLOUTS,
  sampling: SAMPLING,
  grading: GRADING,
  loss: LOSS,
  optimizer: OPTIMIZER,
  /** null: full fine-tuning. */
  lora: nullable(LORA),
  evaluation: EVALUATION,
  checkpoint: CHECKPOINT,
  ...WATCHING,
  ...DEVICE,
  engine: ENGINE,
});

/** Checks only the syntax of an expression; `engine/reward` knows the names. */
function expressionError(expression: string): { message: string; hint?: string } | null {
  try {
    parseReward(expression);
    return null;
  } catch (error) {
    const { message, hint } = error as RollscopeError;
    return { message, ...(hint !== undefined && { hint }) };
  }
}
