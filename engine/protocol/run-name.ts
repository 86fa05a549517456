/** Names that a run can have. */
import { RollscopeError } from './errors.ts';

/** A run's name is the name of its folder on every system. @throws RollscopeError `config` */
export function checkRunName(name: string): void {
  if (name.length <= 100 && /^[\p{L}\p{N}_][\p{L}\p{N}._ -]*$/u.test(name) && !/[. ]$/.test(name)) return;
  throw new RollscopeError(
    'config',
    `'${name}' is not a valid run name.`,
    'Use up to 100 letters, digits, spaces, dots, dashes and underscores, starting with a letter or digit.',
    { details: { reason: 'bad-run-name', value: name } },
  );
}
