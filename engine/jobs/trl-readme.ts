/** The README of a TRL job: how to start it with accelerate on one or several nodes, and how to view it. Pure. */
import type { RunConfig } from '../protocol/index.ts';
import type { Machines } from './machines.ts';

/** The README in Markdown. */
export function trlReadme(config: RunConfig, { nodes, gpus }: Machines, problems: number): string {
  const rollouts = Math.min(config.batch, problems) * config.group;
  const isPath = /^(?:[/.~]|[A-Za-z]:)/.test(config.model);
  const machines = Math.max(2, nodes);
  return `# Rollscope job for TRL

${config.reward} on ${config.dataset.path}: ${problems} problems, ${config.steps} steps of ${rollouts} rollouts, ${config.model},
${nodes} x ${gpus} GPUs. Written for TRL 1.16.0 (requirements.txt). It runs without Rollscope or Node being installed: \`score\` is the
part of Rollscope that computes rewards, and Node comes from PyPI.
${isPath ? `\nThe model ${config.model} must be at the same path on every node.\n` : ''}
## On one node

\`\`\`sh
pip install -r requirements.txt          # with a build of torch for your GPUs; add vllm to sample with it
accelerate launch --num_processes ${gpus} train.py --out /path/to/outputs
\`\`\`

\`--vllm\` samples with vLLM on the GPUs that train. Sharding (FSDP, DeepSpeed) and mixed precision come from accelerate's own
configuration: \`accelerate launch --config_file fsdp.yaml train.py --out /path/to/outputs\`. The ${rollouts} rollouts of a step must be
a multiple of the number of processes.

## On several nodes

Copy this folder to the same path on every node, or share it. \`--out\` must be a folder that all nodes share. On each node,
with its own number from 0 as \`--machine_rank\`:

\`\`\`sh
accelerate launch --num_machines ${machines} --num_processes ${machines * gpus} --machine_rank 0 \\
  --main_process_ip <address of node 0> --main_process_port 29500 train.py --out /shared/outputs
\`\`\`

Groups that are spread over several processes are gathered before they vote. Rewards are computed on node 0, so only that node needs Node.

## Viewing the run

\`\`\`sh
rollscope import /path/to/outputs --follow
\`\`\`

reads what TRL writes: \`completions/completions_<step>.parquet\`, and the metrics in \`trainer_state.json\` of the checkpoints. Where
the folder is not mounted, follow a copy and keep updating it, for example with
\`rsync -a --exclude 'checkpoint-*/*.safetensors' <node>:/shared/outputs/ outputs/\`.

## Resuming

The command that started the job resumes it from the last checkpoint in \`--out\`.

## Contents

| file | |
| --- | --- |
| \`problems.jsonl\` | prompts as chats, reference answers, and the columns that the reward reads |
| \`settings.json\` | fields of TRL's \`GRPOConfig\` and \`LoraConfig\`, the problems of each step, the learning rate of each step |
| \`score\` | \`rollscope score\` with the reward and the answer rules (\`score/config.json\`) |
| \`rollscope_trl\`, \`rollscope_score\` | the reward function that completes each group before it votes, and its client of \`rollscope score\` |
| \`train.py\` | starts TRL's \`GRPOTrainer\` |
`;
}
