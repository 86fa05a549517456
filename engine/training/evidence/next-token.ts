/** Where the tokens of a problem's text end. */

import { rewardOptionsOf } from '../../reward/index.ts';
import type { Gatherer } from './gatherer.ts';

export const nextToken: Gatherer<'next-token'> = {
  async gather(groups, { config, compute }) {
    const { column } = rewardOptionsOf(config).nextToken;
    const texts = groups.map(({ problem }) => String(problem.columns?.[column] ?? ''));
    return (await compute.boundaries(texts)).map((boundaries) => ({ boundaries }));
  },
  questionTokens: null,
  require: null,
};
