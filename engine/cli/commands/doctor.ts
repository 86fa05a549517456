/** `rollscope doctor`: devices and versions on this machine, missing components and how to install them. */
import { bytes, DASH } from '../../protocol/format.ts';
import type { DoctorReport } from '../../protocol/rpc.ts';
import { EXIT, Output } from '../output.ts';
import { table } from '../table.ts';

/** Exit code 0 even if something is missing: the report says so. Downloads nothing. */
export async function doctor(options: { json?: boolean; python?: string }): Promise<number> {
  const output = new Output(options.json === true);
  const { examine } = await import('../doctor.ts');
  const report = await examine(options.python);
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
  output.print(`\n${table(['for --engine trl', ''], trlRows(report.trl))}`);
  if (report.trl?.install) output.print(`\nTRL: Install what is missing with: ${report.trl.install}`);
  for (const problem of report.problems) output.print(`\nproblem: ${problem}`);
  output.result(report);
  return EXIT.ok;
}

function trlRows(trl: DoctorReport['trl']): string[][] {
  if (!trl) return [['Python', 'not found: make an environment with python3 -m venv .venv, or name one with --python']];
  return [
    ['Python', trl.python],
    ...Object.entries(trl.versions).map(([name, version]) => [name, version ?? (isNeeded(name) ? 'missing' : DASH)]),
  ];

  function isNeeded(name: string): boolean {
    return trl!.missing.includes(name);
  }
}
