/** A file that a page made, such as a chart, as it is sent to the host, which writes it where the user says. */
import * as z from 'zod';

export const SavedFile = z.strictObject({
  name: z.string().max(200),
  content: z.string().max(2 ** 25),
  encoding: z.enum(['utf8', 'base64']),
});
export type SavedFile = z.infer<typeof SavedFile>;
