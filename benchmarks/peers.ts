/** Emulators to compare with: found, installed on request, and given programs linked for their memory maps. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Sample } from './sample.ts';
import { withWords, type Words } from './guest.ts';
import type { Contender } from './measure.ts';
import { childSample, median, run } from './measure.ts';

export const FIRMWARE = join(process.cwd(), 'benchmarks', 'firmware');
const RP2040JS = join(process.cwd(), 'node_modules', '.cache', 'bench-peers');

/** QEMU's boards with these cores, and where their memories lie. */
const BOARDS = {
  m0: { machine: 'microbit', flash: 0, ram: 0x2000_0000 },
  m4: { machine: 'mps2-an386', flash: 0, ram: 0x2000_0000 },
  m33: { machine: 'mps2-an505', flash: 0x1000_0000, ram: 0x3800_0000 },
  m7: { machine: 'mps2-an500', flash: 0, ram: 0x2000_0000 },
} as const;
export type CoreName = keyof typeof BOARDS;
export const QEMU_BOARDS = BOARDS;
const SEMIHOSTING = ['-nographic', '-monitor', 'none', '-serial', 'none', '-semihosting-config', 'enable=on,target=native'];

const works = (program: string, args: readonly string[] = ['--version']): string | null => {
  const ran = spawnSync(program, args, { encoding: 'utf8' });
  return ran.status === 0 ? ran.stdout.split('\n')[0]! : null;
};

export interface QemuProgram {
  readonly core: CoreName;
  readonly elf: string;
  readonly words: Words;
  /** The word that says how much work it does, 'repeats' unless said otherwise, and where it is linked for the board, if not by `variant`. */
  readonly work?: string;
  readonly linked?: string;
}

export class Peers {
  readonly qemu: string | null;
  readonly gcc: string | null;
  readonly unicorn: string | null;
  readonly rp2040js: string | null;
  private readonly folder = mkdtempSync(join(tmpdir(), 'bootbench-bench-'));
  private readonly linked = new Set<string>();
  private files = 0;

