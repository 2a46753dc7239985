/**
 * Unicorn as a second opinion: Debian's libunicorn 2 through koffi. Code lies in slots that are used once, so that nothing has to be
 * invalidated; every slot is filled up with `B .`, so that Unicorn translates one instruction and not a whole page.
 */
import type { Profile } from '../../../src/emu/core/builder.ts';

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
export const FLAGS_MASK = 0xf80f0000;

/** uc_err values that occur. */
export const UC = { OK: 0, READ_UNMAPPED: 6, WRITE_UNMAPPED: 7, FETCH_UNMAPPED: 8, INSN_INVALID: 10, WRITE_PROT: 12, READ_PROT: 13, FETCH_PROT: 14, EXCEPTION: 21 } as const;

const REG_IDS = [66, 67, 68, 69, 70, 71, 72, 73, 74, 75, 76, 77, 78, 12, 10, 11];
const REG_XPSR = 120;
/** Written through CPSR, because writing xPSR does not reach GE. */
const REG_CPSR = 3;
const REG_S0 = 79;
const REG_FPSCR = 6;
const CPU_MODEL = { m0: 7, m4: 9, m7: 10, m33: 11 } as const;

type Call = (...args: unknown[]) => number;
interface Library {
  readonly open: Call;
  readonly close: Call;
  readonly ctl: Call;
  readonly map: Call;
  readonly memWrite: Call;
  readonly memRead: Call;
  readonly regWrite: Call;
  readonly regRead: Call;
  readonly start: Call;
}

let library: Library | null = null;
let reason = '';
try {
  const { default: koffi } = await import('koffi');
  const lib = koffi.load('libunicorn.so.2');
  const call = (declaration: string): Call => lib.func(declaration) as unknown as Call;
  library = {
    open: call('int uc_open(int arch, int mode, _Out_ void **uc)'),
    close: call('int uc_close(void *uc)'),
    ctl: call('int uc_ctl(void *uc, int control, int value)'),
    map: call('int uc_mem_map(void *uc, uint64_t address, size_t size, uint32_t perms)'),
    memWrite: call('int uc_mem_write(void *uc, uint64_t address, const void *bytes, size_t size)'),
    memRead: call('int uc_mem_read(void *uc, uint64_t address, void *bytes, size_t size)'),
    regWrite: call('int uc_reg_write(void *uc, int reg, const void *value)'),
    regRead: call('int uc_reg_read(void *uc, int reg, void *value)'),
    start: call('int uc_emu_start(void *uc, uint64_t begin, uint64_t until, uint64_t timeout, size_t count)'),
  };
} catch (e) {
  reason = `libunicorn through koffi is not here: ${e instanceof Error ? e.message : String(e)}`;
}
/** Why there is no Unicorn, or the empty string. */
export const unicornMissing = reason;
if (reason && process.env['BOOTBENCH_REQUIRE_ORACLES'] === '1') throw new Error(reason);

export class Unicorn {
  readonly registers: Registers = new Uint32Array(17);
  /** S0…S31, FPSCR. */
  readonly fp = new Uint32Array(33);
  private readonly lib: Library;
  private readonly uc: unknown;
  private readonly word = new Uint32Array(1);

  constructor(profile: Profile) {
    if (!library) throw new Error(reason);
    this.lib = library;
    const out: unknown[] = [null];
    // MCLASS in the mode would force Cortex-M33; without it the model decides
    this.check(this.lib.open(1, 1 << 4, out), 'uc_open');
    this.uc = out[0];
    this.check(this.lib.ctl(this.uc, 7 | (1 << 26) | (1 << 30), CPU_MODEL[profile.name]), 'uc_ctl cpu model');
    this.check(this.lib.map(this.uc, CODE, SLOTS * SLOT_BYTES, 5), 'uc_mem_map code');
    this.check(this.lib.map(this.uc, DATA, DATA_BYTES, 3), 'uc_mem_map data');
  }
  private check(err: number, what: string): void {
    if (err) throw new Error(`${what} gives ${err}`);
  }
  close(): void {
    this.lib.close(this.uc);
  }
  write(address: number, bytes: Uint8Array): void {
    this.check(this.lib.memWrite(this.uc, address, bytes, bytes.length), 'uc_mem_write');
  }
  read(address: number, bytes: Uint8Array): void {
    this.check(this.lib.memRead(this.uc, address, bytes, bytes.length), 'uc_mem_read');
  }
  /** Runs `count` instructions from `registers` and leaves the result there; the uc_err. */
  run(count: number, withFp = false): number {
    const { lib, uc, registers, word } = this;
    for (let i = 0; i < 15; i++) {
      word[0] = registers[i]!;
      lib.regWrite(uc, REG_IDS[i]!, word);
    }
    word[0] = ((registers[XPSR]! & FLAGS_MASK) | 0x1f3) >>> 0;
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
