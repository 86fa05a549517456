/**
 * A frame: the rollouts of one group, as bytes. Little-endian, a multiple of 4 bytes long:
 *
 *     0   magic "RSF1"
 *     4   u32 length of the whole frame in bytes
 *     8   u32 CRC-32 of everything from byte 12 on
 *     12  u32 length of the header in bytes
 *     16  header: JSON (texts, and the reward's evidence), filled up with spaces to a multiple of 4
 *     ..  token ids (i32), logprob, entropy, logsumexp, mean logit, top-1, top-2 (f32): each for all rollouts in a row
 */
import * as z from 'zod';
import { RollscopeError } from '../../protocol/errors.ts';
import { Evidence } from '../../protocol/evidence.ts';
import type { Rollout } from '../../protocol/group.ts';
import type { StoredGroup, StoredRollout } from '../../protocol/records.ts';
import { crc32 } from '../crc.ts';

const MAGIC = 0x31465352;
const FIXED = 16;
/** Bytes from which length and checksum of a frame can be read. */
export const FRAME_PREFIX = 12;
const COLUMNS = ['logprob', 'entropy', 'logsumexp', 'meanLogit', 'top1', 'top2'] as const;

const FrameHeader = z.strictObject({
  rollouts: z.array(
    z.strictObject({
      tokens: z.int().min(0),
      finish: z.enum(['stop', 'length']),
      text: z.string(),
      /** Lengths in UTF-16 units when the pieces joined are the text; the pieces themselves otherwise. */
      pieces: z.union([z.array(z.int().min(0)), z.array(z.string())]),
    }),
  ),
  /** Absent where the reward asked for nothing beyond the rollouts. */
  evidence: Evidence.optional(),
});
type FrameHeader = z.infer<typeof FrameHeader>;

/** Length and checksum of a frame, or null when `prefix` is not the beginning of one. */
function readFramePrefix(prefix: Uint8Array): { length: number; crc: number } | null {
  if (prefix.length < FRAME_PREFIX) return null;
  const view = new DataView(prefix.buffer, prefix.byteOffset, prefix.byteLength);
  if (view.getUint32(0, true) !== MAGIC) return null;
  return { length: view.getUint32(4, true), crc: view.getUint32(8, true) };
}

/** Throws when a rollout's arrays differ in length: that is an error of the program. */
export function encodeFrame(rollouts: readonly StoredRollout[], evidence: Evidence = {}): Uint8Array {
  const header: FrameHeader = {
    rollouts: rollouts.map((rollout, index) => {
      const tokens = rollout.tokens.length;
      for (const column of COLUMNS) {
        if (rollout[column].length !== tokens) {
          throw new Error(`rollout ${index}: ${tokens} tokens, but ${rollout[column].length} values of ${column}`);
        }
      }
      if (rollout.pieces.length !== tokens) {
        throw new Error(`rollout ${index}: ${tokens} tokens, but ${rollout.pieces.length} pieces`);
      }
      const joins = rollout.pieces.join('') === rollout.text;
      const pieces = joins ? rollout.pieces.map((piece) => piece.length) : rollout.pieces;
      return { tokens, finish: rollout.finish, text: rollout.text, pieces };
    }),
    ...(Object.keys(evidence).length > 0 && { evidence }),
  };
  const json = Buffer.from(JSON.stringify(header));
  const jsonLength = Math.ceil(json.length / 4) * 4;
  const total = rollouts.reduce((sum, rollout) => sum + rollout.tokens.length, 0);
  const bytes = new Uint8Array(FIXED + jsonLength + total * 4 * (1 + COLUMNS.length));
  bytes.fill(0x20, FIXED, FIXED + jsonLength);
  bytes.set(json, FIXED);

  let offset = FIXED + jsonLength;
  const put = (values: Int32Array | Float32Array) => {
    bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), offset);
    offset += values.byteLength;
  };
  for (const rollout of rollouts) put(rollout.tokens);
  for (const column of COLUMNS) for (const rollout of rollouts) put(rollout[column]);

  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint32(4, bytes.length, true);
  view.setUint32(12, jsonLength, true);
  view.setUint32(8, crc32(bytes.subarray(FRAME_PREFIX)), true);
  return bytes;
}

/** Whether `bytes` are one whole, undamaged frame. */
export function isWholeFrame(bytes: Uint8Array): boolean {
  const prefix = readFramePrefix(bytes);
  return prefix !== null && prefix.length === bytes.length && crc32(bytes.subarray(FRAME_PREFIX)) === prefix.crc;
}

/** Reads a frame; throws `run-broken`, naming `where`, when it is damaged. */
export function decodeFrame(bytes: Uint8Array, where: string): StoredGroup {
  if (!isWholeFrame(bytes)) {
    throw new RollscopeError('run-broken', `${where}: the stored rollouts are damaged (checksum does not match).`);
  }
  const jsonLength = new DataView(bytes.buffer, bytes.byteOffset).getUint32(12, true);
  const header = FrameHeader.parse(JSON.parse(Buffer.from(bytes.subarray(FIXED, FIXED + jsonLength)).toString()));

  let offset = FIXED + jsonLength;
  // A copy for each rollout: small, aligned, and free of its neighbours when it is sent on.
  const take = (tokens: number) => {
    const start = bytes.byteOffset + offset;
    offset += tokens * 4;
    return bytes.buffer.slice(start, start + tokens * 4) as ArrayBuffer;
  };
  const ids = header.rollouts.map((rollout) => new Int32Array(take(rollout.tokens)));
  const columns = COLUMNS.map(() => header.rollouts.map((rollout) => new Float32Array(take(rollout.tokens))));
  const rollouts = header.rollouts.map(({ text, pieces, finish }, index) => {
    const [logprob, entropy, logsumexp, meanLogit, top1, top2] = columns.map((column) => column[index]!);
    return {
      text,
      pieces: splitPieces(text, pieces),
      finish,
      tokens: ids[index]!,
      logprob: logprob!,
      entropy: entropy!,
      logsumexp: logsumexp!,
      meanLogit: meanLogit!,
      top1: top1!,
      top2: top2!,
    };
  });
  return { rollouts, evidence: header.evidence ?? {} };
}

function splitPieces(text: string, pieces: number[] | string[]): string[] {
  let at = 0;
  return pieces.map((piece) => {
    if (typeof piece === 'string') return piece;
    at += piece;
    return text.slice(at - piece, at);
  });
}

/** What a frame of the formats 1 and 2 holds: texts and tokens, and the evidence; no facts. */
export interface Frame1 {
  rollouts: Pick<Rollout, 'text' | 'ids' | 'pieces' | 'statistics'>[];
  evidence: Evidence;
}

/** Reads a frame; throws `run-broken`, naming `where`, when it is damaged. */
export function decodeFrame1(bytes: Uint8Array, where: string): Frame1 {
  const { rollouts, evidence } = decodeFrame(bytes, where);
  return {
    rollouts: rollouts.map(({ text, pieces, finish: _, tokens: ids, ...statistics }) => ({
      text,
      ids,
      pieces,
      statistics,
    })),
    evidence,
  };
}
