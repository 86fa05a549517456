/** A reward that queries the policy, as a single file: 1 if the policy repeats its answer when it is asked again. */
import { section, text } from '../../engine/protocol/settings/kit.ts';
import { askSampling, fillTemplate, question } from '../../engine/reward/asking.ts';
import type { EvidenceGroup } from '../../engine/reward/evidence.ts';
import { listOf, record, type ShapeValue, textShape } from '../../engine/reward/shape.ts';
import { labelFree } from '../../engine/reward/types.ts';

/** The groups that it received. */
export const groupsSeenBySecondLook: EvidenceGroup[] = [];

const shape = record({ again: listOf(textShape) });

export const secondLook = labelFree({
  name: 'second-look',
  title: 'Second look',
  summary: '1 if the policy repeats its answer when it is asked again, else 0.',
  scale: 'correctness',
  family: 'external',
  formula: '1 if the second answer is the first',
  ...{ tokens: 'none', temperature: 'does not apply', shift: 'does not apply', normalization: 'none' },
  range: [0, 1],
  source: 'this test',
  options: section('Second look', {
    template: text({
      title: 'Prompt',
      help: 'what is asked',
      flag: '--second-template',
      default: 'Again: {{problem}}',
    }),
  }),
  evidence: {
    shape,
    questionTokens: () => 12,
    async gather(groups, { options, config, step, policy }): Promise<ShapeValue<typeof shape>[]> {
      groupsSeenBySecondLook.push(...groups);
      const responses = await policy.ask({
        questions: groups.map(({ problem }) => ({
          prompt: question(config, fillTemplate(options.template, { problem: problem.text })),
          problem: problem.index,
        })),
        rows: groups[0]!.rollouts.length,
        sampling: { ...askSampling, temperature: 1, maxTokens: 12 },
        stream: 'second-look',
        step,
        policy: null,
        activity: 'asking',
        detail: 'asking again',
      });
      return responses.map((again) => ({ again: again ?? [] }));
    },
  },
  compute({ answers }, _, evidence) {
    const { again } = evidence();
    const rewards = answers.map((answer, i) => (answer !== null && answer === again[i] ? 1 : 0));
    return {
      rewards,
      explain: (i) => [{ kind: 'check', passed: rewards[i] === 1, text: `first ${answers[i]}, then ${again[i]}` }],
    };
  },
});
