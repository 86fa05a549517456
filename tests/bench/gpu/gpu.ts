/** What the system says about GPUs: adapter, driver, memory. Everything is null or empty where it says nothing. */
import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';

const execute = promisify(execFile);
/** Milliseconds between two looks, and that a program may take. */
const SAMPLE_INTERVAL_MS = 250;
const TIMEOUT_MS = 10_000;
const DRIVER_FOLDERS = ['/usr/share/vulkan/icd.d', '/etc/vulkan/icd.d', '/usr/local/nvidia/share/vulkan/icd.d'];

/** Output of a program; null where it does not exist or fails. */
async function output(program: string, args: readonly string[]): Promise<string | null> {
  const options = { timeout: TIMEOUT_MS, encoding: 'utf8' } as const;
  return execute(program, [...args], options).then(
    ({ stdout }) => stdout.trim(),
    () => null,
  );
}

function text(file: string): string | null {
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : null;
}

export async function describeGpus() {
  const fields = 'name,driver_version,memory.total,vbios_version';
  const nvidia = await output('nvidia-smi', [`--query-gpu=${fields}`, '--format=csv,noheader']);
  const summary = await output('vulkaninfo', ['--summary']);
  const cards = existsSync('/sys/class/drm')
    ? readdirSync('/sys/class/drm').filter((name) => /^card\d+$/.test(name))
    : [];
  return {
    nvidia: nvidia === null ? [] : nvidia.split('\n'),
    kernelDriver: text('/proc/driver/nvidia/version')?.split('\n')[0] ?? null,
    cards: cards.map((name) => {
      const at = path.join('/sys/class/drm', name, 'device');
      const driver = existsSync(path.join(at, 'driver')) ? path.basename(realpathSync(path.join(at, 'driver'))) : null;
      const version = driver === null ? null : text(path.join('/sys/module', driver, 'version'));
      const [vendor, device] = ['vendor', 'device'].map((file) => text(path.join(at, file)));
      return { name, vendor, device, driver, version };
    }),
    vulkanDrivers: vulkanDrivers(),
    vulkan:
      summary === null ? null : summary.split('\n').filter((line) => /deviceName|driverInfo|apiVersion/.test(line)),
  };
}

/** Files of the drivers that the Vulkan loader finds, and the libraries that they name. */
function vulkanDrivers(): { file: string; library: string | null }[] {
  const named = (process.env.VK_DRIVER_FILES ?? process.env.VK_ICD_FILENAMES ?? '').split(':').filter(Boolean);
  const found = DRIVER_FOLDERS.filter((folder) => existsSync(folder)).flatMap((folder) =>
    readdirSync(folder).map((name) => path.join(folder, name)),
  );
  return (named.length > 0 ? named : found).map((file) => {
    const content = text(file);
    const library = content === null ? undefined : /"library_path"\s*:\s*"([^"]*)"/.exec(content)?.[1];
    return { file, library: library ?? null };
  });
}

/** Memory of the GPU in use, bytes: only NVIDIA's driver tells. */
async function used(): Promise<number | null> {
  const answer = await output('nvidia-smi', ['--query-gpu=memory.used', '--format=csv,noheader,nounits']);
  const megabytes = Number(answer?.split('\n')[0]);
  return answer === null || Number.isNaN(megabytes) ? null : megabytes * 2 ** 20;
}

/** Watches the GPU's memory; `end` says by how much it rose at most, bytes. */
export async function watchGpuMemory(): Promise<{ end(): Promise<number | null> }> {
  const before = await used();
  if (before === null) return { end: async () => null };
  let most = before;
  const look = async () => {
    most = Math.max(most, (await used()) ?? 0);
  };
  const timer = setInterval(() => void look(), SAMPLE_INTERVAL_MS);
  return {
    end: async () => {
      clearInterval(timer);
      await look();
      return most - before;
    },
  };
}
