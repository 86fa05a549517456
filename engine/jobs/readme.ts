/** The README of a verl job: how to start it on one node and on a Ray cluster, and how to view it. Pure. */
import type { RunConfig } from '../protocol/index.ts';
import type { Machines } from './machines.ts';
import { batchSize, type JobData } from './verl-settings.ts';

/** The README in Markdown. */
export function readmeOf(config: RunConfig, { nodes, gpus }: Machines, data: JobData): string {
  const rollouts = batchSize(config, data) * config.group;
  return `# Rollscope job for verl

${config.reward} on ${config.dataset.path}: ${data.training} problems, ${config.steps} steps of ${rollouts} rollouts,
${config.model}, ${nodes} x ${gpus} GPUs. Written for verl 0.9.1 and Ray 2.60.0 (requirements.txt). It runs without Rollscope or Node
being installed: \`score\` is the part of Rollscope that computes rewards, and Node comes from PyPI.
${/^(?:[/.~]|[A-Za-z]:)/.test(config.model) ? `\nThe model ${config.model} must be at the same path on every node.\n` : ''}
## On one node

\`\`\`sh
pip install -r requirements.txt
python train.py --out /path/to/outputs
\`\`\`

Everything after \`--\` is a Hydra override, as in \`python train.py --out out -- trainer.n_gpus_per_node=4\`.
\`python train.py --out out --print\` prints the command without starting it.

## On a Ray cluster

Every node needs the packages in requirements.txt (from an image, or the same virtual environment). \`--out\` must be a folder that all
nodes share. Start it from this folder:

\`\`\`sh
ray job submit --address http://<head>:8265 --working-dir . -- python train.py --out /shared/outputs
ray job logs <id> --address http://<head>:8265 --follow
ray job stop <id> --address http://<head>:8265
\`\`\`

## Viewing the run

\`\`\`sh
rollscope import /path/to/outputs --follow
\`\`\`

reads what verl writes: \`rollouts/<step>.jsonl\`, \`validation/<step>.jsonl\` and \`metrics\`. Where the folder is not mounted, follow a
copy and keep updating it, for example with \`rsync -a --append <head>:/shared/outputs/ outputs/\` (add \`--exclude checkpoints\` to
leave out the checkpoints).

## Resuming

The command that started the job resumes it from the last checkpoint in \`checkpoints\`.

## Contents

| file | |
| --- | --- |
| \`train.parquet\`, \`validation.parquet\` | problems in verl's schema; validation problems have a reference answer |
| \`overrides.json\` | the configuration, a list of Hydra overrides |
| \`reward.py\`, \`rollscope_verl\`, \`rollscope_score\` | the reward manager, the Ray actor that completes each group before it votes, and its client of \`rollscope score\` |
| \`score\` | \`rollscope score\` with the reward and the answer rules (\`score/config.json\`) |
| \`train.py\` | starts \`verl.trainer.main_ppo\` |

A group whose rollouts do not all arrive within an hour of each other fails with \`IncompleteGroup\`; the environment variable
\`ROLLSCOPE_GROUP_PATIENCE\` changes that time, in seconds. verl leaves such a group out.
`;
}
