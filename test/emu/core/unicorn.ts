/**
 * Unicorn as a second opinion: Debian's libunicorn 2 through koffi. Code lies in slots that are used once, so that nothing has to be
 * invalidated; every slot is filled up with `B .`, so that Unicorn translates one instruction and not a whole page.
 */
import type { Profile } from '../../../src/emu/core/builder.ts';
import { libunicorn } from '../../../src/engines/libunicorn.ts';
import {
  CPSR_THUMB,
  FLAGS_MASK,
  NOWHERE,
  REG_CPSR,
  REG_FPSCR,
  REG_IDS,
  REG_S0,
  REG_XPSR,
  UC,
  type UnicornBinding,
  type UnicornCore,
} from '../../../src/engines/unicorn-api.ts';
import { unicornFromFile } from '../../../src/cli/unicorn-file.ts';

export const CODE = 0x0800_0000;
export const DATA = 0x2000_0000;
export const DATA_BYTES = 0x2000;
export const SLOT_BYTES = 16;
export const SLOTS = 0x8000;

/** R0…R12, SP, LR, PC, xPSR (NZCVQ in 31:27, GE in 19:16). */
export type Registers = Uint32Array;
export const SP = 13;
export const PC = 15;
export const XPSR = 16;

export { FLAGS_MASK, UC };

/** BOOTBENCH_UNICORN_JS names a build of unicorn.js: no package that CI could take it from has one. */
const file = process.env['BOOTBENCH_UNICORN_JS'] ?? '';
export const unicornScript: UnicornBinding | string =
  file === '' ? 'BOOTBENCH_UNICORN_JS names no build of unicorn.js' : await unicornFromFile(file);
export const unicornLibrary: UnicornBinding | string = await libunicorn();

/** Why there is no Unicorn, or the empty string. */
const missing = (unicorn: UnicornBinding | string): string => (typeof unicorn === 'string' ? unicorn : '');
export const unicornMissing = missing(unicornLibrary);
if (unicornMissing && process.env['BOOTBENCH_REQUIRE_ORACLES'] === '1') throw new Error(unicornMissing);
/**
 * What integer instructions are compared with: unicorn.js where one is named that has every core. It aborts where it executes a load of 16 bits
 * for VCVT or Advanced SIMD; floating point and the whole decode space are always compared with libunicorn.
 */
export const integerOracle = typeof unicornScript !== 'string' && unicornScript.choosesCore ? unicornScript : unicornLibrary;
export const integerOracleMissing = missing(integerOracle);

const WRITTEN = [...REG_IDS.slice(0, 15), REG_CPSR];
const READ = [...REG_IDS, REG_XPSR];
const FP = [...Array.from({ length: 32 }, (_, i) => REG_S0 + i), REG_FPSCR];

export class Unicorn {
  readonly registers: Registers = new Uint32Array(17);
  /** S0…S31, FPSCR. */
  readonly fp = new Uint32Array(33);
  private readonly core: UnicornCore;
  private readonly written = new Uint32Array(WRITTEN.length);

  constructor(profile: Profile, unicorn = unicornLibrary) {
    if (typeof unicorn === 'string') throw new Error(unicorn);
    this.core = unicorn.open(profile);
    this.core.map(CODE, SLOTS * SLOT_BYTES, 5);
    this.core.map(DATA, DATA_BYTES, 3);
  }
  close(): void {
    this.core.close();
  }
  write(address: number, bytes: Uint8Array): void {
    this.core.write(address, bytes);
  }
  read(address: number, bytes: Uint8Array): void {
    this.core.read(address, bytes);
  }
  /** Runs `count` instructions from `registers` and leaves the result there; the uc_err. */
  run(count: number, withFp = false): number {
    const { core, registers, written } = this;
    written.set(registers.subarray(0, 15));
    written[15] = (registers[XPSR]! & FLAGS_MASK) | CPSR_THUMB;
    core.setRegisters(WRITTEN, written);
    if (withFp) core.setRegisters(FP, this.fp);
    const err = core.start(registers[PC]!, NOWHERE, count);
    core.registers(READ, registers);
    registers[XPSR]! &= FLAGS_MASK;
    if (withFp) core.registers(FP, this.fp);
    return err;
  }
}
