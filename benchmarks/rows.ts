/** The rows of the table: what is measured, against what, and which target holds. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Task } from './child.ts';
import type { Sample } from './sample.ts';
import { M7_TCM } from './guest.ts';
import { childSample, cpuMips, inTurn, medianOf, mips, ratio, run, spread, type Contender, type Rate, type Series } from './measure.ts';
import { FIRMWARE, type CoreName, type Peers } from './peers.ts';

export interface Row {
  readonly group: string;
  readonly work: string;
  readonly against: string;
  /** Unit of `ours` and `theirs`. */
  readonly unit: string;
  readonly ours: number | null;
  readonly theirs: number | null;
  /** What the target is about, by wall clock and by CPU time. */
  readonly value: number | null;
  readonly byCpu: number | null;
  readonly target: { readonly op: '>=' | '<='; readonly value: number; readonly unit: string } | null;
  /** By wall clock, as the issue has it. */
  readonly verdict: 'holds' | 'misses' | 'report' | 'not run';
  readonly spread: number | null;
  readonly note: string;
}

export interface Context {
  readonly peers: Peers;
  readonly rounds: number;
  readonly progress: (text: string) => void;
  readonly add: (row: Row) => void;
}

type Target = Row['target'];
const atLeast = (value: number, unit = '×'): Target => ({ op: '>=', value, unit });
const atMost = (value: number, unit: string): Target => ({ op: '<=', value, unit });

interface Figure {
  readonly group: string;
  readonly work: string;
  readonly against?: string;
  readonly unit: string;
  readonly ours: Series;
  readonly theirs?: Series;
  readonly rate: Rate;
  readonly cpuRate: Rate;
  readonly target: Target;
  readonly note?: string;
}

const seconds: Rate = (s) => s.seconds;
const cpuSeconds: Rate = (s) => s.cpu ?? NaN;

/** A row from one series, or from the ratio of two. */
function row(f: Figure): Row {
  const missing = f.ours.missing ?? f.theirs?.missing ?? null;
  const value = missing !== null ? null : f.theirs ? ratio(f.ours, f.theirs, f.rate) : medianOf(f.ours, f.rate);
  const byCpu = missing !== null ? null : f.theirs ? ratio(f.ours, f.theirs, f.cpuRate) : medianOf(f.ours, f.cpuRate);
  const holds = value !== null && f.target !== null && (f.target.op === '>=' ? value >= f.target.value : value <= f.target.value);
  return {
    group: f.group,
    work: f.work,
    against: f.against ?? f.theirs?.name ?? '',
    unit: f.unit,
    ours: f.ours.missing === null ? medianOf(f.ours, f.rate) : null,
    theirs: f.theirs && f.theirs.missing === null ? medianOf(f.theirs, f.rate) : null,
    value,
    byCpu,
    target: f.target,
    verdict: missing !== null ? 'not run' : f.target === null ? 'report' : holds ? 'holds' : 'misses',
    spread: f.ours.missing === null ? spread(f.ours, f.rate) : null,
    note: missing ?? f.note ?? '',
  };
}

const CHIP: Readonly<Record<CoreName, string>> = { m0: 'STM32F072RB', m4: 'STM32L476RG', m33: 'STM32H533RE', m7: M7_TCM };
interface ProgramOptions {
  readonly skipping?: boolean;
  readonly translating?: boolean;
  readonly label?: string;
}
/** A program on a chip, or on a core alone. */
const onTarget = (target: string, elf: string, words: Record<string, number>, options: ProgramOptions = {}): Contender => ({
  name: options.label ?? 'bootbench',
  sample: () =>
    childSample({
      kind: 'program',
      target,
      elf,
      words,
      skipping: options.skipping ?? false,
      translating: options.translating ?? true,
    }),
});
const program = (name: string, core: CoreName, words: Record<string, number>, options: ProgramOptions = {}): Contender =>
  onTarget(CHIP[core], join(FIRMWARE, `${name}.${core}.elf`), words, options);

/** Instructions of a program, from one run of ours: the same code executes the same number everywhere. */
async function instructionsOf(name: string, core: CoreName, words: Record<string, number>): Promise<number> {
  return (await program(name, core, words).sample()).instructions;
}

