/** A stand-in ROM on its chip, with an application in the flash that only loops. */
import { jobInput } from '../../src/bench/input/job.ts';
import type { Scenario } from '../../src/bench/documents/scenario-types.ts';
import type { SessionEnd } from '../../src/bench/session/live-run.ts';
import { Session } from '../../src/bench/session/session.ts';
import { plainJob } from '../bench/plain-job.ts';

/** SP, reset vector, `b .` */
export const program = (base: number): Uint8Array => new Uint8Array(Uint32Array.from([0x20001000, (base + 8) | 1, 0xe7fee7fe]).buffer);
export const hex = (bytes: Uint8Array): string => [...bytes].map((b) => b.toString(16).padStart(2, '0')).join('');
export const pinBoot = { boot0: 1 } as const;

export function run(chip: string, scenario: Partial<Scenario>, romVersion: string | null = null): { s: Session; end: SessionEnd } {
  const job = plainJob(chip, [{ path: 'fw.bin@0x08000000', bytes: program(0x08000000) }], scenario);
  const s = new Session(jobInput({ ...job, rom: { ...job.rom, version: romVersion } }));
  return { s, end: s.run() };
}
