/** WebGPU for tests, on machines with and without a GPU. */
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { temporaryFolder } from './processes.ts';
import { requireOrSkip } from './skip.ts';

/** A software Vulkan device, which comes with Debian's Chromium. */
const SOFTWARE_DEVICE = '/usr/lib/chromium/vk_swiftshader_icd.json';
const DEVICE_FOLDERS = ['/usr/share/vulkan/icd.d', '/etc/vulkan/icd.d'];

/**
 * Environment in which WebGPU finds a device on this machine; null if there is none. Tests request it explicitly: a software
 * device is for correctness, and would slow down tests that select their device automatically.
 */
export function webgpuEnvironment(): NodeJS.ProcessEnv | null {
  if (process.platform !== 'linux') return {};
  if (!hasVulkan()) return null;
  if (existsSync(SOFTWARE_DEVICE)) {
    return {
      VK_DRIVER_FILES: SOFTWARE_DEVICE,
      VK_ICD_FILENAMES: SOFTWARE_DEVICE,
      XDG_RUNTIME_DIR: process.env.XDG_RUNTIME_DIR ?? temporaryFolder(),
    };
  }
  return DEVICE_FOLDERS.some((folder) => existsSync(folder) && readdirSync(folder).length > 0) ? {} : null;
}

/**
 * Prepares this process for WebGPU; call it at the top of a test file, before a session is created, and pass the result to
 * `describe.runIf`.
 */
export function requireWebgpu(): boolean {
  const environment = webgpuEnvironment();
  Object.assign(process.env, environment);
  return requireOrSkip(
    'WebGPU',
    environment !== null,
    'no Vulkan device (Debian: packages chromium-headless-shell and libvulkan1)',
  );
}

function hasVulkan(): boolean {
  const own = (process.env.LD_LIBRARY_PATH ?? '').split(path.delimiter).filter(Boolean);
  const libraries = [...own, '/usr/lib', '/usr/lib64', ...triplets()];
  return libraries.some((folder) => existsSync(path.join(folder, 'libvulkan.so.1')));
}

/** Debian stores libraries by architecture: /usr/lib/x86_64-linux-gnu. */
function triplets(): string[] {
  return readdirSync('/usr/lib')
    .filter((name) => name.endsWith('-linux-gnu'))
    .map((name) => path.join('/usr/lib', name));
}
