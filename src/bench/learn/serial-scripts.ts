/**
 * The commands of AN3155 with their edge cases, said byte by byte to a ROM: what it answers, and what state the chip is in afterwards. Two ROMs that answer all of it
 * alike look alike to a host.
 */
import type { Checkpoint } from '../../emu/machine-base.ts';
import { registerFile } from '../../emu/core/arm/register-file.ts';
import { MS } from '../../emu/time.ts';
import { rxPins, speaksSerial } from '../../rom/profile.ts';
import { jobInput, romProfileIfAny, type RunJob } from '../input/job.ts';
import { HeldMachine } from '../session/held-machine.ts';
import { UartLink } from '../session/uart-link.ts';

/** What the host says, and how long it listens then. */
export interface Say {
  readonly bytes: readonly number[];
  readonly ms?: number;
}
export interface SerialScript {
  readonly name: string;
  readonly says: readonly Say[];
  /** A program that Go finds in the flash. */
  readonly program?: boolean;
  /** The option bytes protect the flash from reads. */
  readonly readProtected?: boolean;
}
/** What can be seen of a script from outside, line by line. */
export interface SerialAnswer {
  readonly name: string;
  readonly answers: readonly string[];
  readonly after: Readonly<Record<string, string>>;
}

const FLASH = 0x08000000;
const ACK_MS = 5;
/** Longer than a page takes. */
const WRITE_MS = 60;
const ERASE_MS = 400;
const GO_MS = 20;
const BAUD = 57_600;

const xor = (bytes: readonly number[]): number => bytes.reduce((sum, b) => sum ^ b, 0);
const command = (code: number): Say => ({ bytes: [code, code ^ 0xff], ms: ACK_MS });
const addressOf = (a: number): readonly number[] => [a >>> 24, (a >>> 16) & 0xff, (a >>> 8) & 0xff, a & 0xff];
const address = (a: number, ms = ACK_MS): Say => ({ bytes: [...addressOf(a), xor(addressOf(a))], ms });
const summed = (bytes: readonly number[], ms: number): Say => ({ bytes: [...bytes, xor(bytes)], ms });
const data = (bytes: readonly number[], ms = WRITE_MS): Say => summed([bytes.length - 1, ...bytes], ms);
const count = (n: number): Say => ({ bytes: [n - 1, (n - 1) ^ 0xff], ms: WRITE_MS });
const write = (a: number, bytes: readonly number[], ms = WRITE_MS): readonly Say[] => [command(0x31), address(a), data(bytes, ms)];
const read = (a: number, n: number): readonly Say[] => [command(0x11), address(a), count(n)];
/** The command loop still answers. */
const ALIVE = command(0x02);
const of = (name: string, ...says: readonly (Say | readonly Say[])[]): SerialScript => ({ name, says: says.flat() });
const UNLIKE = [0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde, 0xf0];

/** What depends on the chip: places behind which nothing is, and the command that erases. */
export interface SerialPlaces {
  readonly ram: number;
  readonly romBase: number;
  readonly options: number;
  readonly extendedErase: boolean;
}