/** 1.4 G instructions on the M4: a second or two, of which translating and warming up are a fifth. */
const WORKLOAD = { repeats: 100 };
/** For what is slower by an order. */
const SHORT = { repeats: 10 };
const DELAY = { repeats: 20 };

export async function workload(c: Context): Promise<void> {
  const group = 'integer workload, cycles counted';
  const work = await instructionsOf('workload', 'm4', WORKLOAD);
  const hooked = 1_000_000;
  const contenders = [
    program('workload', 'm4', WORKLOAD),
    c.peers.qemuProgram({ core: 'm4', elf: 'workload', words: WORKLOAD }, true, () => ({ instructions: work })),
    c.peers.qemuProgram({ core: 'm4', elf: 'workload', words: WORKLOAD }, false, () => ({ instructions: work })),
    c.peers.unicornProgram('workload', SHORT, false, work / 10),
    c.peers.unicornProgram('workload', SHORT, true, hooked),
    program('workload', 'm4', SHORT, { translating: false, label: 'interpreter tier' }),
  ];
  const [ours, icount, tcg, unicorn, hook, interpreter] = (await inTurn(contenders, c.rounds, c.progress)) as [
    Series,
    Series,
    Series,
    Series,
    Series,
    Series,
  ];
  const figure = { group, unit: 'MIPS', ours, rate: mips, cpuRate: cpuMips };
  c.add(row({ ...figure, work: 'M4 (STM32L476RG)', theirs: icount, target: atLeast(2.2) }));
  c.add(row({ ...figure, work: 'M4 (STM32L476RG)', theirs: tcg, target: atLeast(1.5) }));
  c.add(row({ ...figure, work: 'M4 (STM32L476RG)', theirs: unicorn, target: null }));
  c.add(row({ ...figure, work: 'M4 (STM32L476RG)', theirs: hook, target: atLeast(20) }));
  c.add(row({ ...figure, work: 'M4, interpreter tier alone', ours: interpreter, target: atLeast(100, 'MIPS') }));
  const places: readonly [CoreName, string][] = [
    ['m33', 'M33 (STM32H533RE as out of reset)'],
    ['m7', 'M7 from TCM'],
    ['m0', 'M0 (STM32F072RB)'],
  ];
  for (const [core, name] of places) {
    const words = core === 'm7' ? { repeats: 40 } : WORKLOAD;
    const instructions = await instructionsOf('workload', core, words);
    const rp2040 = core === 'm0' ? [c.peers.rp2040Program('workload', words, 20_000_000)] : [];
    const [mine, theirs, rp] = (await inTurn(
      [program('workload', core, words), c.peers.qemuProgram({ core, elf: 'workload', words }, true, () => ({ instructions })), ...rp2040],
      c.rounds,
      c.progress,
    )) as [Series, Series, Series | undefined];
    const f = { group, unit: 'MIPS', ours: mine, rate: mips, cpuRate: cpuMips, work: name };
    c.add(row({ ...f, theirs, target: atLeast(1.5) }));
    if (rp) c.add(row({ ...f, theirs: rp, target: atLeast(20) }));
  }
}

