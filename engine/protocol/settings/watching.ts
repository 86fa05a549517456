/** The observers of the training: the collapse watch and the forecast. */
import { choice, integer } from './kit.ts';

export const WATCHING = {
  watch: choice(
    {
      off: 'No collapse watch.',
      warn: 'Warn.',
      stop: 'Warn and stop.',
      rollback: 'Warn, stop, and return to the last healthy checkpoint.',
    },
    {
      title: 'Collapse watch',
      help: 'what to do on signs of collapse (label-free): warn, stop, rollback (stop and restore the last healthy checkpoint), or off',
      placeholder: 'action',
      flag: '--watch',
      default: 'warn',
    },
  ),
  forecast: integer({
    title: 'Forecast problems',
    help: 'training problems to probe before and after training, for the forecast and its score (0 = use the evaluation if it is on the training problems)',
    example: '64',
    placeholder: 'n',
    flag: '--forecast',
    min: 0,
    max: 1_000_000,
    default: 0,
  }),
};