/** @param a where the options are; other places follow from it */
export function serialScripts({ ram, romBase, options, extendedErase }: SerialPlaces): readonly SerialScript[] {
  const erase = (pages: readonly number[]): Say =>
    extendedErase ? summed([0, pages.length - 1, ...pages.flatMap((p) => [p >>> 8, p & 0xff])], ERASE_MS) : data(pages, ERASE_MS);
  const eraseCode = command(extendedErase ? 0x44 : 0x43);
  const words = write(FLASH, UNLIKE);
  return [
    of('Get', command(0x00)),
    of('Get Version', command(0x01)),
    of('Get ID', command(0x02)),
    of('an unknown command', command(0x55), ALIVE),
    of('a command with a wrong complement', { bytes: [0x02, 0x02] }, ALIVE),
    of('the other erase', command(extendedErase ? 0x43 : 0x44), ALIVE),
    of('0x7F once more', { bytes: [0x7f, 0x80] }, ALIVE),
    of('Read Memory of flash', read(FLASH, 4), ALIVE),
    of('Read Memory of 256 bytes', read(FLASH, 256), ALIVE),
    of('Read Memory of system memory', read(romBase, 8), ALIVE),
    of('Read Memory of option bytes', read(options, 8), ALIVE),
    of('Read Memory of RAM', read(ram, 4), ALIVE),
    of("Read Memory of the ROM's own RAM", [command(0x11), address(0x20000000)], ALIVE),
    of('Read Memory of a register', [command(0x11), address(0x40021000)], ALIVE),
    of('Read Memory, wrong checksum of the address', command(0x11), { bytes: [...addressOf(FLASH), 0] }, ALIVE),
    of('Read Memory, wrong complement of the count', command(0x11), address(FLASH), { bytes: [3, 3] }, ALIVE),
    of('Go to a register', command(0x21), address(0x40000000), ALIVE),
    of('Go, wrong checksum of the address', command(0x21), { bytes: [...addressOf(FLASH), 0] }, ALIVE),
    { ...of('Go', command(0x21), address(FLASH, GO_MS)), program: true },
    of('Write Memory of 8 bytes', words, read(FLASH, 12)),
    of('Write Memory of 3 bytes', write(FLASH, UNLIKE), write(FLASH + 0x100, [1, 2, 3]), read(FLASH + 0x100, 8)),
    of('Write Memory of 2 bytes', write(FLASH, UNLIKE), write(FLASH + 0x100, [1, 2]), read(FLASH + 0x100, 8)),
    of('Write Memory of 1 byte to RAM', write(ram, UNLIKE), write(ram, [1]), read(ram, 8)),
    of(
      'Write Memory of 256 bytes',
      write(
        FLASH,
        Array.from({ length: 256 }, (_, i) => i),
      ),
      read(FLASH + 252, 8),
    ),
    of('Write Memory over programmed words', words, write(FLASH, [1, 2, 3, 4]), read(FLASH, 8)),
    of('Write Memory of a register', command(0x31), address(0x40021000), ALIVE),
    of('Write Memory of system memory', write(romBase, [1, 2, 3, 4]), ALIVE),
    of('Write Memory, wrong checksum of the data', command(0x31), address(FLASH), { bytes: [1, 2, 3, 9] }, read(FLASH, 4)),
    of('Write Memory, wrong checksum of the address', command(0x31), { bytes: [...addressOf(FLASH), 0] }, ALIVE),
    of('Write Memory of the option bytes', write(options, [0xa5, 0xff, 0xff, 0xff, 0x11, 0xff], ERASE_MS)),
    of('Write Memory behind the first option byte', write(options + 4, [0x11, 0xff], ERASE_MS), ALIVE),
    of('Erase of a page', words, eraseCode, erase([0]), read(FLASH, 8)),
    of('Erase of two pages', words, eraseCode, erase([1, 0]), read(FLASH, 8)),
    of('Erase of page 200', words, eraseCode, erase([200]), read(FLASH, 8)),
    of('Erase, wrong checksum', words, eraseCode, { bytes: extendedErase ? [0, 0, 0, 0, 9] : [0, 0, 9], ms: ERASE_MS }, read(FLASH, 8)),
    of('Erase of all', words, eraseCode, { bytes: extendedErase ? [0xff, 0xff, 0x00] : [0xff, 0x00], ms: ERASE_MS }, read(FLASH, 8)),
    of(
      'Erase of all, wrong checksum',
      words,
      eraseCode,
      { bytes: extendedErase ? [0xff, 0xff, 0x55] : [0xff, 0x55], ms: ERASE_MS },
      read(FLASH, 8),
    ),
    ...(extendedErase ? [of('Erase of bank 1', eraseCode, { bytes: [0xff, 0xfe, 0x01], ms: ERASE_MS }, ALIVE)] : []),
    of('Write Protect', command(0x63), data([0, 3], ERASE_MS)),
    of('Write Protect, wrong checksum', command(0x63), { bytes: [0, 0, 9], ms: ERASE_MS }, ALIVE),
    of('Write Unprotect', words, command(0x73), { bytes: [], ms: ERASE_MS }),
    of('Readout Protect', words, command(0x82), { bytes: [], ms: ERASE_MS }),
    of('Readout Unprotect', words, command(0x92), { bytes: [], ms: ERASE_MS }),
    ...[0x00, 0x01, 0x02, 0x11, 0x21, 0x31, extendedErase ? 0x44 : 0x43, 0x63, 0x73, 0x82].map((code) => ({
      ...of(`protected: 0x${code.toString(16).padStart(2, '0')}`, command(code), ALIVE),
      readProtected: true,
    })),
    { ...of('protected: Readout Unprotect', command(0x92), { bytes: [], ms: ERASE_MS }), readProtected: true },
  ];
}

/** Two words, then `b .`: its stack is at the end of 4 KB of RAM. */
const PROGRAM = Uint32Array.of(0x20001000, 0x08000009, 0xe7fee7fe, 0xe7fee7fe);
const hex = (n: number, digits = 2): string => n.toString(16).padStart(digits, '0');

/** A ROM that the BOOT0 pin has started, with a host on its first USART. */
export class SerialBench {
  private readonly held: HeldMachine;
  private readonly link: UartLink;
  private readonly start: Checkpoint;
  private heard: number[] = [];
  private resets = 0;
  private left: Readonly<Record<string, string>> | null = null;

