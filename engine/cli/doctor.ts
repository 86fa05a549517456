/** Examines this machine: the devices of this engine, and the Python for TRL. */
import type { DoctorReport } from '../protocol/rpc.ts';
import { doctor } from '../runtime/doctor.ts';
import { examinePython, findPython } from '../trl/python.ts';

/** Takes several seconds. @param python the interpreter of `--python` */
export async function examine(python?: string): Promise<DoctorReport> {
  const [report, trl] = await Promise.all([doctor(), examineTrl(python)]);
  return { ...report, trl };
}

async function examineTrl(named: string | undefined): Promise<DoctorReport['trl']> {
  const python = await findPython(named);
  return python === null ? null : examinePython(python, ['peft']).catch(() => null);
}