  constructor() {
    this.qemu = works('qemu-system-arm');
    this.gcc = works('arm-none-eabi-gcc');
    this.unicorn = works(process.execPath, [
      '--input-type=module',
      '-e',
      "const k=(await import('koffi')).default;const v=k.load('libunicorn.so.2').func('unsigned int uc_version(void *a, void *b)')(null,null);console.log(`Unicorn ${v>>>24}.${v>>>16&255}.${v>>>8&255}`)",
    ]);
    const module = join(RP2040JS, 'node_modules', 'rp2040js', 'dist', 'esm', 'index.js');
    this.rp2040js = existsSync(module) ? module : null;
  }
  close(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
  get names(): readonly string[] {
    const version =
      this.rp2040js &&
      (JSON.parse(readFileSync(join(RP2040JS, 'node_modules', 'rp2040js', 'package.json'), 'utf8')) as { version: string }).version;
    return [
      this.qemu ?? 'no qemu-system-arm',
      this.gcc ?? 'no arm-none-eabi-gcc',
      this.unicorn ?? 'no libunicorn through koffi',
      version ? `rp2040js ${version}` : 'no rp2040js',
    ];
  }

  /** Path of a program linked for another memory map. */
  variant(name: string, core: CoreName, flash: number, ram: number): string {
    const folder = join(this.folder, flash.toString(16));
    const elf = join(folder, `${name}.${core}.elf`);
    if (!this.linked.has(`${core} ${flash}`)) {
      mkdirSync(folder, { recursive: true });
      execFileSync(join(FIRMWARE, 'build.sh'), [folder, core, `0x${flash.toString(16)}`, `0x${ram.toString(16)}`], { stdio: 'pipe' });
      this.linked.add(`${core} ${flash}`);
    }
    return elf;
  }
  /** CoreMark of EEMBC's sources in a folder, linked for a memory map. */
  coreMark(sources: string, core: CoreName, flash: number, ram: number): string {
    const folder = join(this.folder, `coremark-${flash.toString(16)}`);
    mkdirSync(folder, { recursive: true });
    execFileSync(join(FIRMWARE, 'build.sh'), [folder, core, `0x${flash.toString(16)}`, `0x${ram.toString(16)}`], {
      env: { ...process.env, COREMARK: resolve(sources) },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    return join(folder, `coremark.${core}.elf`);
  }
  qemuCoreMark(sources: string, core: CoreName, words: Words, work: () => Partial<Sample>): Contender {
    const { flash, ram } = BOARDS[core];
    const linked = this.coreMark(sources, core, flash, ram);
    return this.qemuProgram({ core, elf: 'coremark', words, work: 'seed4_volatile', linked }, false, work);
  }
  private missing(needsGcc: boolean): string | null {
    return this.qemu === null
      ? 'no qemu-system-arm'
      : needsGcc && this.gcc === null
        ? 'no arm-none-eabi-gcc to link for its memory map'
        : null;
  }

  /**
   * A program on QEMU. `work` says how many guest instructions it executes. From its wall and CPU time that of an empty run, start and end of
   * the process, is taken off.
   */
  qemuProgram(program: QemuProgram, icount: boolean, work: (empty: number) => Partial<Sample>): Contender {
    let empty: { seconds: number; cpu: number } | null = null;
    return this.onQemu(program, icount, async () => {
      empty ??= await this.emptyRun(program, icount);
      const ran = await this.start(program, icount);
      return {
        ...work(empty.seconds),
        seconds: ran.seconds - empty.seconds,
        cpu: ran.cpu === null ? null : Math.max(0.001, ran.cpu - empty.cpu),
      };
    });
  }
  /** The same, start and end of the process included. */
  qemuProcess(program: QemuProgram): Contender {
    return this.onQemu(program, false, async () => ({ ...(await this.start(program, false)), count: 1 }));
  }
  private onQemu(program: QemuProgram, icount: boolean, take: () => Promise<Partial<Sample> & Pick<Sample, 'seconds' | 'cpu'>>): Contender {
    const why = this.missing(program.core !== 'm7');
    return {
      name: icount ? 'qemu -icount shift=0' : 'qemu',
      sample: async () => {
        if (why !== null) throw new Error(why);
        return { instructions: 0, cycles: 0, count: 0, ...(await take()), peakMb: null };
      },
    };
  }
  /** A program with words of its own, as a file. */
  patched(elf: string, words: Words): string {
    const file = join(this.folder, `${this.files++}.elf`);
    writeFileSync(file, withWords(readFileSync(elf), words, elf));
    return file;
  }
  private async emptyRun(program: QemuProgram, icount: boolean): Promise<{ seconds: number; cpu: number }> {
    const runs = [];
    const little = { [program.work ?? 'repeats']: program.work === undefined ? 0 : 1 };
    for (let i = 0; i < 5; i++) runs.push(await this.start({ ...program, words: { ...program.words, ...little } }, icount));
    return { seconds: median(runs.map((r) => r.seconds)), cpu: median(runs.map((r) => r.cpu ?? 0)) };
  }
  private async start(program: QemuProgram, icount: boolean): Promise<{ seconds: number; cpu: number | null }> {
    const name = program.elf;
    const { machine, flash, ram } = BOARDS[program.core];
    const elf = program.linked ?? (program.core === 'm7' ? join(FIRMWARE, `${name}.m7.elf`) : this.variant(name, program.core, flash, ram));
    const patched = this.patched(elf, program.words);
    const ran = await run('qemu-system-arm', [
      '-M',
      machine,
      ...SEMIHOSTING,
      ...(icount ? ['-icount', 'shift=0'] : []),
      '-kernel',
      patched,
    ]);
    if (ran.code !== 0) throw new Error(`qemu ends with ${ran.code}: ${ran.stderr.trim().split('\n')[0] ?? ''}`);
    return ran;
  }

  unicornProgram(name: string, words: Words, hook: boolean, instructions: number): Contender {
    const task = { kind: 'unicorn', elf: join(FIRMWARE, `${name}.m4.elf`), words, hook, instructions } as const;
    return {
      name: hook ? 'Unicorn with a code hook' : 'Unicorn',
      sample: () => (this.unicorn === null ? Promise.reject(new Error('no libunicorn through koffi')) : childSample(task)),
    };
  }
  rp2040Program(name: string, words: Words, instructions: number): Contender {
    const why = this.rp2040js === null ? 'no rp2040js' : this.gcc === null ? 'no arm-none-eabi-gcc to link for its memory map' : null;
    return {
      name: 'rp2040js',
      sample: () =>
        why !== null
          ? Promise.reject(new Error(why))
          : childSample({
              kind: 'rp2040js',
              module: this.rp2040js!,
              elf: this.variant(name, 'm0', 0x1000_0000, 0x2000_0000),
              words,
              instructions,
            }),
    };
  }
}

/** Brings what is missing: Debian packages as root, rp2040js from the npm registry into a folder of its own. */
export function installPeers(say: (text: string) => void): void {
  const wanted = [
    ...(works('qemu-system-arm') === null ? ['qemu-system-arm'] : []),
    ...(works('arm-none-eabi-gcc') === null ? ['gcc-arm-none-eabi', 'libnewlib-arm-none-eabi'] : []),
    ...(works('sh', ['-c', 'ldconfig -p | grep libunicorn.so.2']) === null ? ['libunicorn2'] : []),
  ];
  if (wanted.length > 0 && process.getuid?.() === 0) {
    say(`installing ${wanted.join(' ')}`);
    spawnSync('apt-get', ['update'], { stdio: 'ignore' });
    const ran = spawnSync('apt-get', ['install', '-y', '--no-install-recommends', ...wanted], { stdio: 'ignore' });
    if (ran.status !== 0) say('apt-get did not install them');
  } else if (wanted.length > 0) say(`not root: ${wanted.join(' ')} would have to be installed`);
  if (!existsSync(join(RP2040JS, 'node_modules', 'rp2040js'))) {
    say('installing rp2040js');
    mkdirSync(RP2040JS, { recursive: true });
    const ran = spawnSync('npm', ['install', '--no-save', '--prefix', RP2040JS, 'rp2040js'], { stdio: 'ignore' });
    if (ran.status !== 0) say('npm did not install it');
  }
}
