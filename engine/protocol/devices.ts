/** Compute devices as people choose among them. What each can do: `engine/runtime/devices`. */

interface DeviceChoice {
  /** Its name in tables. */
  readonly title: string;
  /** One line that helps to choose. */
  readonly text: string;
}

/** In the order of lists. */
export const DEVICES = {
  cpu: { title: 'CPU', text: 'CPU.' },
  webgpu: { title: 'WebGPU', text: 'GPU (WebGPU).' },
  cuda: { title: 'CUDA', text: 'NVIDIA GPU (CUDA 12).' },
  dml: { title: 'DirectML', text: 'GPU (DirectML, Windows).' },
  coreml: { title: 'Core ML', text: 'Core ML (macOS).' },
  tfjs: { title: 'TensorFlow.js', text: 'TensorFlow.js, installed separately; `rollscope doctor` shows how.' },
} as const satisfies Record<string, DeviceChoice>;

export type DeviceName = keyof typeof DEVICES;
export const DEVICE_NAMES = Object.keys(DEVICES) as [DeviceName, ...DeviceName[]];

/** The devices that a run can be configured to use, with one line each. */
export const DEVICE_CHOICES: Readonly<Record<'auto' | DeviceName, string>> = {
  auto: 'The fastest available device.',
  ...(Object.fromEntries(DEVICE_NAMES.map((name) => [name, DEVICES[name].text])) as Record<DeviceName, string>),
};
