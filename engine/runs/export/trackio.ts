/** Metrics for Trackio, over the HTTP interface of its dashboard: `POST api/bulk_log` (checked with Trackio 0.43.0). */
import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { readRunFile } from '../../journal/reader.ts';
import { RollscopeError } from '../../protocol/errors.ts';
import { metricsByStep } from './scalars.ts';

const PROJECT = 'rollscope';
/** Steps per request. */
const BATCH = 200;
const TIMEOUT_MS = 60_000;

/**
 * Sends one entry per step to the dashboard at `address`, as `trackio.show()` prints it
 * (`http://127.0.0.1:7860/?write_token=...`). Existing entries are not added again. Returns the number of steps.
 * @throws RollscopeError `usage` if this is not the address of a dashboard, nothing answers there, or the request is
 * refused
 */
export async function exportTrackio(folder: string, address: string): Promise<number> {
  const { url, token } = parseAddress(address);
  const { created } = await readRunFile(folder);
  const run = basename(folder);
  const id = createHash('sha256').update(`${run} ${created}`).digest('hex').slice(0, 32);
  const steps = await metricsByStep(folder);
  for (let from = 0; from < steps.length; from += BATCH) {
    const logs = steps.slice(from, from + BATCH).map(({ step, values: metrics }) => {
      return { project: PROJECT, run, run_id: id, step, metrics, log_id: `${id}-${step}` };
    });
    await post(url, token, { args: [], kwargs: { logs, hf_token: null } });
  }
  return steps.length;
}

function parseAddress(address: string): { url: URL; token: string | null } {
  const base = URL.canParse(address) ? new URL(address) : null;
  if (base?.protocol !== 'http:' && base?.protocol !== 'https:') {
    throw new RollscopeError(
      'usage',
      `--out ${address} is not the address of a Trackio dashboard.`,
      'Start one with `trackio show`, and pass the address that it prints, with its write_token.',
      { details: { reason: 'not-an-address', option: '--out' } },
    );
  }
  const token = base.searchParams.get('write_token');
  return { url: new URL('api/bulk_log', `${base.origin}${base.pathname.replace(/\/?$/, '/')}`), token };
}

async function post(url: URL, token: string | null, body: object): Promise<void> {
  const headers = { 'content-type': 'application/json', ...(token !== null && { 'x-trackio-write-token': token }) };
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body), signal }).catch((error) => {
    throw refused(`no response (${error instanceof Error ? error.message : error})`);
  });
  const answer = await response.text();
  if (!response.ok) throw refused(`status ${response.status}: ${answer.slice(0, 200)}`);
  const error = errorIn(answer);
  if (error !== null) throw refused(`${error.slice(0, 200)}`);

  function refused(reason: string): RollscopeError {
    const hint = 'Check that it is the address that `trackio show` prints, with its write_token.';
    return new RollscopeError('usage', `Trackio at ${url.origin}: ${reason}.`, hint, {
      details: { reason: 'trackio-refused', option: '--out', server: url.origin },
    });
  }
}

function errorIn(answer: string): string | null {
  try {
    const { error } = JSON.parse(answer) as { error?: unknown };
    return error === null || error === undefined ? null : String(error);
  } catch {
    return 'not JSON';
  }
}
