// The check of a machine with a GPU (tests/bench/gpu): run here, or packed into an archive that brings all it needs to a
// machine without network, Node or packages.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { root } from './install.mjs';

/** Maximum size of the archive, bytes. */
const LIMIT = 60e6;
const PACKAGES = ['onnxruntime-node', 'onnxruntime-common'];
const LIBRARIES = 'bin/napi-v6';

const SCRIPT = `#!/bin/sh
# Checks this machine's GPU: parity with the CPU, what the device is asked to do, speed, memory. Needs no network.
#   ./check.sh [--out gpu-check.json] [--minutes 10] [--devices webgpu,cuda] [--shapes SmolLM2-135M,Qwen3-0.6B]
#              [--cases parity,counts,…]
case $0 in */*) here=\${0%/*} ;; *) here=. ;; esac
here=$(cd "$here" && pwd)
# This archive's Vulkan loader serves where the system has none.
export LD_LIBRARY_PATH="\${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}$here/lib"
exec "$here/node" "$here/bench-check.mjs" "$@"
`;

/** Writes the archive (.tar.xz) for this platform. Throws on other platforms than Linux x64, and above the limit. */
export async function packGpuCheck(file, program) {
  if (`${process.platform}-${process.arch}` !== 'linux-x64') throw new Error('The archive is built on Linux x64.');
  const stage = path.join(root, '.cache', `gpu-check-${process.pid}`, 'rollscope-gpu-check');
  try {
    fs.mkdirSync(path.join(stage, 'lib'), { recursive: true });
    for (const source of filesOfGpuCheck(program)) fs.copyFileSync(source, path.join(stage, path.basename(source)));
    fs.copyFileSync(process.execPath, path.join(stage, 'node'));
    fs.writeFileSync(path.join(stage, 'check.sh'), SCRIPT, { mode: 0o755 });
    for (const name of PACKAGES) copyPackage(name, path.join(stage, 'node_modules', name));
    const loader = vulkanLoader();
    if (loader) fs.copyFileSync(fs.realpathSync(loader), path.join(stage, 'lib', 'libvulkan.so.1'));
    else console.log('No Vulkan loader (libvulkan1) here: the archive will not contain one.');
    const options = { stdio: 'inherit', env: { ...process.env, XZ_OPT: '-0 -T0' } };
    const args = ['-cJf', path.resolve(file), '-C', path.dirname(stage), path.basename(stage)];
    if (spawnSync('tar', args, options).status !== 0) throw new Error('tar failed; it needs xz (xz-utils).');
  } finally {
    fs.rmSync(path.dirname(stage), { recursive: true, force: true });
  }
  const { size } = fs.statSync(file);
  console.log(`${path.resolve(file)} (${(size / 1e6).toFixed(1)} MB)`);
  if (size > LIMIT) throw new Error(`${file} is larger than ${LIMIT / 1e6} MB.`);
}

/** Runs the check with this checkout. */
export function runGpuCheck(program, args) {
  const [main, ...others] = filesOfGpuCheck(program);
  for (const other of others) fs.copyFileSync(other, path.join(path.dirname(main), path.basename(other)));
  return spawnSync(process.execPath, [main, ...args], { stdio: 'inherit' }).status ?? 1;
}

function filesOfGpuCheck(program) {
  return [program, path.join(root, 'tests', 'bench', 'gpu', 'pytorch_cuda.py')];
}

/** What of a package runs, with the libraries of this platform only. */
function copyPackage(name, to) {
  const from = path.join(root, 'node_modules', name);
  const wanted = `${LIBRARIES}/${process.platform}/${process.arch}`;
  fs.cpSync(from, to, {
    recursive: true,
    filter: (file) => {
      const inside = path.relative(from, file).split(path.sep).join('/');
      if (/\.(d\.ts|map|md)$/.test(inside) || /^(lib|script|dist\/esm)(\/|$)/.test(inside)) return false;
      return !inside.startsWith(LIBRARIES) || wanted.startsWith(inside) || inside.startsWith(wanted);
    },
  });
}

function vulkanLoader() {
  const folders = fs.readdirSync('/usr/lib').filter((name) => name.endsWith('-linux-gnu'));
  const files = ['', ...folders].map((folder) => path.join('/usr/lib', folder, 'libvulkan.so.1'));
  return files.find((file) => fs.existsSync(file)) ?? null;
}
