/**
 * A client of Ray's job server, like `ray job submit`: the REST API of the dashboard. This machine needs neither Ray nor
 * Python.
 */
import { createHash } from 'node:crypto';
import * as z from 'zod';
import { bytes } from '../protocol/format.ts';
import { RollscopeError } from '../protocol/index.ts';
import type { RayCluster } from './cluster.ts';
import { type Answer, ask } from './http.ts';

const SECONDS = 1000;
const TIMEOUT_MS = 30 * SECONDS;
const UPLOAD_TIMEOUT_MS = 600 * SECONDS;
/** Ray's size limit for the files of a job. */
const MAX_UPLOAD_BYTES = 500 * 2 ** 20;
/** Characters of a response shown in an error. */
const MAX_SHOWN_CHARACTERS = 300;

export const JOB_STATUSES = ['PENDING', 'RUNNING', 'STOPPED', 'SUCCEEDED', 'FAILED'] as const;
export type JobStatus = (typeof JOB_STATUSES)[number];

const JobInfo = z.object({
  status: z.enum(JOB_STATUSES),
  /** Ray's description of the status, for people. */
  message: z
    .string()
    .nullish()
    .transform((text) => text ?? null),
});
export type JobInfo = z.infer<typeof JobInfo>;

const Version = z.object({ ray_version: z.string() });

export interface Submission {
  /** Chosen here, so that the job can be found even if the response to the submission is lost. */
  id: string;
  /** Shell command, run in the folder of the package. */
  entrypoint: string;
  /** The name returned by `upload`. */
  package: string;
  /** Shown in Ray's list of jobs. */
  metadata: Record<string, string>;
}

/** Whether a job was stopped, succeeded or failed. */
export function isFinished(status: JobStatus): boolean {
  return status === 'STOPPED' || status === 'SUCCEEDED' || status === 'FAILED';
}

/**
 * All methods reject with RollscopeError `engine-stopped`: reason `cluster-unreachable` if the cluster does not respond,
 * `cluster-refused` if it returns an error.
 */
export class RayJobs {
  constructor(readonly cluster: RayCluster) {}

  /** Ray's version on the cluster. */
  async version(): Promise<string> {
    const response = await this.request('GET', '/api/version');
    if (!response.ok) throw this.refused(response.status, response.text);
    return this.read(Version, response.text).ray_version;
  }

  /** Stores the files of a job, unless already stored. @param zip of the files @returns the name for submitting a job */
  async upload(zip: Uint8Array): Promise<string> {
    if (zip.length > MAX_UPLOAD_BYTES) {
      throw new RollscopeError(
        'config',
        `The files of the job are ${bytes(zip.length)} in size; Ray accepts at most ${bytes(MAX_UPLOAD_BYTES)}.`,
        'Train on fewer problems (--limit), or write a job with rollscope job --for verl and copy it to the cluster.',
        { details: { reason: 'job-too-large', bytes: zip.length, most: MAX_UPLOAD_BYTES } },
      );
    }
    const name = `_ray_pkg_${createHash('sha1').update(zip).digest('hex')}.zip`;
    const known = await this.request('GET', `/api/packages/gcs/${name}`);
    if (!known.ok) {
      if (known.status !== 404) throw this.refused(known.status, known.text);
      const stored = await this.request('PUT', `/api/packages/gcs/${name}`, zip, UPLOAD_TIMEOUT_MS);
      if (!stored.ok) throw this.refused(stored.status, stored.text);
    }
    return `gcs://${name}`;
  }

  async submit({ id, entrypoint, package: files, metadata }: Submission): Promise<void> {
    const body = { submission_id: id, entrypoint, runtime_env: { working_dir: files }, metadata };
    const response = await this.request('POST', '/api/jobs/', JSON.stringify(body));
    if (!response.ok) throw this.refused(response.status, response.text);
  }

  /** null if the cluster does not know the job. */
  async info(id: string): Promise<JobInfo | null> {
    const response = await this.request('GET', `/api/jobs/${encodeURIComponent(id)}`);
    if (response.status === 404) return null;
    if (!response.ok) throw this.refused(response.status, response.text);
    return this.read(JobInfo, response.text);
  }

  /** Requests a stop; the job's status shows when it has stopped. */
  async stop(id: string): Promise<void> {
    const response = await this.request('POST', `/api/jobs/${encodeURIComponent(id)}/stop`);
    if (!response.ok && response.status !== 404) throw this.refused(response.status, response.text);
  }

  private async request(
    method: string,
    at: string,
    body: Uint8Array | string | null = null,
    patience = TIMEOUT_MS,
  ): Promise<Answer> {
    const { url, headers } = this.cluster;
    const type = typeof body === 'string' ? 'application/json' : 'application/octet-stream';
    try {
      return await ask(`${url}${at}`, {
        ...{ method, patience, body: typeof body === 'string' ? Buffer.from(body) : body },
        headers: { ...(body !== null && { 'content-type': type }), ...headers },
      });
    } catch (error) {
      throw unreachable(url, error);
    }
  }

  private read<T>(schema: z.ZodType<T>, text: string): T {
    const { url } = this.cluster;
    try {
      return schema.parse(JSON.parse(text));
    } catch {
      throw new RollscopeError(
        'engine-stopped',
        `${url} does not respond like a Ray dashboard.`,
        'Check --address: it must be the address of the dashboard, for example http://head:8265.',
        { details: { reason: 'cluster-refused', server: url } },
      );
    }
  }

  private refused(status: number, text: string): RollscopeError {
    const { url } = this.cluster;
    const said = (text.trim().split('\n').at(-1) ?? '').slice(0, MAX_SHOWN_CHARACTERS);
    const hint =
      status === 401 || status === 403
        ? 'Put the token of the cluster into the environment variable RAY_AUTH_TOKEN, or into ~/.ray/auth_token as on its head node.'
        : 'Check --address, and the log of the dashboard on the head node.';
    return new RollscopeError('engine-stopped', `The Ray cluster at ${url} refused: ${status} ${said}`.trim(), hint, {
      details: { reason: 'cluster-refused', server: url, status, system: said },
    });
  }
}

function unreachable(url: string, error: unknown): RollscopeError {
  const why =
    error instanceof Error ? error.message || (error as NodeJS.ErrnoException).code || error.name : String(error);
  return new RollscopeError(
    'engine-stopped',
    `The Ray cluster at ${url} does not answer: ${why}.`,
    'Check --address. The dashboard of a cluster listens on port 8265 of its head node; from elsewhere, forward it: ssh -L 8265:127.0.0.1:8265 <head>',
    { cause: error, details: { reason: 'cluster-unreachable', server: url, system: why } },
  );
}

/** Whether the cluster is currently unreachable, so that a retry may succeed. */
export function isUnreachable(error: unknown): boolean {
  return error instanceof RollscopeError && error.details?.reason === 'cluster-unreachable';
}
