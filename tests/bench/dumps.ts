/** Dumps of any size in the forms of the trainers, for `import.ts`: the same each time. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { finished } from 'node:stream/promises';
import { fileWriter, parquetWriteRows } from 'hyparquet-writer';

const PROBLEMS = 1000;
const GROUPS = 128;
const ROLLOUTS = 16;

const WORDS =
  'we have the sum of first two terms and then multiply by $x_1 = 3y + 2$ so that $\\frac{a}{b}$ is equal to which means number apples let us check this again since each "part" adds 12 more than before'.split(
    ' ',
  );

type Row = Record<string, unknown>;

interface Form {
  /** What it is, in words. */
  what: string;
  /** Where the rollouts of a step are, below the dump; absent: one file holds all steps. */
  file?: (step: number) => string;
  row(rollout: Rollout): Row;
  write?: (file: string, rows: Row[]) => Promise<number>;
}

/** A rollout of about 1,500 characters and 430 tokens, with answers that agree more and more. */
interface Rollout {
  step: number;
  problem: number;
  question: string;
  right: string;
  answer: string;
  response: string;
  random: (below: number) => number;
}

export const FORMS = {
  verl: { what: 'verl: a file for each step', file: (step) => `${step}.jsonl`, row: verlRow },
  'verl-file': { what: 'one file of JSON Lines with the columns of verl', row: verlRow },
  'prime-rl': {
    what: 'prime-rl: episodes with tokens, a file for each step',
    file: (step) => `rollouts/step_${step}/train/effective/traces.jsonl`,
    row: episode,
  },
  'rl-logging-board': { what: 'one file of JSON Lines with the fields of RLLoggingBoard', row: boardRow },
  trl: {
    what: 'TRL: a Parquet file for each step',
    file: (step) => `completions/completions_${String(step).padStart(5, '0')}.parquet`,
    row: trlRow,
    write: writeParquet,
  },
} satisfies Record<string, Form>;

/** Steps of 128 problems with 16 rollouts each, until the dump has that many bytes. */
export async function writeDump(path: string, bytes: number, name: keyof typeof FORMS): Promise<object> {
  const form: Form = FORMS[name];
  let [written, step] = [0, 0];
  const whole = form.file ? null : createWriteStream(path);
  while (written < bytes) {
    step++;
    const rows = Array.from({ length: GROUPS * ROLLOUTS }, (_, i) => form.row(sampled(step, i)));
    if (whole) written += await append(whole, rows);
    else {
      const file = join(path, form.file!(step));
      await mkdir(dirname(file), { recursive: true });
      written += await (form.write ?? writeLines)(file, rows);
    }
  }
  if (whole) await finished(whole.end());
  return { dump: written, steps: step };
}

type Out = ReturnType<typeof createWriteStream>;

