/** Which runs can be resumed. Pure, without schemas. */
import type { RunInfo } from './listed-run.ts';

const RESUMABLE: readonly RunInfo['status'][] = ['interrupted', 'stopped', 'failed'];

/** A run that did not complete; one of another trainer is resumed there. */
export function canResume({ status, origin }: Pick<RunInfo, 'status' | 'origin'>): boolean {
  return RESUMABLE.includes(status) && origin.engine === 'rollscope';
}
