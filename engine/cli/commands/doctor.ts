/** `rollscope doctor`: devices and versions on this machine, what is missing and how to install it. */
import { bytes } from '../../protocol/format.ts';
import { EXIT, Output } from '../output.ts';
import { table } from '../table.ts';

export async function doctor(options: { json?: boolean }): Promise<number> {
  const output = new Output(options.json === true);
  const { doctor: examine } = await import('../../runtime/doctor.ts');
  const report = await examine();
  output.print(
    table(
      ['Rollscope', report.version],
      [
        ['Node', report.node],
        ['onnxruntime', report.onnxruntime],
        ['platform', report.platform],
        ['cores', String(report.cores)],
        ['memory', bytes(report.memoryBytes)],
      ],
    ),
  );
  const rows = report.devices.map(({ name, available, detail }) => [name, available ? 'yes' : 'no', detail]);
  output.print(`\n${table(['device', 'available', 'details'], rows)}`);
  const hints = report.devices.filter(({ hint }) => hint).map(({ name, hint }) => `${name}: ${hint}`);
  if (hints.length > 0) output.print(`\n${hints.join('\n')}`);
  for (const problem of report.problems) output.print(`\nproblem: ${problem}`);
  output.result(report);
  return EXIT.ok;
}
