// Made by tools/core-index.ts from the other files of this folder.

/** As code and tests name a core. */
export type CoreName = 'm0' | 'm0plus' | 'm3' | 'm4' | 'm7' | 'm7sp' | 'm33';
/** As the rows of chips name it. */
export type CoreType = 'cortex-m0' | 'cortex-m0plus' | 'cortex-m3' | 'cortex-m4f' | 'cortex-m7f' | 'cortex-m7f-sp' | 'cortex-m33f';
