/**
 * LLVM's ARM decoder as a second opinion: it knows each Cortex-M by name and tells UNPREDICTABLE encodings from those that do not exist. The
 * helper in llvm-decode.cpp is built once with the machine's LLVM and called through koffi.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import type { Profile } from '../../../src/emu/core/builder.ts';

type Call = (...args: unknown[]) => number;
interface Library {
  readonly open: (triple: string, cpu: string, features: string) => unknown;
  readonly decode: Call;
  readonly opcode: Call;
  readonly text: Call;
}
interface Koffi {
  load(name: string): { func(declaration: string): unknown };
}

/** Triple, core and features for LLVM. */
function llvmCore({ title, arch, dsp, fpu, fpv5 }: Profile): readonly [triple: string, cpu: string, features: string] {
  const sub = { v6m: 'v6m', v7m: dsp ? 'v7em' : 'v7m', v8m: 'v8m.main' }[arch];
  return [`thumb${sub}-none-eabi`, title.toLowerCase().replace('+', 'plus'), fpv5 && fpu === 'sp' ? '-fp64,-fpregs64' : ''];
}
/** From the root of the project: tests and tools run there. */
const SOURCE = 'test/emu/core/llvm-decode.cpp';
const CACHE = 'node_modules/.cache/bootbench';

function build(): string {
  const ask = (what: string): string =>
    execFileSync('llvm-config', [what], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  const version = ask('--version');
  const hash = createHash('sha256').update(version).update(readFileSync(SOURCE)).digest('hex').slice(0, 12);
  const file = join(process.cwd(), CACHE, `llvm-decode-${hash}.so`);
  if (existsSync(file)) return file;
  mkdirSync(CACHE, { recursive: true });
  const part = `${file}.${process.pid}`;
  // -fno-rtti as LLVM itself is built
  const flags = ['-O2', '-std=c++17', '-fno-rtti', '-fno-exceptions', '-shared', '-fPIC', `-I${ask('--includedir')}`, SOURCE, '-o', part];
  const libs = [`-L${ask('--libdir')}`, ...ask('--libs').split(/\s+/)];
  execFileSync('g++', [...flags, ...libs], { stdio: ['ignore', 'ignore', 'pipe'] });
  renameSync(part, file);
  return file;
}

let library: Library | null = null;
async function load(): Promise<string> {
  try {
    const koffi = ((await import('koffi')) as unknown as { default: Koffi }).default;
    const lib = koffi.load(build());
    library = {
      open: lib.func('void *arm_open(const char *triple, const char *cpu, const char *features)') as Library['open'],
      decode: lib.func('void arm_decode(void *handle, uint32_t first, uint32_t second, uint32_t count, uint16_t *out)') as Call,
      opcode: lib.func('int arm_opcode(void *handle, uint32_t opcode, char *out, uint32_t bytes)') as Call,
      text: lib.func('int arm_text(void *handle, uint32_t first, uint32_t second, char *out, uint32_t bytes)') as Call,
    };
    return '';
  } catch (error) {
    return `LLVM's ARM decoder needs g++ and llvm-dev: ${String(error instanceof Error ? error.message : error).split('\n')[0]}`;
  }
}
/** Why there is no LLVM, or the empty string. */
export const llvmMissing = await load();
if (llvmMissing && process.env['BOOTBENCH_REQUIRE_ORACLES'] === '1') throw new Error(llvmMissing);

/** Set in an answer where the encoding exists and is UNPREDICTABLE. */
export const LLVM_UNPREDICTABLE = 0x8000;

export class Llvm {
  private readonly lib: Library;
  private readonly handle: unknown;
  private readonly buffer = Buffer.alloc(256);
  private readonly names = new Map<number, string>();

  constructor(profile: Profile) {
    if (!library) throw new Error(llvmMissing);
    this.lib = library;
    this.handle = library.open(...llvmCore(profile));
    if (!this.handle) throw new Error(`LLVM has no ${llvmCore(profile).join(' ')}`);
  }
  /** For `out.length` second half-words from `second` on: 0 where there is no instruction, else its opcode. */
  decode(first: number, second: number, out: Uint16Array): void {
    this.lib.decode(this.handle, first, second, out.length, out);
  }
  /** LLVM's name of an opcode, `t2ADDri`. */
  opcode(opcode: number): string {
    let name = this.names.get(opcode);
    if (name === undefined) {
      this.lib.opcode(this.handle, opcode, this.buffer, this.buffer.length);
      this.names.set(opcode, (name = this.string()));
    }
    return name;
  }
  /** Mnemonic and operands, `add.w r0, r1, #4`; empty if there is no such instruction. */
  text(first: number, second: number): string {
    return this.lib.text(this.handle, first, second, this.buffer, this.buffer.length) < 0
      ? ''
      : this.string().trim().replaceAll(/\s+/g, ' ');
  }
  private string(): string {
    return this.buffer.toString('latin1', 0, this.buffer.indexOf(0));
  }
}
