/**
 * Requests to a job server. Why not `fetch`: it sends the headers of a browser, whose requests Ray's dashboard refuses, so
 * that no page can submit a job.
 */
import { type ClientRequest, request as plainRequest, type RequestOptions } from 'node:http';
import { request as tlsRequest } from 'node:https';

/** The longest answer that is read, in bytes. */
const MOST_BYTES = 64 * 2 ** 20;

export interface Answer {
  /** Its status is between 200 and 299. */
  ok: boolean;
  status: number;
  text: string;
}

/** A request that is still to be ended. */
export function open(url: string, options: RequestOptions): ClientRequest {
  return url.startsWith('https:') ? tlsRequest(url, options) : plainRequest(url, options);
}

/** @param body whole @param patience milliseconds @throws an error of the system, or of the time-out */
export function ask(
  url: string,
  { body, patience, ...options }: RequestOptions & { body: Uint8Array | null; patience: number },
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(patience);
    const fail = (error: Error) => reject(signal.aborted ? new Error(`no answer within ${patience / 1000} s`) : error);
    const headers = { ...options.headers, ...(body !== null && { 'content-length': body.length }) };
    const request = open(url, { ...options, headers, signal });
    request.once('error', fail);
    request.once('response', (response) => {
      const chunks: Buffer[] = [];
      let length = 0;
      response.on('data', (chunk: Buffer) => {
        length += chunk.length;
        if (length > MOST_BYTES) response.destroy(new Error('its answer is too long'));
        else chunks.push(chunk);
      });
      response.once('error', fail);
      response.once('end', () => {
        const { statusCode: status = 0 } = response;
        resolve({ ok: status >= 200 && status < 300, status, text: Buffer.concat(chunks).toString('utf8') });
      });
    });
    request.end(body ?? undefined);
  });
}
