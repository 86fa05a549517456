/** The address and credentials of a Ray cluster, found as `ray job submit` finds them. */
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { RollscopeError } from '../protocol/index.ts';
import { isObject } from '../protocol/values.ts';

export interface RayCluster {
  /** `http://head:8265`, without a trailing slash. */
  url: string;
  /** Headers of each request: those of `RAY_JOB_HEADERS`, and the cluster's token. */
  headers: Readonly<Record<string, string>>;
  /** Whether it runs on this machine. */
  isLocal: boolean;
}

const LOCAL_DASHBOARD = 'http://127.0.0.1:8265';
/** The dashboard's default port. */
const PORT = '8265';

/**
 * @param given address given by the user @param env environment of this process
 * @throws RollscopeError `config` if it is not the address of a dashboard
 */
export function clusterOf(given: string | undefined, env: NodeJS.ProcessEnv = process.env): RayCluster {
  const address = given ?? env.RAY_API_SERVER_ADDRESS ?? dashboardAddress(env.RAY_ADDRESS) ?? LOCAL_DASHBOARD;
  const plain = !address.includes('://');
  const text = plain ? `http://${address}` : address;
  if (!URL.canParse(text)) throw badAddress(address, 'is not an address');
  const url = new URL(text);
  if (url.protocol === 'ray:') throw badAddress(address, 'is the address of Ray Client, not of the dashboard');
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw badAddress(address, 'is not an HTTP address');
  if (url.username !== '' || url.password !== '') {
    throw badAddress(
      url.host,
      'has a user name or password in its address, which would be stored with the run',
      'Put request headers into the environment variable RAY_JOB_HEADERS, as JSON, or a token into RAY_AUTH_TOKEN.',
    );
  }
  if (plain && url.port === '') url.port = PORT;
  return {
    url: `${url.origin}${withoutSlashes(url.pathname)}`,
    headers: headersIn(env),
    isLocal: /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(url.hostname),
  };
}

function withoutSlashes(text: string): string {
  let end = text.length;
  while (text[end - 1] === '/') end--;
  return text.slice(0, end);
}

/** Ignores other values of `RAY_ADDRESS`, which may be addresses for `ray.init`. */
function dashboardAddress(address: string | undefined): string | undefined {
  return address !== undefined && /^https?:\/\//.test(address) ? address : undefined;
}

function headersIn(env: NodeJS.ProcessEnv): Record<string, string> {
  const headers = env.RAY_JOB_HEADERS === undefined ? {} : headersOf(env.RAY_JOB_HEADERS);
  const known = Object.keys(headers).some((name) => name.toLowerCase() === 'authorization');
  const token = known ? null : tokenIn(env);
  return { ...headers, ...(token !== null && { authorization: `Bearer ${token}` }) };
}

/** Ray requires a token since 2.60, unless disabled, and stores one in the user's home. */
function tokenIn({ RAY_AUTH_MODE: mode, RAY_AUTH_TOKEN: token, RAY_AUTH_TOKEN_PATH: file }: NodeJS.ProcessEnv) {
  if (mode === 'disabled') return null;
  const found = token?.trim() || fileText(file ?? path.join(homedir(), '.ray', 'auth_token'));
  return found || null;
}

function fileText(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return '';
  }
}

function headersOf(text: string): Record<string, string> {
  let value: unknown = null;
  try {
    value = JSON.parse(text);
  } catch {
    // rejected below
  }
  if (isObject(value) && Object.values(value).every((item) => typeof item === 'string')) {
    return value as Record<string, string>;
  }
  throw new RollscopeError(
    'config',
    'The environment variable RAY_JOB_HEADERS must be a JSON object whose values are strings.',
    'For example: RAY_JOB_HEADERS=\'{"Authorization": "Bearer …"}\'',
    { details: { reason: 'bad-headers', field: 'RAY_JOB_HEADERS' } },
  );
}

function badAddress(address: string, why: string, hint?: string): RollscopeError {
  return new RollscopeError(
    'config',
    `--address ${address} ${why}.`,
    hint ?? `Give the address of the Ray cluster's dashboard, for example http://head:${PORT}.`,
    { details: { reason: 'bad-address', field: '--address', value: address } },
  );
}
