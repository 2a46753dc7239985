/**
 * A ROM on the bench: a chip with an erased flash, stopped at power-on. Each experiment goes back there, lets a loop in RAM wait while oscillators start, changes
 * the state as a caller would leave it, and enters the ROM by its vector table. The code of the ROM is only run, never looked at.
 */
import { printedTexts } from '../../emu/console-text.ts';
import { familyOf, locate } from '../../checks/families.ts';
import type { FamilyFields } from '../../checks/family-fields.ts';
import type { ChipDescription } from '../../emu/chip.ts';
import { registerFile } from '../../emu/core/arm/register-file.ts';
import type { Checkpoint } from '../../emu/machine-base.ts';
import { MS, type Ps } from '../../emu/time.ts';
import { rxPins, speaksSerial, type RomProfile } from '../../rom/profile.ts';
import { setupPacket } from '../../usb-sim/descriptors.ts';
import { repairTarget } from '../proof/repairs.ts';
import type { RunInput } from '../input/run-input.ts';
import { HeldMachine } from '../session/held-machine.ts';
import { isRead } from '../session/uart-rate.ts';

/** `b .` */
const LOOP = Uint8Array.of(0xfe, 0xe7);
/** Long enough for each oscillator but a crystal, and for the registers of the IWDG to arrive. */
const WAIT = 5 * MS;
/** Where the host asks for DFU, a control run that is served sets this limit; a ROM that has not answered by then is taken as silent. */
const PATIENCE = 12_000 * MS;
const SLICE = 20 * MS;
const HARD_FAULT = 3;
const AIRCR = 0xe000ed0c;
const SYSRESETREQ = 0x05fa0004;
/** Some instructions of a ROM. */
const SOON = MS / 100;
const VTOR = 0xe000ed08;
const BAUD = 9600;

/** What an experiment leaves to be read. */
export interface Ran {
  /** The ROM answered: DFU with USB, else the acknowledge of 0x7F; null where nobody asked. */
  readonly served: boolean | null;
  /** Resets since the entry, by cause. */
  readonly resets: readonly string[];
  /** The core went on in the flash. */
  readonly left: boolean;
  /** From the entry. */
  readonly took: Ps;
}

/** Registers of the PLLs, their enable bits, then latency and source in this order. */
export interface OwnClocks {
  readonly registers: readonly (readonly [path: string, value: number])[];
  readonly on: readonly string[];
  readonly last: readonly (readonly [path: string, value: number])[];
}

export class Lab {
  readonly held: HeldMachine;
  readonly chip: ChipDescription;
  readonly profile: RomProfile;
  readonly family: FamilyFields | null;
  readonly ram: number;
  readonly ramEnd: number;
  readonly flash: number;
  private readonly erased: number;
  private readonly start: Checkpoint;
  private limit: Ps = PATIENCE;
  private resetsBefore = 0;
  /** HardFaults so far, of all experiments. */
  faults = 0;
  private left = false;
  private entered: Ps = 0;
  /** What was put into the flash, which a checkpoint does not take back. */
  private written: (readonly [address: number, bytes: number])[] = [];
  /** What later experiments begin with, beside the state that every ROM can do with. */
  readonly baseline: ((lab: Lab) => void)[] = [];

  constructor(input: RunInput, profile: RomProfile) {
    this.held = new HeldMachine(input);
    this.held.bounded = true;
    this.profile = profile;
    this.chip = input.chip;
    this.family = familyOf(input.chip);
    const ram = input.chip.memories.find((m) => m.kind === 'ram' && m.base >= 0x20000000)!;
    this.ram = ram.base;
    this.ramEnd = ram.base + ram.size;
    this.flash = input.chip.memories.find((m) => m.kind === 'flash')!.base;
    const { machine } = this;
    const { observer } = machine;
    machine.observer = {
      ...observer,
      exception: (core, exception, handler, pc) => {
        observer.exception?.(core, exception, handler, pc);
        if (core === machine.bootCore && exception === HARD_FAULT) this.faults++;
      },
      leftSystem: (pc) => {
        observer.leftSystem?.(pc);
        this.left = true;
        return true;
      },
    };
    for (const core of machine.cores) if (core !== machine.bootCore) machine.hold(core);
    this.erased = input.chip.memories.find((m) => m.kind === 'flash')!.erased ?? 0xff;
    this.start = this.held.save();
  }
  get machine() {
    return this.held.session.machine;
  }
  get core() {
    return this.machine.bootCore;
  }
  release(): void {
    this.held.release();
  }

