/**
 * The commands of AN3155 with their edge cases, said byte by byte to a ROM: what it answers, and what state the chip is in afterwards. Two ROMs that answer all of it
 * alike look alike to a host.
 */
import type { Checkpoint } from '../../emu/machine-base.ts';
import { MS } from '../../emu/time.ts';
import { rxPins, speaksSerial } from '../../rom/profile.ts';
import { jobInput, romProfileIfAny, type RunHooks, type RunJob } from '../input/job.ts';
import { HeldMachine } from '../session/held-machine.ts';
import { UartLink } from '../session/uart-link.ts';
import { ACK_MS, address, addressOf, command, count, data, pages, WRITE_MS, type Say } from '../serial/an3155.ts';
import { hex, stateOf, type State } from './state.ts';

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
const ERASE_MS = 400;
/** 2 MB in sectors of 1 to 2 s. */
const LONG_ERASE_MS = 40_000;
const GO_MS = 20;
const BAUD = 57_600;

const write = (a: number, bytes: readonly number[], ms = WRITE_MS): readonly Say[] => [command(0x31), address(a), data(bytes, ms)];
const read = (a: number, n: number): readonly Say[] => [command(0x11), address(a), count(n)];
/** The command loop still answers. */
const ALIVE = command(0x02);
const of = (name: string, ...says: readonly (Say | readonly Say[])[]): SerialScript => ({ name, says: says.flat() });
const COUNTING = Array.from({ length: 256 }, (_, i) => i);
const UNLIKE = [0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde, 0xf0];

/** What depends on the chip. */
export interface SerialPlaces {
  /** Behind the RAM that the ROM has for itself; null: it has all of it. */
  readonly ram: number | null;
  readonly romBase: number;
  /** Last byte of system memory. */
  readonly romLast: number;
  /** Null: option bytes that are no memory. */
  readonly options: number | null;
  readonly extendedErase: boolean;
  /** Longer than the flash takes to be erased. */
  readonly eraseMs: number;
  /** An option byte RDP can be set. */
  readonly protects: boolean;
}

const WORDS = write(FLASH, UNLIKE);

const asking = ({ extendedErase }: SerialPlaces): readonly SerialScript[] => [
  of('Get', command(0x00)),
  of('Get Version', command(0x01)),
  of('Get ID', command(0x02)),
  of('an unknown command', command(0x55), ALIVE),
  of('a command with a wrong complement', { bytes: [0x02, 0x02] }, ALIVE),
  of('the other erase', command(extendedErase ? 0x43 : 0x44), ALIVE),
  of('0x7F once more', { bytes: [0x7f, 0x80] }, ALIVE),
];

const reading = ({ ram, romBase, romLast, options }: SerialPlaces): readonly SerialScript[] => [
  of('Read Memory of flash', read(FLASH, 4), ALIVE),
  of('Read Memory of 256 bytes', read(FLASH, 256), ALIVE),
  // the first word: the code behind it is another
  of('Read Memory of system memory', read(romBase, 4), ALIVE),
  ...(options === null ? [] : [of('Read Memory of option bytes', read(options, 8), ALIVE)]),
  ...(ram === null ? [] : [of('Read Memory of RAM', read(ram, 4), ALIVE)]),
  of("Read Memory of the ROM's own RAM", [command(0x11), address(0x20000000)], ALIVE),
  of('Read Memory of a register', [command(0x11), address(0x40021000)], ALIVE),
  of('Read Memory, wrong checksum of the address', command(0x11), { bytes: [...addressOf(FLASH), 0] }, ALIVE),
  of('Read Memory, wrong complement of the count', command(0x11), address(FLASH), { bytes: [3, 3] }, ALIVE),
  of('Read Memory of the last byte of system memory', command(0x11), address(romLast), { bytes: [3, 3] }, ALIVE),
  of('Go to a register', command(0x21), address(0x40000000), ALIVE),
  of('Go, wrong checksum of the address', command(0x21), { bytes: [...addressOf(FLASH), 0] }, ALIVE),
  of('Go to erased flash', command(0x21), address(FLASH, GO_MS), ALIVE),
  { ...of('Go', command(0x21), address(FLASH, GO_MS)), program: true },
];

