/** Lean, played by a script: which file it gets, what of its words counts, what never reaches it. */
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkLean, requireLean } from '../../engine/external/index.ts';
import type { LeanItem } from '../../engine/protocol/programs.ts';
import { temporaryFolder } from '../support/processes.ts';
import { expectRejection } from '../support/refusals.ts';

const folder = temporaryFolder();
const seen = path.join(folder, 'seen.lean');
const usual = process.env.PATH;

/** A `lean` that keeps the file it is given and does what a script says. */
function lean(script: string): void {
  const bin = path.join(folder, 'bin');
  mkdirSync(bin, { recursive: true });
  writeFileSync(path.join(bin, 'lean'), `#!/bin/sh\ncp "$1" "${seen}"\n${script}\n`);
  chmodSync(path.join(bin, 'lean'), 0o755);
  process.env.PATH = `${bin}${path.delimiter}${usual}`;
}

const STATEMENT = 'theorem two : 1 + 1 = 2 :=';
const CLEAN = `echo "'two' does not depend on any axioms"`;

async function check(item: LeanItem, options: { header?: string; seconds?: number } = {}) {
  writeFileSync(seen, '(nothing)');
  const [result] = await checkLean({ header: '', seconds: 120, ...options }, [item]);
  return { ...result!, file: readFileSync(seen, 'utf8').trim() };
}

const block = (code: string) => `I try this.\n\`\`\`lean\n${code}\n\`\`\`\n`;
const prove = (code: string, options = {}) => check({ response: block(code), statement: STATEMENT }, options);

