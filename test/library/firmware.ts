import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { JobImage } from '../../src/bench/input/job.ts';

/** Firmware of a fixture. */
export const firmware = (name: string): JobImage => ({
  path: 'firmware.elf',
  bytes: new Uint8Array(readFileSync(fileURLToPath(new URL(`../../fixtures/${name}/firmware.elf`, import.meta.url)))),
});
