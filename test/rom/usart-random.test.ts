/**
 * Random commands of AN3155, right and wrong ones, to the stand-ins of F103 and F051 and to ST's own code (BOOTBENCH_ROMS=<folder>): the same bytes, flash, option bytes,
 * resets and registers behind Go. BOOTBENCH_SEED=<n> gives others. Stray bytes between the commands too.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { playSerial, type SerialScript } from '../../src/bench/learn/serial-scripts.ts';
import type { Say } from '../../src/bench/serial/an3155.ts';
import { plainJob } from '../bench/plain-job.ts';

const SCRIPTS = 300;
const xor = (bytes: readonly number[]): number => bytes.reduce((sum, b) => sum ^ b, 0);
const bigEndian = (a: number): number[] => [a >>> 24, (a >>> 16) & 255, (a >>> 8) & 255, a & 255];
const PLACES = [
  ...[0x08000000, 0x08000400, 0x0800fff0, 0x0800fffc, 0x08010000, 0x0801fffc, 0x08020000],
  ...[0x20000200, 0x20000678, 0x20000800, 0x20001ffc, 0x20002000, 0x20004ffc, 0x20005000],
  ...[0x1ffff7fc, 0x1ffff800, 0x1ffff804, 0x1ffff80c, 0x1ffff810, 0x1fffea00, 0, 0x40000000, 0xe000e000, 0xffffffff],
];
/** ST's bytes are its own. */
const isRom = (a: number): boolean => a >= 0x1fffec00 && a < 0x1ffff800;

class Chance {
  private state: number;
  private readonly extended: boolean;
  constructor(seed: number, extended: boolean) {
    this.state = seed;
    this.extended = extended;
  }
  below(n: number): number {
    return ((this.state = (Math.imul(this.state, 1_103_515_245) + 12_345) >>> 0) >>> 8) % n;
  }
  private of<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }
  /** With its sum, which is wrong once in twenty times. */
  private summed(bytes: readonly number[], ms: number): Say {
    return { bytes: [...bytes, this.below(20) === 0 ? 0xa5 : xor(bytes)], ms };
  }
  private command(code: number): Say {
    return { bytes: [code, this.below(40) === 0 ? code : code ^ 255], ms: 5 };
  }
  private erase(): Say[] {
    const pages = Array.from({ length: 1 + this.below(3) }, () => this.of([0, 1, 5, 63, 64, 127, 200]));
    const bytes = this.extended ? [0, pages.length - 1, ...pages.flatMap((p) => [0, p])] : [pages.length - 1, ...pages];
    return [this.command(this.extended ? 0x44 : 0x43), this.summed(bytes, 400)];
  }
  private step(): Say[] {
    const at = (this.of(PLACES) + this.of([0, 0, 0, 1, 2, 3, 4, 8])) >>> 0;
    const address = this.summed(bigEndian(at), 5);
    const kind = this.below(11);
    if (kind < 3) {
      const data = Array.from({ length: this.of([1, 2, 3, 4, 5, 8, 16, 255, 256]) }, () => this.below(256));
      return [this.command(0x31), address, this.summed([data.length - 1, ...data], 120)];
    }
    if (kind < 6) {
      const count = this.of([1, 2, 4, 8, 64, 256]) - 1;
      return isRom(at) ? [] : [this.command(0x11), address, { bytes: [count, this.below(20) === 0 ? 1 : count ^ 255], ms: 60 }];
    }
    if (kind === 6) return this.erase();
    if (kind === 7) return [this.command(this.of([0, 1, 2, 3, 0x43, 0x44, 0x50, 0xa1, 0xff]))];
    if (kind === 8) return [this.command(0x21), address];
    // behind a reset they stand in place of 0x7F
    if (kind === 9) return [{ bytes: Array.from({ length: 1 + this.below(3) }, () => this.below(256)), ms: 30 }];
    if (this.below(3) > 0) return [];
    return this.below(2) === 0
      ? [this.command(0x63), this.summed([1, this.of([0, 3, 8]), this.of([1, 31, 40])], 400)]
      : [this.command(this.of([0x73, 0x82, 0x92])), { bytes: [], ms: 400 }];
  }
  script(name: string): SerialScript {
    const says = Array.from({ length: 2 + this.below(5) }, () => this.step()).flat();
    return { name, says, program: this.below(4) === 0, readProtected: this.below(12) === 0 };
  }
}

const ROMS = process.env['BOOTBENCH_ROMS'] ?? '/nowhere';
describe.each([
  ['stm32f103c8', 'f103c8.bin', false],
  ['stm32f051r8', 'f051.bin', true],
] as const)('%s', (chip, file, extended) => {
  const path = join(ROMS, file);
  const missing = existsSync(path) ? '' : ': BOOTBENCH_ROMS=<folder> does not give it';
  it.skipIf(missing !== '')(`answers ${SCRIPTS} random scripts as ST's own ROM does${missing}`, { timeout: 120_000 }, () => {
    const chance = new Chance(Number(process.env['BOOTBENCH_SEED'] ?? 1), extended);
    const scripts = Array.from({ length: SCRIPTS }, (_, i) => chance.script(`script ${i}`));
    const job = plainJob(chip, []);
    const standIn = playSerial(job, scripts);
    const rom = { kind: 'dump', bytes: new Uint8Array(readFileSync(path)), version: null, options: {} } as const;
    const real = playSerial({ ...job, rom }, scripts);
    expect(scripts.filter((_, i) => JSON.stringify(standIn[i]) !== JSON.stringify(real[i]))).toEqual([]);
  });
});
