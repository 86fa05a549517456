/** Reads the rollouts of a step written by the Python process, in the form of the engine's own sampler. */
import { readFile } from 'node:fs/promises';
import * as z from 'zod';
import type { Tokenizer } from '../model/tokenizer.ts';
import { byStatistic, type PolicyRollout } from '../protocol/index.ts';
import type { OutsideGroup } from '../training/outside.ts';

const column = z.array(z.number()).transform((values) => Float32Array.from(values));

const Row = z.object({
  problem: z.int().min(0),
  response: z.string(),
  finish: z.enum(['stop', 'length']),
  ids: z.array(z.int().min(0)),
  ...byStatistic(() => column),
  reward: z.number().optional(),
  advantage: z.number().nullish(),
  evidence: z.record(z.string(), z.json()).optional(),
});

/** A problem's rollouts, with their rewards and advantages if they train. */
export interface TrlGroup {
  problem: number;
  rollouts: PolicyRollout[];
  given: OutsideGroup;
}

/** The groups of a file, ordered by their first rollouts. */
export async function readWritten(file: string, tokenizer: Pick<Tokenizer, 'tokenTexts'>): Promise<TrlGroup[]> {
  const groups = new Map<number, z.infer<typeof Row>[]>();
  for (const line of (await readFile(file, 'utf8')).split('\n')) {
    if (line === '') continue;
    const row = Row.parse(JSON.parse(line));
    const same = groups.get(row.problem);
    if (same) same.push(row);
    else groups.set(row.problem, [row]);
  }
  return [...groups].map(([problem, rows]) => ({
    problem,
    rollouts: rows.map((row) => rolloutOf(row, tokenizer)),
    given: {
      evidence: rows[0]!.evidence ?? {},
      rewards: rows.map(({ reward }) => reward ?? 0),
      advantages: rows.map(({ advantage }) => advantage ?? null),
    },
  }));
}

function rolloutOf(row: z.infer<typeof Row>, tokenizer: Pick<Tokenizer, 'tokenTexts'>): PolicyRollout {
  const { ids, finish } = row;
  const tokenTexts = tokenizer.tokenTexts(ids);
  return {
    text: tokenTexts.join(''),
    tokenTexts,
    tokens: Int32Array.from(ids),
    finish,
    ...byStatistic((name) => row[name]),
  };
}
