/**
 * Requests to a job server. Does not use `fetch`, which sends the headers of a browser: Ray's dashboard rejects these, so
 * that web pages cannot submit jobs.
 */
import { type ClientRequest, request as plainRequest, type RequestOptions } from 'node:http';
import { request as tlsRequest } from 'node:https';

/** Maximum size of a response, in bytes. */
const MAX_RESPONSE_BYTES = 64 * 2 ** 20;

export interface Answer {
  /** Whether its status is between 200 and 299. */
  ok: boolean;
  status: number;
  text: string;
}

/** Opens a request that the caller must end. */
export function open(url: string, options: RequestOptions): ClientRequest {
  return url.startsWith('https:') ? tlsRequest(url, options) : plainRequest(url, options);
}

/** @param body the whole body @param patience timeout in milliseconds @throws a system error, or a timeout error */
export function ask(
  url: string,
  { body, patience, ...options }: RequestOptions & { body: Uint8Array | null; patience: number },
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(patience);
    const fail = (error: Error) =>
      reject(signal.aborted ? new Error(`no response within ${patience / 1000} s`) : error);
    const headers = { ...options.headers, ...(body !== null && { 'content-length': body.length }) };
    const request = open(url, { ...options, headers, signal });
    request.once('error', fail);
    request.once('response', (response) => {
      const chunks: Buffer[] = [];
      let length = 0;
      response.on('data', (chunk: Buffer) => {
        length += chunk.length;
        if (length > MAX_RESPONSE_BYTES) response.destroy(new Error('the response is too long'));
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