const writing = ({ ram, romBase, options, eraseMs }: SerialPlaces): readonly SerialScript[] => [
  of('Write Memory of 8 bytes', WORDS, read(FLASH, 12)),
  of('Write Memory of 3 bytes', WORDS, write(FLASH + 0x100, [1, 2, 3]), read(FLASH + 0x100, 8)),
  of('Write Memory of 2 bytes', WORDS, write(FLASH + 0x100, [1, 2]), read(FLASH + 0x100, 8)),
  ...(ram === null ? [] : [of('Write Memory of 1 byte to RAM', write(ram, UNLIKE), write(ram, [1]), read(ram, 8))]),
  of('Write Memory of 256 bytes', write(FLASH, COUNTING), read(FLASH + 252, 8)),
  of('Write Memory over programmed words', WORDS, write(FLASH, [1, 2, 3, 4]), read(FLASH, 8)),
  of('Write Memory of a register', command(0x31), address(0x40021000), ALIVE),
  of('Write Memory of system memory', write(romBase, [1, 2, 3, 4]), ALIVE),
  of('Write Memory, wrong checksum of the data', command(0x31), address(FLASH), { bytes: [1, 2, 3, 9] }, read(FLASH, 4)),
  of('Write Memory, wrong checksum of the address', command(0x31), { bytes: [...addressOf(FLASH), 0] }, ALIVE),
  ...(options === null
    ? []
    : [
        of('Write Memory of the option bytes', write(options, [0xa5, 0xff, 0xff, 0xff, 0x11, 0xff], eraseMs)),
        of('Write Memory behind the first option byte', write(options + 4, [0x11, 0xff], eraseMs), ALIVE),
      ]),
];

function erasing({ extendedErase, eraseMs: ms }: SerialPlaces): readonly SerialScript[] {
  const erase = (numbers: readonly number[]): Say => pages(numbers, extendedErase, ms);
  const all = (sum: number): Say => ({ bytes: extendedErase ? [0xff, 0xff, sum] : [0xff, sum], ms });
  const code = command(extendedErase ? 0x44 : 0x43);
  return [
    of('Erase of a page', WORDS, code, erase([0]), read(FLASH, 8)),
    of('Erase of two pages', WORDS, code, erase([1, 0]), read(FLASH, 8)),
    of('Erase of page 200', WORDS, code, erase([200]), read(FLASH, 8)),
    of('Erase, wrong checksum', WORDS, code, { bytes: extendedErase ? [0, 0, 0, 0, 9] : [0, 0, 9], ms }, read(FLASH, 8)),
    of('Erase of all', WORDS, code, all(0), read(FLASH, 8)),
    of('Erase of all, wrong checksum', WORDS, code, all(0x55), read(FLASH, 8)),
    ...(extendedErase ? [of('Erase of bank 1', code, { bytes: [0xff, 0xfe, 0x01], ms }, ALIVE)] : []),
  ];
}

function protecting({ extendedErase, eraseMs: ms, protects }: SerialPlaces): readonly SerialScript[] {
  const wait: Say = { bytes: [], ms };
  const codes = [0x00, 0x01, 0x02, 0x11, 0x21, 0x31, extendedErase ? 0x44 : 0x43, 0x63, 0x73, 0x82];
  const protectedOnes = [
    ...codes.map((code) => of(`protected: 0x${hex(code, 2)}`, command(code), ALIVE)),
    of('protected: Readout Unprotect', command(0x92), wait),
  ];
  return [
    of('Write Protect', command(0x63), data([0, 3], ms)),
    of('Write Protect, wrong checksum', command(0x63), { bytes: [0, 0, 9], ms }, ALIVE),
    of('Write Unprotect', WORDS, command(0x73), wait),
    of('Readout Protect', WORDS, command(0x82), wait),
    of('Readout Unprotect', WORDS, command(0x92), wait),
    ...(protects ? protectedOnes.map((script) => ({ ...script, readProtected: true })) : []),
  ];
}