/** Chips set up as ST's code generator does it (setup.c). */
interface SetUp {
  readonly core: CoreName;
  readonly chip: string;
  /** What names the program's build: `mixed.<build>.elf`. */
  readonly build: string;
  /** What the word `set_up_for` says. */
  readonly word: number;
  readonly ram: number;
  /** What of plain QEMU the long run of the mixed program has to reach, and CoreMark. */
  readonly steady: number;
  readonly coreMark: number;
  /** Core cycles of a millisecond at the chip's full speed. */
  readonly tick: number;
}
const SET_UP: readonly SetUp[] = [
  { core: 'm4', chip: 'STM32L476RG', build: 'm4', word: 0x476, ram: 0x2000_0000, steady: 1.5, coreMark: 2, tick: 80_000 },
  { core: 'm4', chip: 'STM32F405RG', build: 'm4', word: 0x405, ram: 0x2000_0000, steady: 1.5, coreMark: 2, tick: 168_000 },
  { core: 'm33', chip: 'STM32H533RE', build: 'm33', word: 0x533, ram: 0x2000_0000, steady: 1.5, coreMark: 2, tick: 250_000 },
  { core: 'm0', chip: 'STM32F072RB', build: 'm0', word: 0x072, ram: 0x2000_0000, steady: 1.5, coreMark: 2, tick: 48_000 },
  { core: 'm7', chip: 'STM32H745ZI', build: 'h745', word: 0x745, ram: 0x2400_0000, steady: 1, coreMark: 1.2, tick: 480_000 },
];
/** A program on such a chip against the same on QEMU, in instructions a second; `theirs` is told how many there are. */
async function besideQemu(
  c: Context,
  figure: Pick<Figure, 'group' | 'work' | 'target'>,
  own: Contender,
  theirs: (instructions: number) => Contender,
): Promise<void> {
  const { instructions } = await own.sample();
  const [ours, peer] = (await inTurn([own, theirs(instructions)], c.rounds, c.progress)) as [Series, Series];
  c.add(row({ ...figure, unit: 'MIPS', ours, theirs: peer, rate: mips, cpuRate: cpuMips }));
}
/** 48 M instructions on the M4, of which starting is most; and a second of them. */
const MIXED_FIRST = 100;
const MIXED_STEADY = 2000;

/** Calls through pointers, jump tables, text, a filter, a scheduler: with wait states, caches and MPU on, against QEMU, which has none. */
export async function mixed(c: Context): Promise<void> {
  const group = 'mixed program, caches, wait states and MPU on, cycles counted';
  for (const s of SET_UP) {
    const elf = join(FIRMWARE, `mixed.${s.build}.elf`);
    const first = { repeats: MIXED_FIRST };
    const [whole, process] = (await inTurn(
      [fromShell(c, s.chip, elf, { ...first, set_up_for: s.word }), c.peers.qemuProcess({ core: s.core, elf: 'mixed', words: first })],
      c.rounds,
      c.progress,
    )) as [Series, Series];
    const figure = { group, unit: 's', rate: seconds, cpuRate: cpuSeconds };
    const work = `${s.chip}, its first 50 M instructions, both programs from start to end`;
    c.add(row({ ...figure, work, ours: whole, theirs: process, target: atMost(1.5, '×') }));
    const steady = { repeats: MIXED_STEADY };
    await besideQemu(
      c,
      { group, work: `${s.chip}, a thousand M instructions`, target: atLeast(s.steady) },
      onTarget(s.chip, elf, { ...steady, set_up_for: s.word }),
      (instructions) => c.peers.qemuProgram({ core: s.core, elf: 'mixed', words: steady }, false, () => ({ instructions })),
    );
  }
}
/** `bootbench run` of a program that ends by semihosting. */
function fromShell(c: Context, chip: string, elf: string, words: Record<string, number>): Contender {
  return {
    name: 'bootbench run',
    sample: async () => {
      if (!existsSync(PROGRAM)) throw new Error('no dist: npm run build');
      const options = ['--chip', chip, '--no-trigger', '--until', '1000s', '--quiet', '--json', '-'];
      const ran = await run(process.execPath, [PROGRAM, 'run', c.peers.patched(elf, words), ...options]);
      const { semihostingExit } = JSON.parse(ran.stdout) as { semihostingExit: number | null };
      if (semihostingExit !== 0) throw new Error(`${elf} did not end with 0`);
      return { ...ran, instructions: 0, cycles: 0, count: 1, peakMb: null };
    },
  };
}

/** Thousands of samples that the tasks pass on. */
const RTOS = { repeats: 100 };
/** Clocks of SysTick on QEMU's boards in a millisecond. */
const QEMU_TICK: Readonly<Record<CoreName, number>> = { m0: 16_000, m4: 25_000, m33: 25_000, m7: 25_000 };

/** A preemptive kernel: a tick each millisecond, four tasks, switches in PendSV with the FPU's registers, queues. */
export async function rtos(c: Context): Promise<void> {
  const group = 'kernel with four tasks, four switches a sample, cycles counted';
  for (const s of SET_UP) {
    const words = { ...RTOS, set_up_for: s.word, tick_reload: s.tick - 1 };
    const theirWords = { ...RTOS, tick_reload: QEMU_TICK[s.core] - 1 };
    await besideQemu(
      c,
      { group, work: s.chip, target: atLeast(1) },
      onTarget(s.chip, join(FIRMWARE, `rtos.${s.build}.elf`), words),
      (instructions) => c.peers.qemuProgram({ core: s.core, elf: 'rtos', words: theirWords }, false, () => ({ instructions })),
    );
  }
}