  // ---- the state at the entry ------------------------------------------------------------------------------------------------------
  field(path: string, value: number): void {
    repairTarget(this.machine).setField(path, value);
  }
  /** The stored bits, without what a write does. */
  raw(path: string, value: number): void {
    repairTarget(this.machine).putField?.(path, value);
  }
  special(register: string, value: number): void {
    repairTarget(this.machine).setCore(register, value);
  }
  /** A store to the private bus. */
  ppb(address: number, value: number): void {
    this.core.debuggerStore(address, 4, value >>> 0);
  }
  program(address: number, words: readonly number[]): void {
    this.written.push([address, 4 * words.length]);
    this.machine.replace(address, new Uint8Array(Uint32Array.from(words).buffer));
  }
  /** A pin of the board; BOOT0 too. */
  pin(name: string, level: 0 | 1): void {
    this.machine.system.now = this.core.now();
    this.machine.system.setWire(`pin.${name}`, level);
  }

  // ---- reading ---------------------------------------------------------------------------------------------------------------------
  has(path: string): boolean {
    return locate(this.chip, path) !== null;
  }
  read(path: string): number {
    const [block, register, field] = path.split('.') as [string, string, string?];
    if (field !== undefined) return this.machine.fieldValue(path);
    const b = this.machine.system.block(block);
    return b.state.regs[b.layout.reg(register).index]! >>> 0;
  }
  get registers(): Readonly<Record<string, number>> {
    return registerFile(this.core, this.core.pc);
  }
  peek(address: number): number {
    return (this.core.peek(address, 4) ?? 0) >>> 0;
  }
  /** The instruction of the ROM that last changed these bits. */
  writer(register: string, mask = 0xffffffff): number | null {
    const record = this.machine.history.lastWriter(register, mask);
    return record !== null && this.inRom(record.pc) ? record.pc : null;
  }
  /** Whether one instruction changed both. */
  wroteAtOnce(a: readonly [register: string, mask: number], b: readonly [register: string, mask: number]): boolean {
    const { history } = this.machine;
    const first = history.lastWriter(...a);
    return first !== null && first.seq === history.lastWriter(...b)?.seq;
  }
  inRom(address: number): boolean {
    const { base, size } = this.profile.systemMemory.value;
    return address >= base && address < base + size;
  }

  // ---- running ---------------------------------------------------------------------------------------------------------------------
  /**
   * Back to power-on and into the ROM. `early` acts before the loop in RAM that waits, `put` right before the branch. `cable`: whether a host is there.
   */
  enter({ early, put, cable = true }: { readonly early?: () => void; readonly put?: () => void; readonly cable?: boolean } = {}): void {
    this.goBack();
    if (!cable) this.held.session.steps.append({ kind: 'cable', position: 'out' }, 0);
    this.machine.replace(this.ram, LOOP);
    const [sp, reset] = [this.peek(this.profile.base), this.peek(this.profile.base + 4)];
    this.special('msp', sp);
    this.core.arm.thumb = 1;
    this.core.branchTo(this.ram);
    for (const step of this.baseline) step(this);
    early?.();
    this.runTo(this.machine.now + WAIT);
    put?.();
    this.core.arm.thumb = 1;
    this.core.branchTo((reset & ~1) >>> 0);
    this.begin();
  }
  private goBack(): void {
    this.held.restore(this.start);
    for (const [address, bytes] of this.written.splice(0)) this.machine.replace(address, new Uint8Array(bytes).fill(this.erased));
    this.left = false;
  }
  private begin(): void {
    this.resetsBefore = this.machine.history.resets.length;
    this.left = false;
    this.entered = this.machine.now;
  }
  /** Back to power-on of a board with BOOT0 high; `again`: with a software reset behind it. */
  boot(put: () => void, again: boolean): void {
    this.goBack();
    put();
    if (again) {
      this.runTo(this.machine.now + SOON);
      this.ppb(AIRCR, SYSRESETREQ);
      this.runTo(this.machine.now + SOON);
    }
    this.begin();
  }
  /** Until it serves or the limit of the control run is over. */
  serve(): Ran {
    const done = this.profile.dfu === null ? this.listen() : (): boolean => this.held.usb.dfuReady;
    const ran = this.go(this.limit, done);
    return { ...ran, served: done() && !this.left };
  }
  idle(ms: number): Ran {
    return { ...this.go(ms * MS, () => false), served: null };
  }
  private go(limit: Ps, done: () => boolean): Omit<Ran, 'served'> {
    const { machine } = this;
    const end = this.entered + limit;
    while (machine.now < end && !done() && !this.left) this.runTo(Math.min(end, machine.now + SLICE), done);
    const resets = machine.history.resets.slice(this.resetsBefore).map((r) => r.by);
    return { resets, left: this.left, took: machine.now - this.entered };
  }
  /** 0x7F comes to the first USART as soon as the ROM listens, and again. */
  private listen(): () => boolean {
    const port = speaksSerial(this.profile) ? rxPins(this.profile)[0] : undefined;
    if (port === undefined) return () => false;
    const { steps } = this.held.session;
    steps.append({ kind: 'uart', port: port.name, bytes: Uint8Array.of(0x7f), baud: BAUD }, 400 * MS);
    return () => (machineConsole(this)[port.name.toLowerCase()] ?? '').startsWith('y') && isRead(this.machine, port.name, BAUD);
  }
  private runTo(until: Ps, done: () => boolean = () => false): void {
    const { machine } = this;
    const { session } = this.held;
    const { steps } = session;
    while (machine.now < until && !this.left && !done()) {
      steps.poll();
      session.advance(until);
      steps.poll();
    }
  }
  /** The control run bounds the others. */
  boundBy(control: Ran): void {
    this.limit = Math.min(PATIENCE, Math.round(control.took * 1.3) + 200 * MS);
  }

