/**
 * Imported first: zod's compiled checks look at `navigator`, which the extension host reports as an error on every
 * access. Plain checks do the same.
 */
import * as z from 'zod';

z.config({ jitless: true });
