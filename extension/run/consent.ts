/** The question before a run from elsewhere runs the programs that it names. */
import type { RollscopeError } from '../../engine/protocol/index.ts';
import { tell } from '../tell.ts';

const RUN_BUTTON = 'Run It';
/** Longest text of a program in the question, in characters: its buttons must stay on the screen. */
const MAX_PROGRAM_LENGTH = 600;

/**
 * Asks whether the programs of a run that was not made here may run; false when the question is closed.
 * @param error the engine's refusal, whose details list the programs
 */
export async function confirmForeignPrograms({ message, details }: RollscopeError): Promise<boolean> {
  const listed = details?.programs;
  const programs = Array.isArray(listed) ? listed.map(String) : [message];
  const chosen = await tell.warning(
    'Run the programs of this run?',
    {
      modal: true,
      detail: [
        'The run was not made by you on this machine, or its run.json has changed. Resuming or forking it runs:',
        ...programs.map(shortened),
        `in ${String(details?.folder ?? 'the folder of the engine')}, with your permissions. Run it only if you trust it, the model and the data.`,
      ].join('\n\n'),
    },
    RUN_BUTTON,
  );
  return chosen === RUN_BUTTON;
}

/** The beginning and the end of a long command, with what is left out between them. */
function shortened(program: string): string {
  const { length } = program;
  if (length <= MAX_PROGRAM_LENGTH) return program;
  const half = MAX_PROGRAM_LENGTH / 2;
  return `${program.slice(0, half)} […${length - 2 * half} more characters, in run.json…] ${program.slice(-half)}`;
}