async function append(out: Out, rows: readonly Row[]): Promise<number> {
  const text = Buffer.from(rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  if (!out.write(text)) await once(out, 'drain');
  return text.length;
}

async function writeLines(file: string, rows: Row[]): Promise<number> {
  const out = createWriteStream(file);
  const written = await append(out, rows);
  await finished(out.end());
  return written;
}

async function writeParquet(file: string, rows: Row[]): Promise<number> {
  const columns = Object.keys(rows[0]!).map((name) => ({ name }));
  await parquetWriteRows({ writer: fileWriter(file), rows, columns });
  return (await stat(file)).size;
}

function sampled(step: number, place: number): Rollout {
  const [group, rollout] = [Math.floor(place / ROLLOUTS), place % ROLLOUTS];
  const problem = (step * GROUPS + group) % PROBLEMS;
  const random = generator(step * 1_000_003 + group * 1009 + rollout);
  const right = problem * 3 + 7;
  const answer = random(1000) < 300 + Math.min(600, step * 5) ? right : right + random(9) - 4;
  const sentences = Array.from({ length: 20 + random(16) }, () => sentence(random));
  return {
    step,
    problem,
    question: `Problem ${problem}: a shop sells ${right} apples and ${problem} pears, none of which are equal. What is 3 times ${problem} plus 7?`,
    right: String(right),
    answer: String(answer),
    response: `${sentences.join(' ')}\n\nTherefore the final answer is \\boxed{${answer}}.`,
    random,
  };
}

const SYSTEM = 'Please reason step by step, and put your final answer within \\boxed{}.';

function verlRow({ step, question, right, answer, response, random }: Rollout): Row {
  const score = Number(answer === right);
  return {
    input: `system\n${SYSTEM}\nuser\n${question}\nassistant\n`,
    output: response,
    gts: right,
    score,
    step,
    acc: score === 1,
    pred: answer,
    request_id: requestId(random),
  };
}

function trlRow({ step, question, right, answer, response }: Rollout): Row {
  const score = Number(answer === right);
  const prompt = `<|im_start|>system\n${SYSTEM}<|im_end|>\n<|im_start|>user\n${question}<|im_end|>\n<|im_start|>assistant\n`;
  return { step, prompt, completion: response, accuracy: score, advantage: score - 0.5 };
}

/** Tokens of about 3.5 characters, with log-probabilities as Python writes float32 numbers. */
function tokensOf({ response, random }: Rollout): { ids: number[]; logprobs: number[] } {
  const count = Math.round(response.length / 3.5);
  return {
    ids: Array.from({ length: count }, () => random(150_000)),
    logprobs: Array.from({ length: count }, () => Math.fround(-((random(1000) / 1000) ** 6) * 3)),
  };
}

function boardRow(rollout: Rollout): Row {
  const { step, question, right, answer, response } = rollout;
  // As byte-level tokenizers write them.
  const pieces = [...response.matchAll(/ ?[^ ]{1,4}/g)].map(([piece]) => piece.replace(' ', 'Ġ').replaceAll('\n', 'Ċ'));
  const logprobs = tokensOf(rollout).logprobs.slice(0, pieces.length);
  while (logprobs.length < pieces.length) logprobs.push(0);
  return {
    prompt: question,
    response,
    ref_answer: right,
    step,
    reward: Number(answer === right),
    response_tokens: pieces,
    logprobs,
    ref_logprobs: logprobs.map((value) => value - 0.01),
    values: logprobs.map((value) => value / 2),
  };
}

/** As `Episode.to_record` of verifiers writes it, numbers rounded to 4 decimals. */
function episode(rollout: Rollout): Row {
  const { step, problem, question, right, answer, response, random } = rollout;
  const { ids, logprobs } = tokensOf(rollout);
  const prompt = Array.from({ length: 80 }, () => random(150_000));
  const score = Number(answer === right);
  const data = { idx: problem, prompt: question, system_prompt: SYSTEM, skills: [], timeout: {}, answer: right };
  const key = createHash('sha256').update(question).digest('hex');
  const task = { type: 'MathTask', data, key, hash: key };
  const round = (value: number) => Math.round(value * 1e4) / 1e4;
  const usage = { prompt_tokens: prompt.length, completion_tokens: ids.length };
  const nodes = [
    said('system', SYSTEM, {}),
    said('user', question, { parent: 0 }),
    said('assistant', response, {
      parent: 1,
      sampled: true,
      token_ids: [...prompt, ...ids],
      mask: [...prompt.map(() => false), ...ids.map(() => true)],
      logprobs: logprobs.map(round),
      advantages: ids.map(() => score - 0.5),
      entropies: logprobs.map((value) => round(-value / 2)),
    }),
  ];
  const trace = {
    version: 1,
    id: requestId(random),
    verifiers: { version: '0.4.0' },
    task,
    agent: { config: { model: 'Qwen/Qwen3-0.6B', sampling: { temperature: 1 } }, name: 'agent', trainable: true },
    tools: [],
    nodes,
    calls: [{ node: 2, model: 'Qwen/Qwen3-0.6B', finish_reason: 'stop', usage }],
    rewards: { correct: { score, weight: 1 }, format: { score: 1, weight: 0.2 } },
    metrics: { words: 300 },
    info: { advantage: score - 0.5 },
    ok: true,
    stop_condition: 'agent_completed',
    errors: [],
  };
  return {
    id: requestId(random),
    env: { id: 'math', name: 'math' },
    task,
    group: { id: `group-${step}-${problem}` },
    run: { type: 'train', id: 'run', name: 'math', work: { type: 'train', step, policy: { start: step, end: step } } },
    ok: true,
    errors: [],
    traces: [trace],
  };
}

function said(role: string, content: string, more: Row): Row {
  const tokens = { token_ids: [], mask: [], is_content: [], logprobs: [] };
  return {
    semantic_parents: [],
    message: { role, content },
    sampled: false,
    timestamp: 1795964698.6049,
    ...tokens,
    ...more,
  };
}

function sentence(random: (below: number) => number): string {
  return `${Array.from({ length: 6 + random(8) }, () => WORDS[random(WORDS.length)]).join(' ')}.`;
}

/** A linear congruential generator: the same dump each time. */
function generator(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** A UUID, as verl has. */
function requestId(random: (below: number) => number): string {
  const hex = Array.from({ length: 32 }, () => random(16).toString(16)).join('');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
