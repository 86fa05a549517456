/** What this machine can do: the devices of this engine, and the Python of TRL. */
import type { DoctorReport } from '../protocol/rpc.ts';
import { doctor } from '../runtime/doctor.ts';
import { examinePython, findPython } from '../trl/python.ts';

/** Examines the machine; takes some seconds. @param python the one of `--python` */
export async function examine(python?: string): Promise<DoctorReport> {
  const [report, trl] = await Promise.all([doctor(), examineTrl(python)]);
  return { ...report, trl };
}

async function examineTrl(named: string | undefined): Promise<DoctorReport['trl']> {
  const python = await findPython(named);
  return python === null ? null : examinePython(python, ['peft']).catch(() => null);
}
