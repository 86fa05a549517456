/** Lean compiles the statement with the proof in a response. See `checks.ts`. */
import { number, section, text, type ValuesOf } from '../protocol/settings/kit.ts';
import { CHECK_DESCRIPTION, CHECKS, fromChecks, splitByGroup } from './checks.ts';
import type { EvidenceContext, EvidenceGroup } from './evidence.ts';
import { labelFree } from './types.ts';

const OPTIONS = section('Lean', {
  column: text({
    title: 'Statement column',
    help: 'column with the statement to prove, up to :=; where it exists, it is put before the proof',
    placeholder: 'name',
    flag: '--statement-field',
    default: 'statement',
  }),
  header: text({
    title: 'Header',
    help: 'imports at the top of every file',
    example: 'import Mathlib',
    placeholder: 'text',
    flag: '--lean-header',
    empty: true,
    default: '',
  }),
  seconds: number({
    title: 'Time limit',
    help: 'time limit per proof',
    unit: 'seconds',
    example: '60',
    placeholder: 's',
    flag: '--lean-seconds',
    above: 0,
    max: 3600,
    default: 60,
  }),
});

async function gather(
  groups: readonly EvidenceGroup[],
  { options, programs }: EvidenceContext<ValuesOf<typeof OPTIONS.fields>>,
) {
  const items = groups.flatMap(({ problem, rollouts }) => {
    const statement = problem.columns?.[options.column];
    return rollouts.map((rollout) => ({
      response: rollout.text,
      ...(typeof statement === 'string' && { statement }),
    }));
  });
  return splitByGroup(groups, await programs.checkLean(options, items));
}

export const lean = labelFree({
  ...CHECK_DESCRIPTION,
  name: 'lean',
  title: 'Lean proof',
  summary:
    'Whether Lean accepts the proof. Needs Lean, reads the statement from a column or from the problem, and runs programs: in trusted workspaces only.',
  scale: 'correctness',
  formula: '1 if Lean accepts the proof without errors and without sorry, else 0',
  range: [0, 1],
  source: 'AlphaProof, doi 10.1038/s41586-025-09833-y',
  setup:
    "Needs `lean` on the path. The statement comes from a column of the data (`statement`) where there is one. Commands (`#print` and the like), gaps and code for Lean itself are refused in proofs, and the theorem may rest on Lean's own axioms only.",
  options: OPTIONS,
  columns: ({ column }) => ({ optional: [column] }),
  evidence: { shape: CHECKS, gather, require: (_, programs) => programs.requireLean() },
  compute: fromChecks(),
});