  // ---- the host's side of DFU ------------------------------------------------------------------------------------------------------
  /** A class request of DFU; null where no answer came. */
  request(bRequest: number, value: number, data: Uint8Array | number): { readonly ok: boolean; readonly data: Uint8Array } {
    const { usb, bus } = this.held;
    const out = typeof data !== 'number';
    const setup = setupPacket(out ? 0x21 : 0xa1, bRequest, value, 0, out ? data.length : data);
    usb.claim();
    const id = usb.submitControl(setup, out ? data : new Uint8Array(0), 5_000 * MS);
    let answer: ReturnType<typeof usb.takeResult> = null;
    bus.runUntil(() => this.left || (answer ??= usb.takeResult(id)) !== null, bus.now + 10_000 * MS);
    const ended = answer as { readonly status: string; readonly data: Uint8Array } | null;
    return { ok: ended?.status === 'ok', data: ended?.data ?? new Uint8Array(0) };
  }
  /** From here on, so long. */
  more(ms: number): void {
    const { machine } = this;
    this.runTo(machine.now + ms * MS);
  }
  /** What holds at power-on. */
  fresh<T>(read: (lab: Lab) => T): T {
    this.held.restore(this.start);
    return read(this);
  }
  private readonly kept = new Map<string, unknown>();
  /** One run for several questions. */
  once<T>(name: string, run: () => T): T {
    if (!this.kept.has(name)) this.kept.set(name, run());
    return this.kept.get(name) as T;
  }
  hasRegister(path: string): boolean {
    const [block, register] = path.split('.') as [string, string];
    return (
      this.chip.blocks.some((b) => b.name === block) &&
      this.machine.system.layoutOf(block)?.registers.some((r) => r.name === register) === true
    );
  }
  /** Which peripherals are secure. */
  securityRegisters(): string[] {
    const block = this.chip.blocks.find((b) => /^GTZC1?(_TZSC)?$|TZSC/.test(b.name) && this.hasRegister(`${b.name}.SECCFGR1`));
    if (block === undefined) return [];
    return [1, 2, 3].map((n) => `${block.name}.SECCFGR${n}`).filter((path) => this.hasRegister(path));
  }
  flashLock(): string | null {
    return (
      ['FLASH.CR.LOCK', 'FLASH.NSCR.LOCK', 'FLASH.CR1.LOCK', 'FLASH.CR1.LOCK1', 'FLASH.PECR.PELOCK'].find((path) => this.has(path)) ?? null
    );
  }
  /** Error flags of the flash. */
  flashErrors(): number {
    const name = ['FLASH.SR', 'FLASH.NSSR', 'FLASH.SR1'].find((path) => this.hasRegister(path));
    if (name === undefined) return 0;
    const [block, register] = name.split('.') as [string, string];
    const fields = this.machine.system.block(block).layout.reg(register).fields;
    return (
      fields.filter((f) => /ERR/.test(f.name)).reduce((sum, f) => sum | (this.read(`${name}.${f.name}`) !== 0 ? 1 << f.bit : 0), 0) >>> 0
    );
  }
  /** What clocks the ROM has made for itself while nobody talks to it. */
  ownClocks(): OwnClocks {
    this.enter({ cable: false });
    this.idle(150);
    const { layout } = this.machine.system.block('RCC');
    const registers = layout.registers
      .filter((r) => /^PLL\d?(?:CFGR|DIVR|FRACR)$/.test(r.name))
      .map((r) => [`RCC.${r.name}`, this.read(`RCC.${r.name}`)] as const);
    const on = (this.family?.plls ?? []).flatMap((p) => (this.has(p.on) && this.read(p.on) === 1 ? [p.on] : []));
    const { select, status } = this.family!.sysclk;
    const latency = this.family!.flashLatency;
    return {
      registers,
      on,
      last: [
        [latency, this.read(latency)],
        [select, this.read(status)],
      ],
    };
  }
  /** The caller's clocks are those that another ROM makes. */
  clockedAs({ registers, on, last }: OwnClocks): void {
    for (const [path, value] of registers) this.field(path, value);
    for (const path of on) this.field(path, 1);
    this.more(2);
    for (const [path, value] of last) {
      this.field(path, value);
      this.more(1);
    }
  }
  get hasLeft(): boolean {
    return this.left;
  }
  setVtor(value: number): void {
    this.ppb(VTOR, value);
  }
}
const machineConsole = (lab: Lab): Readonly<Record<string, string>> => printedTexts(lab.machine.state.console);