  constructor(job: RunJob, readProtected: boolean, program: boolean) {
    const input = jobInput({ ...job, scenario: { ...job.scenario, ...board(readProtected) } });
    const profile = romProfileIfAny(input.chip)!;
    this.held = new HeldMachine(input);
    const { machine } = this.held.session;
    if (program) machine.replace(FLASH, new Uint8Array(PROGRAM.buffer));
    this.link = new UartLink(this.held, rxPins(profile)[0]!.name, BAUD);
    this.link.onByte = (byte) => this.heard.push(byte);
    const { observer } = machine;
    machine.observer = {
      ...observer,
      leftSystem: (pc) => {
        observer.leftSystem?.(pc);
        if (this.resets === machine.history.resets.length) this.left ??= this.found(pc);
        return false;
      },
    };
    this.held.start();
    this.start = this.held.save();
  }
  release(): void {
    this.held.release();
  }
  /** Null where the ROM does not acknowledge 0x7F. */
  play({ name, says }: SerialScript): SerialAnswer | null {
    this.held.restore(this.start);
    this.link.afresh();
    const { machine } = this.held.session;
    this.resets = machine.history.resets.length;
    this.left = null;
    const chip = machine.system;
    if (this.say({ bytes: [0x7f] }) !== '79') return null;
    const answers = says.map((say) => this.say(say));
    const after: Record<string, string> = {};
    const resets = machine.history.resets.slice(this.resets).map((r) => r.by);
    if (resets.length > 0) after['reset'] = resets.join(', ');
    if (this.left !== null) Object.assign(after, this.left);
    after['flash'] = programmed(chip.memoryBytes('flash'), 0xff);
    const options = machine.chip.memories.find((m) => m.name === 'options');
    if (options !== undefined) after['options'] = [...chip.memoryBytes('options')].map((b) => hex(b)).join('');
    return { name, answers, after };
  }
  private say({ bytes, ms = ACK_MS }: Say): string {
    this.heard = [];
    for (const byte of bytes) this.link.send(byte);
    this.link.run(ms * MS);
    return this.heard.map((b) => hex(b)).join('');
  }
  /** What the first instruction of a program finds. */
  private found(pc: number): Readonly<Record<string, string>> {
    const { machine } = this.held.session;
    const found: Record<string, string> = { 'PC at the program': hex(pc, 8) };
    const core = machine.bootCore;
    for (const [register, value] of Object.entries(registerFile(core, core.pc)))
      if (CORE_STATE.has(register)) found[`CPU.${register.toUpperCase()}`] = hex(value, 8);
    for (const [register, at] of PRIVATE) found[`CPU.${register}`] = hex((core.peek(at, 4) ?? 0) >>> 0, 8);
    for (const { name } of machine.chip.blocks) {
      const { layout, state } = machine.system.block(name);
      for (const { name: register, index, reset } of layout.registers) {
        const value = state.regs[index]! >>> 0;
        if (value !== reset >>> 0 && !MOVING.test(register)) found[`${name}.${register}`] = hex(value, 8);
      }
    }
    return found;
  }
}
const board = (readProtected: boolean): RunJob['scenario'] => ({
  schema: 'bootbench/scenario@1',
  board: { boot0: 1, ...(readProtected ? { optionBytes: { RDP: 0x00 } } : {}) },
  host: { cable: 'out' },
});
const CORE_STATE = new Set(['msp', 'primask', 'basepri', 'faultmask', 'control', 'vtor']);
const PRIVATE = [
  ['SYST_CSR', 0xe000e010],
  ['SYST_RVR', 0xe000e014],
] as const;
/** What goes on by itself. */
const MOVING = /^(?:T?R?DR|I?SR|IDR|TR|SSR|CNT|CNTR|DIVL|DIVH|TSR|RDR|TDR|KR)$/;

/** Where memory is not erased, and a sum of what is there. */
function programmed(bytes: Uint8Array, erased: number): string {
  const first = bytes.findIndex((b) => b !== erased);
  if (first < 0) return 'erased';
  const last = bytes.findLastIndex((b) => b !== erased);
  let sum = 0;
  for (let i = first; i <= last; i++) sum = (Math.imul(sum, 31) + bytes[i]!) >>> 0;
  return `${hex(first, 4)} to ${hex(last, 4)}, sum ${hex(sum, 8)}`;
}

/** Every script on one ROM; null where it speaks no AN3155 or does not answer. */
export function playSerial(job: RunJob, scripts: readonly SerialScript[]): readonly (SerialAnswer | null)[] {
  const benches = new Map<string, SerialBench>();
  const benchOf = ({ readProtected = false, program = false }: SerialScript): SerialBench => {
    const key = `${readProtected}${program}`;
    let bench = benches.get(key);
    if (bench === undefined) benches.set(key, (bench = new SerialBench(job, readProtected, program)));
    return bench;
  };
  try {
    return scripts.map((script) => benchOf(script).play(script));
  } finally {
    for (const bench of benches.values()) bench.release();
  }
}

/** Places for the scripts of a chip. */
export function serialPlacesOf(job: RunJob): SerialPlaces | null {
  const { chip } = jobInput(job);
  const profile = romProfileIfAny(chip);
  const options = chip.memories.find((m) => m.name === 'options');
  if (profile === null || !speaksSerial(profile) || options === undefined || rxPins(profile).length === 0) return null;
  const own = profile.ramUse.value[0]!;
  return { ram: own.base + own.size, romBase: profile.base, options: options.base, extendedErase: profile.family !== 'F1' };
}
