/** The question before a run from elsewhere runs the programs that it names. */
import type { RollscopeError } from '../../engine/protocol/index.ts';
import { tell } from '../tell.ts';

const RUN_IT = 'Run It';

/** @param refusal the engine's, with the programs */
export async function runsTheirs({ message, details }: RollscopeError): Promise<boolean> {
  const listed = details?.programs;
  const programs = Array.isArray(listed) ? listed.map(String) : [message];
  const chosen = await tell.warning(
    'Run the programs of this run?',
    {
      modal: true,
      detail: [
        'The run was not made by you on this machine, or its run.json has changed. Resuming it runs:',
        ...programs,
        `in ${String(details?.folder ?? 'the folder of the engine')}, with your rights. Run it only if you trust it, the model and the data.`,
      ].join('\n\n'),
    },
    RUN_IT,
  );
  return chosen === RUN_IT;
}