/** Iterations of CoreMark, as many as its target was set with: 3.5 G instructions on the M4, some three seconds. */
const ITERATIONS = 12_000;
/** EEMBC's CoreMark, whose sources the user has: chips set up as by ST's code generator, start included. */
export async function coreMark(c: Context): Promise<void> {
  const sources = process.env['BOOTBENCH_COREMARK'];
  if (sources === undefined) return;
  const group = 'CoreMark from flash, caches, wait states and MPU on, cycles counted';
  for (const s of SET_UP) {
    const elf = c.peers.coreMark(sources, s.core, 0x0800_0000, s.ram);
    const words = { seed4_volatile: ITERATIONS };
    await besideQemu(
      c,
      { group, work: s.chip, target: atLeast(s.coreMark) },
      onTarget(s.chip, elf, { ...words, set_up_for: s.word }),
      (instructions) => c.peers.qemuCoreMark(sources, s.core, words, () => ({ instructions })),
    );
  }
}

export async function delayLoop(c: Context): Promise<void> {
  const instructions = await instructionsOf('delay', 'm4', DELAY);
  const [ours, tcg, hook] = (await inTurn(
    [
      program('delay', 'm4', DELAY),
      c.peers.qemuProgram({ core: 'm4', elf: 'delay', words: DELAY }, false, () => ({ instructions })),
      c.peers.unicornProgram('delay', DELAY, true, 1_000_000),
    ],
    c.rounds,
    c.progress,
  )) as [Series, Series, Series];
  const figure = { group: '-O0 delay loop, skipping off', work: 'M4 (STM32L476RG)', unit: 'MIPS', ours, rate: mips, cpuRate: cpuMips };
  c.add(row({ ...figure, theirs: tcg, target: atLeast(2.2) }));
  c.add(row({ ...figure, theirs: hook, target: atLeast(20) }));
}

/** Wall and CPU seconds for a virtual second at 25 MHz. */
const perSecond: Rate = (s) => (s.seconds * 25e6) / s.cycles;
const cpuPerSecond: Rate = (s) => ((s.cpu ?? NaN) * 25e6) / s.cycles;
/** A sample of waiting lasts so long; starting and warming up are told by the rows of the first second. */
const VIRTUAL_SECONDS = 20;
/** SysTick periods of the polling loop on QEMU, whose SysTick counts at 25 MHz while an instruction takes 1 ns. */
const QEMU_PERIODS = 10;

export async function waiting(c: Context): Promise<void> {
  const group = 'waiting';
  const skipped = (name: 'poll' | 'tick', seconds: number): Contender =>
    program(name, 'm4', { repeats: 1000 * seconds }, { skipping: true, label: `${name}, ${seconds} virtual s, skipping` });
  const [poll, tick, firstPoll, firstTick, pollOn, icount] = (await inTurn(
    [
      skipped('poll', VIRTUAL_SECONDS),
      skipped('tick', VIRTUAL_SECONDS),
      skipped('poll', 1),
      skipped('tick', 1),
      // so many that warming up is a small part of it, as on QEMU
      program('poll', 'm4', { repeats: 2000 }, { label: 'polling, executed' }),
      c.peers.qemuProgram({ core: 'm4', elf: 'poll', words: { repeats: QEMU_PERIODS } }, true, () => ({
        instructions: QEMU_PERIODS * 1_000_000,
      })),
    ],
    c.rounds,
    c.progress,
  )) as [Series, Series, Series, Series, Series, Series];
  const virtual = { group, unit: 's per virtual s at 25 MHz', rate: perSecond, cpuRate: cpuPerSecond, target: atMost(0.02, 's') };
  c.add(row({ ...virtual, work: 'loop polling SysTick COUNTFLAG', ours: poll }));
  c.add(row({ ...virtual, work: 'busy wait on a tick interrupt', ours: tick, target: atMost(0.01, 's') }));
  c.add(row({ ...virtual, work: 'the first second of the polling loop', ours: firstPoll, target: null }));
  c.add(row({ ...virtual, work: 'the first second of the busy wait', ours: firstTick, target: null }));
  c.add(
    row({
      group,
      work: 'polling loop, skipping off',
      unit: 'MIPS',
      ours: pollOn,
      theirs: icount,
      rate: mips,
      cpuRate: cpuMips,
      target: atLeast(5),
    }),
  );
}

