// `npm run bench -- group-path`: the stages of a sampled group.
import path from 'node:path';
import { bundle, inTemporaryFolder } from './measure.mjs';

/** Rollouts per group, tokens per rollout, and the reward, for `group-path`. */
const GROUPS = [
  [8, 16, 'majority-vote'],
  [32, 16, 'majority-vote'],
  [16, 128, 'majority-vote'],
  [16, 128, 'self-certainty'],
];

const STAGES = ['judge', 'score', 'write'];

/** The stages of a sampled group, next to those of the version before the redesign: in one process, in turns. */
export async function groupPath(values) {
  const versions = { now: await import(await bundle('group-path.ts')) };
  if (values.former) {
    const former = path.resolve(values.former);
    const peer = await bundle(path.join('peers', 'group-path-995e2a0.mjs'), { former });
    versions.former = await import(peer);
  } else console.log('No checkout of commit 995e2a0 is named (--former): no peer, no ratios.');
  const median = (xs) => [...xs].sort((a, b) => a - b)[xs.length >> 1];
  console.log('\n| rollouts x tokens, reward | stage | now | former | ratio |\n| --- | --- | --- | --- | --- |');
  for (const [size, tokens, reward] of GROUPS) {
    const groups = versions.now.sampledGroups(64, size, tokens);
    const times = await inTemporaryFolder((folder) =>
      timed({ versions, folder, groups, reward, rounds: values.rounds }),
    );
    for (const rounds of Object.values(times))
      rounds.all = rounds.judge.map((_, i) => STAGES.reduce((sum, s) => sum + rounds[s][i], 0));
    for (const stage of [...STAGES, 'all']) {
      const now = median(times.now[stage]);
      const former = times.former && median(times.former[stage]);
      const peer = former ? `${former.toFixed(3)} ms | ${(now / former).toFixed(2)}` : '- | -';
      console.log(`| ${size} x ${tokens}, ${reward} | ${stage} | ${now.toFixed(3)} ms | ${peer} |`);
    }
  }
}

/** Milliseconds per group, of each version and stage, in each round. */
async function timed({ versions, folder, groups, reward, rounds }) {
  const times = {};
  const paths = [];
  for (const [name, { openPath }] of Object.entries(versions)) {
    times[name] = Object.fromEntries(STAGES.map((stage) => [stage, []]));
    paths.push([name, await openPath(path.join(folder, name), groups, reward)]);
  }
  // The first rounds let the compiler do its work.
  const warm = 20;
  for (let round = 0; round < warm + 20 * Number(rounds); round++) {
    for (const [name, stage] of round % 2 === 0 ? paths : [...paths].reverse()) {
      let work = groups;
      for (const one of STAGES) {
        const begun = performance.now();
        work = work.map((group) => stage[one](group, round));
        if (round >= warm) times[name][one].push((performance.now() - begun) / groups.length);
      }
    }
  }
  for (const [, stage] of paths) await stage.close();
  return times;
}