describe.skipIf(process.platform === 'win32')('Lean', () => {
  beforeAll(() => lean(CLEAN));
  afterAll(() => {
    process.env.PATH = usual;
  });

  test('receives header, statement, proof, and the question for axioms', async () => {
    expect(await prove('by norm_num', { header: 'import Mathlib' })).toEqual({
      score: 1,
      detail: 'Lean accepts the proof',
      file: 'import Mathlib\ntheorem two : 1 + 1 = 2 := by norm_num\n\n#print axioms two',
    });
    expect((await prove(':= rfl')).file).toContain('1 + 1 = 2 := rfl');
    expect((await prove('| _ => rfl')).file).toContain('1 + 1 = 2 | _ => rfl');
  });

  test('receives the statement once if the proof repeats it, in its own words', async () => {
    const { file } = await prove('-- first\ntheorem two :\n    1 + 1 = 2 := by\n  rfl /- a /- nested -/ note -/');
    expect(file).toBe('theorem two : 1 + 1 = 2 := by\n  rfl\n\n#print axioms two');
    const other = await prove('theorem two : 1 = 1 := rfl');
    expect(other.file).toContain('theorem two : 1 + 1 = 2 := theorem two : 1 = 1 := rfl');
  });

  test('receives the whole response if it has no block, and the response’s theorem if none is stated', async () => {
    expect((await check({ response: 'by rfl', statement: STATEMENT })).file).toContain(':= by rfl');
    expect((await check({ response: block('theorem two : 1 + 1 = 2 := rfl') })).file).toBe(
      'theorem two : 1 + 1 = 2 := rfl\n\n#print axioms two',
    );
    expect(await check({ response: 'I do not know.' })).toEqual({
      score: 0,
      detail: 'the response contains no theorem',
      file: '(nothing)',
    });
  });

  test.each([
    ['by sorry', 'sorry'],
    ['by\n  admit', 'admit'],
    ['by native_decide', 'native_decide'],
    ['by rfl\naxiom cheat : False', 'axiom'],
    ['rfl\nunsafe def f := 1', 'unsafe'],
    ['rfl\n@[implemented_by f] def g := 1', 'implemented_by'],
    ['rfl\n#eval IO.println "hello"', '#eval'],
    ['rfl\n#eval! two', '#eval!'],
    ['rfl\n#print axioms h', '#print'],
    ['rfl#print axioms h', '#print'],
    ['by rfl\n  #reduce two', '#reduce'],
    ['rfl\n#check_failure two', '#check_failure'],
    ['sorryAx _', 'sorryAx'],
    ['@_root_.sorryAx _ true', 'sorryAx'],
    ['«sorryAx» _', 'sorryAx'],
    ['rfl\n@[command_elab Lean.Parser.Command.printAxioms] def f := 1', 'command_elab'],
    ['rfl\nmacro "x" : tactic => `(tactic| rfl)', 'macro'],
    ['rfl\nlocal notation "2" => 1', 'notation'],
    ['by /- harmless -/ exact sorry', 'sorry'],
    ['by let c := "/-"; exact sorry -- "-/"', 'sorry'],
    ["by let c := '\"'; exact sorry; let d := '\"'", 'sorry'],
  ])('never sees %j', async (proof, word) => {
    expect(await prove(proof)).toEqual({
      score: 0,
      detail: `the proof contains "${word}", which is not allowed`,
      file: '(nothing)',
    });
  });

  test('sees proofs in which such words are harmless', async () => {
    for (const proof of [
      'by rfl -- no sorry here',
      'by simp [Polynomial.eval, List.prefix]',
      'by exact sorryful',
      'by simpa using (h : #s₁ + #t ≤ #[1, 2].size)',
      'by rfl -- then #print axioms',
    ]) {
      expect((await prove(proof)).score, proof).toBe(1);
    }
    expect((await prove('by\n  set_option debug.skipKernelTC true in rfl')).score).toBe(0);
  });

  test.each([
    ['echo "Proof.lean:1:31: error: unsolved goals"; exit 1', 'Lean rejects the proof, line 1: unsolved goals'],
    ['echo "Proof.lean:1:8: warning: declaration uses \'sorry\'"', 'the proof uses sorry'],
    [`echo "'two' depends on axioms: [propext, sorryAx]"`, 'the proof depends on axioms: sorryAx'],
    [`echo "'two' depends on axioms: [Lean.ofReduceBool]"`, 'the proof depends on axioms: Lean.ofReduceBool'],
    ['exit 0', 'Lean did not report the axioms of the proof'],
    ['echo broken >&2; exit 7', 'Lean exited with status 7: broken'],
    ['yes', 'Lean exceeded the output limit'],
  ])('%j is recognized', async (script, detail) => {
    lean(script);
    expect(await prove('by rfl')).toMatchObject({ score: 0, detail });
  });

  const says = (...lines: string[]) => lean(`cat <<'END'\n${lines.join('\n')}\nEND`);

  test('is asked about the theorem, and the last answer counts', async () => {
    const refused = { score: 0, detail: 'the proof depends on axioms: Lean.ofReduceBool' };
    says("'h' depends on axioms: [propext]", "'two' depends on axioms: [propext, Lean.ofReduceBool]");
    expect(await prove('by rfl')).toMatchObject(refused);
    says("'two' does not depend on any axioms", "'two' depends on axioms: [propext,", ' Lean.ofReduceBool]');
    expect(await prove('by rfl')).toMatchObject(refused);
    says("'two' depends on axioms: [propext]", "Proof.lean:3:0: info: 'two' depends on axioms: [Lean.ofReduceBool]");
    expect(await prove('by rfl')).toMatchObject(refused);
    says("'h' depends on axioms: [sorryAx]", "'two' does not depend on any axioms");
    expect(await prove('by rfl')).toMatchObject({ score: 1 });
    const silent = { score: 0, detail: 'Lean did not report the axioms of the proof' };
    for (const line of [
      "'A.two' does not depend on any axioms",
      "'h' depends on axioms: [propext]",
      "I say: 'two' does not depend on any axioms",
      "'twotwo' does not depend on any axioms",
    ]) {
      says(line);
      expect(await prove('by rfl'), line).toMatchObject(silent);
    }
    lean(`echo "'two' does not depend on any axioms" >&2`);
    expect(await prove('by rfl')).toMatchObject(silent);
  });

  test('is asked with the theorem’s full name', async () => {
    says("'A.B.two'' depends on axioms: [propext]");
    const header = 'namespace A\nsection C\nend C\nnamespace B';
    const item = { response: block('by rfl'), statement: "@[simp]\nprotected theorem two' : 1 = 1 :=" };
    expect(await check(item, { header })).toMatchObject({
      score: 1,
      file: expect.stringMatching(/\n\n#print axioms A\.B\.two'$/),
    });
    says("'two' does not depend on any axioms");
    expect((await check({ response: block('theorem two.{u} (x : Type u) : x = x := rfl') })).score).toBe(1);
    expect((await check({ response: block('namespace A\nend A\n\nlemma two : 1 = 1 := rfl') })).score).toBe(1);
    expect((await check({ response: block('namespace A\nlemma two : 1 = 1 := rfl') })).score).toBe(0);
    const sized = { response: block('theorem two : #univ = 1 := by rfl'), statement: 'theorem two : #univ = 1 :=' };
    expect((await check(sized)).score).toBe(1);
  });

  test('may use Lean’s own axioms, and has a deadline', async () => {
    lean(`printf "'two' depends on axioms: [propext,\\n Classical.choice, Quot.sound]\\n"`);
    expect((await prove('by rfl')).score).toBe(1);
    lean('sleep 100');
    expect(await prove('by rfl', { seconds: 0.5 })).toMatchObject({
      score: 0,
      detail: 'Lean exceeded the time limit of 0.5 s',
    });
  });
});

test('that is missing is reported before anything runs', async () => {
  process.env.PATH = folder;
  try {
    await expectRejection(requireLean(), 'config', { reason: 'program-not-found', program: 'lean' });
  } finally {
    process.env.PATH = usual;
  }
});
