/** Code that comes behind the first verdict, in groups. In sources there is none; the build replaces this file (tools/late-code.mjs). */
export const GROUPS: Readonly<Record<string, () => Promise<readonly object[]>>> = {};