export async function interrupts(c: Context): Promise<void> {
  const [none, rare, often] = (await inTurn(
    [
      program('workload', 'm4', WORKLOAD),
      program('workload', 'm4', { ...WORKLOAD, interrupt_every: 10_000 }, { label: 'every 10,000 cycles' }),
      program('workload', 'm4', { repeats: 30, interrupt_every: 1_000 }, { label: 'every 1,000 cycles' }),
    ],
    c.rounds,
    c.progress,
  )) as [Series, Series, Series];
  const figure = { group: 'interrupts during the workload', unit: 'MIPS', theirs: none, against: 'without', rate: mips, cpuRate: cpuMips };
  c.add(row({ ...figure, work: 'every 10,000 cycles', ours: rare, target: atLeast(0.6) }));
  c.add(row({ ...figure, work: 'every 1,000 cycles', ours: often, target: null }));
}

const FIXTURES = join(process.cwd(), 'fixtures');
const SEED = join(FIXTURES, 'h533-seed000-as-posted', 'scenario.json');
const FIXED = join(FIXTURES, 'h533-seed000-fixed', 'scenario.json');
const PROGRAM = join(process.cwd(), 'dist', 'bootbench.js');

/** Newest change below a folder. */
const newest = (folder: string): number =>
  readdirSync(folder, { withFileTypes: true }).reduce(
    (latest, e) => Math.max(latest, e.isDirectory() ? newest(join(folder, e.name)) : statSync(join(folder, e.name)).mtimeMs),
    0,
  );

export async function cold(c: Context): Promise<void> {
  const stale =
    existsSync(PROGRAM) && statSync(PROGRAM).mtimeMs < newest(join(process.cwd(), 'src')) ? 'dist is older than src: npm run build' : '';
  const image = join(FIXTURES, 'h533-seed000-as-posted', 'firmware.elf');
  const program: Contender = {
    name: 'cold start',
    sample: async () => {
      if (!existsSync(PROGRAM)) throw new Error('no dist: npm run build');
      const ran = await run(process.execPath, [PROGRAM, 'run', image, '--scenario', SEED, '--json', '-']);
      if (ran.code !== 0) throw new Error(`bootbench run ends with ${ran.code}`);
      const { diagnosis } = JSON.parse(ran.stdout) as { diagnosis: { explained: boolean | null } };
      if (diagnosis.explained !== true) throw new Error('the run was not explained');
      return { seconds: ran.seconds, cpu: ran.cpu, instructions: 0, cycles: 0, count: 1, peakMb: await peakOf(image) };
    },
  };
  const node: Contender = {
    name: 'node itself',
    sample: async () => {
      const ran = await run(process.execPath, ['-e', '0']);
      return { seconds: ran.seconds, cpu: ran.cpu, instructions: 0, cycles: 0, count: 1, peakMb: null };
    },
  };
  const [ours, empty] = (await inTurn([program, node], c.rounds, c.progress)) as [Series, Series];
  const figure = { group: 'a run from the shell', unit: 's', rate: seconds, cpuRate: cpuSeconds };
  c.add(row({ ...figure, work: 'seed-000 fixture to the verdict, with diagnosis', ours, target: atMost(0.4, 's'), note: stale }));
  c.add(row({ ...figure, work: 'node -e 0', ours: empty, target: null }));
  const peak: Rate = (s) => s.peakMb ?? NaN;
  c.add(
    row({
      ...figure,
      work: 'peak RSS of that run',
      unit: 'MB',
      ours,
      rate: peak,
      cpuRate: () => NaN,
      target: atMost(110, 'MB'),
      note: stale,
    }),
  );
}

