/** Emulators that run inside Node: Unicorn through koffi, and rp2040js. Nothing of them is part of bootbench. */
import { pathToFileURL } from 'node:url';
import { entryVectors, loadImage } from '../src/image/image.ts';
import type { Sample } from './sample.ts';

type Timed = (action: () => Partial<Sample>) => Sample;
type Call = (...args: unknown[]) => number;

const UC_ARCH_ARM = 1;
const UC_MODE_THUMB = 1 << 4;
/** uc_ctl: write, one argument, UC_CTL_CPU_MODEL; UC_CPU_ARM_CORTEX_M4. */
const CTL_CPU_MODEL = 7 | (1 << 26) | (1 << 30);
const CORTEX_M4 = 9;
const UC_HOOK_CODE = 4;
const REG_SP = 12;
const REG_R1 = 67;
/** The BKPT that ends the program. */
const UC_ERR_EXCEPTION = 21;
const EXIT_OK = 0x20026;

export async function runUnicorn(elf: Uint8Array, hook: boolean, instructions: number, timed: Timed): Promise<Sample> {
  const { default: koffi } = await import('koffi');
  const lib = koffi.load('libunicorn.so.2');
  const call = (declaration: string): Call => lib.func(declaration) as unknown as Call;
  const open = call('int uc_open(int arch, int mode, _Out_ void **uc)');
  const ctl = call('int uc_ctl(void *uc, int control, int value)');
  const map = call('int uc_mem_map(void *uc, uint64_t address, size_t size, uint32_t perms)');
  const write = call('int uc_mem_write(void *uc, uint64_t address, const void *bytes, size_t size)');
  const regWrite = call('int uc_reg_write(void *uc, int reg, const void *value)');
  const regRead = call('int uc_reg_read(void *uc, int reg, void *value)');
  const start = call('int uc_emu_start(void *uc, uint64_t begin, uint64_t until, uint64_t timeout, size_t count)');
  const check = (err: number, what: string): void => {
    if (err !== 0) throw new Error(`${what} gives ${err}`);
  };
  const out: unknown[] = [null];
  check(open(UC_ARCH_ARM, UC_MODE_THUMB, out), 'uc_open');
  const uc = out[0];
  check(ctl(uc, CTL_CPU_MODEL, CORTEX_M4), 'uc_ctl');
  check(map(uc, 0x0800_0000, 0x1_0000, 5), 'uc_mem_map');
  check(map(uc, 0x2000_0000, 0x1_0000, 3), 'uc_mem_map');
  const image = loadImage(elf, 'program.elf');
  for (const chunk of image.chunks) check(write(uc, chunk.address, chunk.data, chunk.data.length), 'uc_mem_write');
  const vectors = entryVectors([image], 0x0800_0000)!;
  check(regWrite(uc, REG_SP, new Uint32Array([vectors.sp])), 'uc_reg_write');
  let seen = 0;
  if (hook) {
    const type = koffi.proto('void CodeHook(void *uc, uint64_t address, uint32_t size, void *user)');
    const add = lib.func(
      'int uc_hook_add(void *uc, _Out_ size_t *hook, int type, CodeHook *callback, void *user, uint64_t begin, uint64_t end, ...)',
    ) as unknown as Call;
    const callback = koffi.register(() => void seen++, koffi.pointer(type));
    check(add(uc, [0], UC_HOOK_CODE, callback, null, 1, 0), 'uc_hook_add');
  }
  const result = timed(() => {
    const err = start(uc, vectors.reset | 1, 0xffff_fff0, 0, hook ? instructions : 0);
    if (!hook) {
      const r1 = new Uint32Array(1);
      regRead(uc, REG_R1, r1);
      if (err !== UC_ERR_EXCEPTION || r1[0] !== EXIT_OK) throw new Error(`Unicorn stops with ${err}, R1 = ${r1[0]}`);
    } else check(err, 'uc_emu_start');
    return { instructions };
  });
  if (hook && seen !== instructions) throw new Error(`the code hook saw ${seen} of ${instructions} instructions`);
  return result;
}

interface Rp2040 {
  readonly flash: Uint8Array;
  readonly core: { PC: number; SP: number; executeInstruction(): number };
}

/** An RP2040 has its flash at 0x10000000 and RAM at 0x20000000; the program is linked for that. */
export async function runRp2040(module: string, elf: Uint8Array, instructions: number, timed: Timed): Promise<Sample> {
  const { RP2040: Chip } = (await import(pathToFileURL(module).href)) as { RP2040: new () => Rp2040 };
  const chip = new Chip();
  const image = loadImage(elf, 'program.elf');
  for (const chunk of image.chunks) chip.flash.set(chunk.data, chunk.address - 0x1000_0000);
  const vectors = entryVectors([image], 0x1000_0000)!;
  chip.core.SP = vectors.sp;
  chip.core.PC = vectors.reset & ~1;
  return timed(() => {
    for (let i = 0; i < instructions; i++) chip.core.executeInstruction();
    return { instructions };
  });
}