export const serialScripts = (places: SerialPlaces): readonly SerialScript[] =>
  [asking, reading, writing, erasing, protecting].flatMap((group) => group(places));

/** Two words, then `b .`: its stack is at the end of 4 KB of RAM. */
const PROGRAM = Uint32Array.of(0x20001000, 0x08000009, 0xe7fee7fe, 0xe7fee7fe);

/** A ROM that the BOOT0 pin has started, with a host on its first USART. */
class SerialBench {
  private readonly held: HeldMachine;
  private readonly link: UartLink;
  private readonly start: Checkpoint;
  private heard: number[] = [];
  private resets = 0;
  private left: State | null = null;

  constructor(job: RunJob, hooks: RunHooks, readProtected: boolean, program: boolean) {
    const input = jobInput({ ...job, scenario: { ...job.scenario, ...board(readProtected) } }, hooks);
    const profile = romProfileIfAny(input.chip)!;
    this.held = new HeldMachine(input);
    this.held.bounded = true;
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
    if (options !== undefined) after['options'] = [...chip.memoryBytes('options')].map((b) => hex(b, 2)).join('');
    return { name, answers, after };
  }
  private say({ bytes, ms = ACK_MS }: Say): string {
    this.heard = [];
    for (const byte of bytes) this.link.send(byte);
    this.link.run(ms * MS);
    return this.heard.map((b) => hex(b, 2)).join('');
  }
  /** What the first instruction of a program finds. */
  private found(pc: number): State {
    return { 'PC at the program': hex(pc), ...stateOf(this.held.session.machine) };
  }
}
const board = (readProtected: boolean): RunJob['scenario'] => ({
  schema: 'bootbench/scenario@1',
  board: { boot0: 1, ...(readProtected ? { optionBytes: { RDP: 0x00 } } : {}) },
  host: { cable: 'out' },
});
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
export function playSerial(job: RunJob, scripts: readonly SerialScript[], hooks: RunHooks = {}): readonly (SerialAnswer | null)[] {
  const benches = new Map<string, SerialBench>();
  const benchOf = ({ readProtected = false, program = false }: SerialScript): SerialBench => {
    const key = `${readProtected}${program}`;
    let bench = benches.get(key);
    if (bench === undefined) benches.set(key, (bench = new SerialBench(job, hooks, readProtected, program)));
    return bench;
  };
  try {
    return scripts.map((script) => benchOf(script).play(script));
  } finally {
    for (const bench of benches.values()) bench.release();
  }
}

/** Places for the scripts of a chip; null: its ROM has no USART. */
export function serialPlacesOf(job: RunJob): SerialPlaces | null {
  const { chip } = jobInput(job);
  const profile = romProfileIfAny(chip);
  if (profile === null || !speaksSerial(profile) || rxPins(profile).length === 0) return null;
  const own = profile.ramUse.value.find((r) => r.base >= 0x20000000);
  const end = own === undefined ? null : own.base + own.size;
  const small = profile.family === 'F0' || profile.family === 'F1';
  return {
    ram: end !== null && chip.memories.some((m) => m.kind === 'ram' && end > m.base && end + 16 <= m.base + m.size) ? end : null,
    romBase: profile.base,
    romLast: profile.systemMemory.value.base + profile.systemMemory.value.size - 1,
    options: chip.memories.find((m) => m.name === 'options')?.base ?? null,
    extendedErase: profile.family !== 'F1',
    eraseMs: small ? ERASE_MS : LONG_ERASE_MS,
    protects: chip.optionBytes?.['RDP'] !== undefined,
  };
}