/** Projects as ST's code generator begins them (benchmarks/firmware/hal), by what leads each to its boot loader. */
const PROJECTS: readonly (readonly [elf: string, chip: string, outcome: string])[] = [
  ['f103-none', 'STM32F103C8', 'no-jump'],
  ['f405-uart', 'STM32F405RG', 'dfu'],
  ['g474-button', 'STM32G474RE', 'dfu'],
  ['h743-timer', 'STM32H743ZI', 'dfu'],
  ['l432-usb', 'STM32L432KC', 'dfu'],
];
/** What a user's first minute costs: the firmware is run, its trigger looked for and pressed, the result explained. */
export async function projects(c: Context): Promise<void> {
  const contenders = PROJECTS.map(([elf, chip, outcome]): Contender => ({
    name: elf,
    sample: async () => {
      if (!existsSync(PROGRAM)) throw new Error('no dist: npm run build');
      const ran = await run(process.execPath, [
        PROGRAM, 'run', join(FIRMWARE, 'hal', `${elf}.elf`), '--chip', chip, '--trigger', '--quiet', '--json', '-',
      ]); // prettier-ignore
      const result = JSON.parse(ran.stdout) as { outcome: string };
      if (result.outcome !== outcome) throw new Error(`${elf} came out as ${result.outcome}, not as ${outcome}`);
      return { ...ran, instructions: 0, cycles: 0, count: 1, peakMb: null };
    },
  }));
  const figure = { group: 'a project of a user, from the shell', unit: 's', rate: seconds, cpuRate: cpuSeconds };
  const all = await inTurn(contenders, c.rounds, c.progress);
  for (const [i, ours] of all.entries()) c.add(row({ ...figure, work: PROJECTS[i]![0], ours, target: atMost(2, 's') }));
}

const PEAK = join(process.cwd(), 'benchmarks', 'peak.mjs');
/** Peak RSS in MB of one run, told by a module that is loaded before the program. */
async function peakOf(image: string): Promise<number> {
  const ran = await run(process.execPath, ['--import', PEAK, PROGRAM, 'run', image, '--scenario', SEED, '--quiet']);
  return Number(/@peak (\d+)/.exec(ran.stderr)?.[1] ?? NaN) / 1024;
}

const rateOf: Rate = (s) => s.count / s.seconds;
const cpuRateOf: Rate = (s) => s.count / (s.cpu ?? NaN);

/** A sample of many runs lasts so long, warming up included: they are what a long search or a test of properties makes. */
const MANY_SECONDS = 10;

export async function many(c: Context): Promise<void> {
  const group = 'many runs in one process';
  const task = (kind: 'boots' | 'boots-restored' | 'forks', scenario: string): Contender => ({
    name: kind,
    sample: () => childSample({ kind, scenario, seconds: MANY_SECONDS, count: 3 }),
  });
  const [boots, restored, forks, silent] = (await inTurn(
    [task('boots', FIXED), task('boots-restored', FIXED), task('forks', FIXED), task('forks', SEED)],
    c.rounds,
    c.progress,
  )) as [Series, Series, Series, Series];
  const figure = { group, unit: 'per s', rate: rateOf, cpuRate: cpuRateOf };
  c.add(row({ ...figure, work: 'power-on to enumerated DFU, a machine each', ours: boots, target: atLeast(50, 'per s') }));
  c.add(row({ ...figure, work: 'power-on to enumerated DFU, one machine restored', ours: restored, target: atLeast(200, 'per s') }));
  c.add(row({ ...figure, work: 'fork at ROM entry to the verdict dfu', ours: forks, target: atLeast(500, 'per s') }));
  c.add(row({ ...figure, work: 'fork at ROM entry to the verdict rom-silent', ours: silent, target: atLeast(500, 'per s') }));
}

const DFU_CHIP = 'stm32l476rg';
const DFU_BYTES = 256 * 1024;
const DFU_CASES = 200;

