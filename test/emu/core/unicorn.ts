/**
 * Unicorn as a second opinion: Debian's libunicorn 2 through koffi. Code lies in slots that are used once, so that nothing has to be
 * invalidated; every slot is filled up with `B .`, so that Unicorn translates one instruction and not a whole page.
 */
import type { Profile } from '../../../src/emu/core/builder.ts';
import {
  check,
  CPSR_THUMB,
  FLAGS_MASK,
  loadUnicorn,
  openUnicorn,
  REG_CPSR,
  REG_FPSCR,
  REG_IDS,
  REG_S0,
  REG_XPSR,
  UC,
  unicornLibrary,
  type Library,
} from '../../../src/emu/engines/libunicorn.ts';

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

/** Why there is no Unicorn, or the empty string. */
export const unicornMissing = await loadUnicorn();
if (unicornMissing && process.env['BOOTBENCH_REQUIRE_ORACLES'] === '1') throw new Error(unicornMissing);

export class Unicorn {
  readonly registers: Registers = new Uint32Array(17);
  /** S0…S31, FPSCR. */
  readonly fp = new Uint32Array(33);
  private readonly lib: Library;
  private readonly uc: unknown;
  private readonly word = new Uint32Array(1);

  constructor(profile: Profile) {
    this.lib = unicornLibrary();
    this.uc = openUnicorn(this.lib, profile);
    check(this.lib.map(this.uc, CODE, SLOTS * SLOT_BYTES, 5), 'uc_mem_map code');
    check(this.lib.map(this.uc, DATA, DATA_BYTES, 3), 'uc_mem_map data');
  }
  close(): void {
    this.lib.close(this.uc);
  }
  write(address: number, bytes: Uint8Array): void {
    check(this.lib.memWrite(this.uc, address, bytes, bytes.length), 'uc_mem_write');
  }
  read(address: number, bytes: Uint8Array): void {
    check(this.lib.memRead(this.uc, address, bytes, bytes.length), 'uc_mem_read');
  }
  /** Runs `count` instructions from `registers` and leaves the result there; the uc_err. */
  run(count: number, withFp = false): number {
    const { lib, uc, registers, word } = this;
    for (let i = 0; i < 15; i++) {
      word[0] = registers[i]!;
      lib.regWrite(uc, REG_IDS[i]!, word);
    }
    word[0] = ((registers[XPSR]! & FLAGS_MASK) | CPSR_THUMB) >>> 0;
    lib.regWrite(uc, REG_CPSR, word);
    if (withFp) this.writeFp();
    const err = lib.start(uc, registers[PC]! | 1, 0xffff_fff0, 0, count);
    for (let i = 0; i < 16; i++) {
      lib.regRead(uc, REG_IDS[i]!, word);
      registers[i] = word[0]!;
    }
    lib.regRead(uc, REG_XPSR, word);
    registers[XPSR] = word[0]! & FLAGS_MASK;
    if (withFp) this.readFp();
    return err;
  }
  private writeFp(): void {
    for (let i = 0; i < 33; i++) {
      this.word[0] = this.fp[i]!;
      this.lib.regWrite(this.uc, i === 32 ? REG_FPSCR : REG_S0 + i, this.word);
    }
  }
  private readFp(): void {
    for (let i = 0; i < 33; i++) {
      this.lib.regRead(this.uc, i === 32 ? REG_FPSCR : REG_S0 + i, this.word);
      this.fp[i] = this.word[0]!;
    }
  }
}
