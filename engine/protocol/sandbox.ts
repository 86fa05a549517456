/** The sandboxes that programs of rewards can run in; `engine/system/sandbox.ts` makes them. */
export const SANDBOXES = ['none', 'auto', 'bubblewrap'] as const;
export type Sandbox = (typeof SANDBOXES)[number];
