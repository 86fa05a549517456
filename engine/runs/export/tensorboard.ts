/** Metrics as a TensorBoard event file: TFRecord frames around `Event` messages of protocol buffers. */
import { join } from 'node:path';
import { maskedCrc32c } from '../../journal/crc.ts';
import { readRunFile } from '../../journal/reader.ts';
import { streamAside } from '../../system/aside.ts';
import { runScalars } from './scalars.ts';

/**
 * Writes every scalar of a run into an event file in `target`, tagged `train/...` or `evaluation/...`; a value that does
 * not exist is left out. Returns the file and the number of scalars. Writing again replaces the file.
 */
export async function exportTensorboard(folder: string, target: string): Promise<{ path: string; scalars: number }> {
  const created = secondsOf((await readRunFile(folder)).created);
  // TensorBoard takes any file with `tfevents` in its name.
  const path = join(target, `events.out.tfevents.${Math.floor(created)}.rollscope`);
  let scalars = 0;
  const chunks = async function* () {
    yield tfRecord(fileVersion(created));
    for await (const { kind, step, time, values } of runScalars(folder)) {
      for (const [name, value] of Object.entries(values)) {
        if (value === null) continue;
        scalars++;
        yield tfRecord(scalarEvent(secondsOf(time), step, `${kind}/${name}`, value));
      }
    }
  };
  await streamAside(path, chunks());
  return { path, scalars };
}

/** One TFRecord: u64 length, its masked CRC-32C, the data, its masked CRC-32C. */
export function tfRecord(data: Uint8Array): Uint8Array {
  const record = new Uint8Array(data.length + 16);
  const view = new DataView(record.buffer);
  view.setBigUint64(0, BigInt(data.length), true);
  view.setUint32(8, maskedCrc32c(record.subarray(0, 8)), true);
  record.set(data, 12);
  view.setUint32(12 + data.length, maskedCrc32c(data), true);
  return record;
}

/** The first event of every file. `seconds` since 1970. */
export function fileVersion(seconds: number): Uint8Array {
  return Buffer.concat([double(1, seconds), bytes(3, Buffer.from('brain.Event:2'))]);
}

/** `Event { wall_time = 1, step = 2, summary = 5 { value = 1 { tag = 1, simple_value = 2 } } }`. */
export function scalarEvent(seconds: number, step: number, tag: string, value: number): Uint8Array {
  const summaryValue = Buffer.concat([bytes(1, Buffer.from(tag)), single(2, value)]);
  // A default value is not written.
  const number = step === 0 ? [] : [varint(2 << 3), varint(step)];
  return Buffer.concat([double(1, seconds), ...number, bytes(5, bytes(1, summaryValue))]);
}

function varint(value: number): Uint8Array {
  const out: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) out.push((rest % 0x80) | 0x80);
  out.push(rest);
  return Uint8Array.from(out);
}

function double(field: number, value: number): Uint8Array {
  const out = Buffer.alloc(9);
  out[0] = (field << 3) | 1;
  out.writeDoubleLE(value, 1);
  return out;
}

function single(field: number, value: number): Uint8Array {
  const out = Buffer.alloc(5);
  out[0] = (field << 3) | 5;
  out.writeFloatLE(value, 1);
  return out;
}

function bytes(field: number, value: Uint8Array): Uint8Array {
  return Buffer.concat([varint((field << 3) | 2), varint(value.length), value]);
}

/** Seconds since 1970; 0 for a time that cannot be read. */
function secondsOf(time: string): number {
  return Date.parse(time) / 1000 || 0;
}
