/**
 * Frames of the formats 1 and 2: texts and tokens of one group's rollouts, and the evidence. Their facts stand in the
 * group's record (`records2.ts`). As `../frame.ts` describes, but for the magic "RSF1", the header, and that every rollout
 * has every column.
 */
import * as z from 'zod';
import { RollscopeError } from '../../protocol/errors.ts';
import { Evidence } from '../../protocol/evidence.ts';
import type { Rollout } from '../../protocol/group.ts';
import { FRAME_HEADER, isWholeFrame, splitTokenTexts } from '../frame.ts';
import { readTolerantly } from '../tolerant.ts';

/** The columns in these formats, whatever today's frames store. */
const COLUMNS = ['logprob', 'entropy', 'logsumexp', 'meanLogit', 'top1', 'top2'] as const;

const FrameHeader = z.strictObject({
  rollouts: z.array(
    z.strictObject({
      tokens: z.int().min(0),
      finish: z.enum(['stop', 'length']),
      text: z.string(),
      /** Lengths in UTF-16 units when the token texts joined are the text; the token texts themselves otherwise. */
      pieces: z.union([z.array(z.int().min(0)), z.array(z.string())]),
    }),
  ),
  /** Absent if the reward needed nothing beyond the rollouts. */
  evidence: Evidence.optional(),
});

export interface Frame1 {
  rollouts: Pick<Rollout, 'text' | 'ids' | 'tokenTexts' | 'statistics'>[];
  evidence: Evidence;
}

/** Reads a frame; throws `run-broken`, naming `where`, when it is damaged. */
export function decodeFrame1(bytes: Uint8Array, where: string, hint: string): Frame1 {
  const damaged = (what: string) =>
    new RollscopeError('run-broken', `${where}: the stored rollouts are damaged (${what}).`, hint, {
      details: { reason: 'damaged-rollouts', place: where },
    });
  if (!isWholeFrame(bytes)) throw damaged('checksum does not match');
  const jsonLength = new DataView(bytes.buffer, bytes.byteOffset).getUint32(12, true);
  const json = Buffer.from(bytes.subarray(FRAME_HEADER, FRAME_HEADER + jsonLength)).toString();
  const header = readTolerantly(FrameHeader, JSON.parse(json));
  if (!header.success) throw damaged(header.error);
  const { rollouts, evidence = {} } = header.data;

  let offset = FRAME_HEADER + jsonLength;
  const take = (tokens: number) => {
    const start = bytes.byteOffset + offset;
    offset += tokens * 4;
    return bytes.buffer.slice(start, start + tokens * 4) as ArrayBuffer;
  };
  const ids = rollouts.map(({ tokens }) => new Int32Array(take(tokens)));
  const columns = COLUMNS.map(() => rollouts.map(({ tokens }) => new Float32Array(take(tokens))));
  return {
    rollouts: rollouts.map(({ text, pieces }, index) => {
      const [logprob, entropy, logsumexp, meanLogit, top1, top2] = columns.map((column) => column[index]!);
      return {
        text,
        ids: ids[index]!,
        tokenTexts: splitTokenTexts(text, pieces),
        statistics: {
          logprob: logprob!,
          entropy: entropy!,
          logsumexp: logsumexp!,
          meanLogit: meanLogit!,
          top1: top1!,
          top2: top2!,
        },
      };
    }),
    evidence,
  };
}
