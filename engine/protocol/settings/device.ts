/** What a run computes on, and with how much memory. */
import { DEVICE_CHOICES } from '../devices.ts';
import { bytes, choice, integer } from './kit.ts';

export const DEVICE = {
  device: choice(DEVICE_CHOICES, {
    title: 'Compute device',
    help: `compute device: ${Object.keys(DEVICE_CHOICES).join(', ')}`,
    placeholder: 'name',
    flag: '--device',
    default: 'auto',
    editor: { id: 'device', section: 'Model and engine', scope: 'machine-overridable' },
  }),
  threads: integer({
    title: 'CPU threads',
    help: 'CPU threads (0 = all cores that other programs leave free)',
    example: '4',
    placeholder: 'n',
    flag: '--threads',
    min: 0,
    max: 1024,
    default: 0,
    editor: { id: 'threads', section: 'Model and engine', scope: 'machine-overridable' },
  }),
  memoryLimit: bytes({
    title: 'Memory limit',
    help: 'memory limit (resident) that determines the size of micro-batches',
    example: '4GB',
    placeholder: 'size',
    flag: '--memory',
    min: 256 * 2 ** 20,
    default: null,
    absent: '4 GiB, or what the longest problem needs',
    editor: {
      id: 'memoryLimit',
      section: 'Model and engine',
      scope: 'machine-overridable',
      scale: 2 ** 30,
      text: 'Memory limit (resident, in GiB) that determines the size of micro-batches.',
    },
  }),
  seed: integer({
    title: 'Seed',
    help: 'random seed',
    example: '1',
    placeholder: 'n',
    flag: '--seed',
    min: 0,
    max: 2 ** 32 - 1,
    default: 0,
    trl: 'seed',
    editor: {
      id: 'seed',
      section: 'Training',
      text: 'Random seed. The same seed and settings give the same run.',
    },
  }),
};