export async function dfu(c: Context): Promise<void> {
  const group = 'DFU, stand-in ROM of STM32L476RG';
  const contender = (name: string, task: Task): Contender => ({ name, sample: () => childSample(task) });
  const [download, usbip, upload, rough, calm] = (await inTurn(
    [
      contender('in process', { kind: 'dfu-download', chip: DFU_CHIP, bytes: DFU_BYTES }),
      contender('USB/IP', { kind: 'dfu-usbip', chip: DFU_CHIP, bytes: DFU_BYTES }),
      contender('upload', { kind: 'dfu-upload', chip: DFU_CHIP, bytes: DFU_BYTES }),
      contender('cases', { kind: 'dfu-cases', chip: DFU_CHIP, disturbances: true, count: DFU_CASES }),
      contender('calm cases', { kind: 'dfu-cases', chip: DFU_CHIP, disturbances: false, count: DFU_CASES }),
    ],
    c.rounds,
    c.progress,
  )) as [Series, Series, Series, Series, Series];
  const seconds = { group, unit: 's', rate: (s: Sample): number => s.seconds, cpuRate: (s: Sample): number => s.cpu ?? NaN };
  c.add(row({ ...seconds, work: 'download of 256 KiB, in process', ours: download, target: atMost(1.5, 's') }));
  const told = usbip.samples[0]?.told ?? NaN;
  const asleep = `dfu-util sleeps ${told.toFixed(1)} s more, which the device tells it (bwPollTimeout)`;
  c.add(
    row({
      ...seconds,
      work: 'the same by a client of the USB/IP server',
      ours: usbip,
      theirs: download,
      target: atMost(3, '×'),
      note: asleep,
    }),
  );
  c.add(row({ ...seconds, work: 'upload of 256 KiB, in process', ours: upload, target: atMost(0.5, 's') }));
  const figure = { group, unit: 'per s', rate: rateOf, cpuRate: cpuRateOf };
  c.add(row({ ...figure, work: 'property cases from a fork', ours: rough, target: atLeast(300, 'per s') }));
  c.add(row({ ...figure, work: 'the same without unplugging, resets and power cuts', ours: calm, target: null }));
}

export async function growth(c: Context): Promise<void> {
  const group = 'growth';
  const forks = (count: number): Contender => {
    const task: Task = { kind: 'forks', scenario: FIXED, seconds: 0, count };
    return { name: `${count} forks`, sample: () => childSample(task) };
  };
  // ten thousand forks once: what they hold on to is no matter of chance
  const [few] = (await inTurn([forks(10)], c.rounds, c.progress)) as [Series];
  const [lots] = (await inTurn([forks(10_000)], 1, c.progress)) as [Series];
  const peak: Rate = (s) => s.peakMb ?? NaN;
  const figure = { group, target: atMost(1.2, '×'), cpuRate: (): number => NaN };
  const memory = row({
    ...figure,
    work: 'peak RSS of 10,000 forks',
    against: '10 forks',
    unit: 'MB',
    ours: lots,
    theirs: { ...few, samples: few.samples.slice(0, 1) },
    rate: peak,
  });
  c.add(memory);
  const perFork =
    (rate: Rate): Rate =>
    (s) =>
      rate(s) / s.count;
  c.add(
    row({
      ...figure,
      work: 'time per fork, 10,000 of them',
      against: '10 forks',
      unit: 's',
      ours: lots,
      theirs: { ...few, samples: few.samples.slice(0, 1) },
      rate: perFork(seconds),
      cpuRate: perFork(cpuSeconds),
      target: atMost(1.1, '×'),
    }),
  );
  const [short, long] = (await inTurn(
    [program('workload', 'm4', { repeats: 50 }, { label: '1×' }), program('workload', 'm4', { repeats: 200 }, { label: '4×' })],
    c.rounds,
    c.progress,
  )) as [Series, Series];
  const perCycle =
    (rate: Rate): Rate =>
    (s) =>
      (rate(s) * 1e6) / s.cycles;
  c.add(
    row({
      ...figure,
      work: 'time per cycle of four times the work',
      against: 'once the work',
      unit: 'µs',
      ours: long,
      theirs: short,
      rate: perCycle(seconds),
      cpuRate: perCycle(cpuSeconds),
      target: atMost(1.1, '×'),
    }),
  );
}

export const GROUPS: Readonly<Record<string, (c: Context) => Promise<void>>> = {
  workload,
  mixed,
  rtos,
  coremark: coreMark,
  delay: delayLoop,
  waiting,
  interrupts,
  cold,
  projects,
  many,
  dfu,
  growth,
};
