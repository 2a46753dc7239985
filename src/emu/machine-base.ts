/**
 * The machine without its run loop: set-up, resets and boot, wires to the cores, history, the cores' listener and interception of accesses.
 */
import { PAGE_BITS, PAGE_SIZE, WORD_MAP } from './arena.ts';
import { decideBoot } from './boot-rules.ts';
import { isUsbController, type BootRule, type ChipDescription } from './chip.ts';
import { RESET_CAUSES, type GuestFact, type ResetCause } from './component.ts';
import { loseCoreWrite, loseOptions, loseWrite } from './lost-write.ts';
import { logVectorRead } from './vector-reads.ts';
import { PAUSE, type CoreListener, type LostStore, type Zone } from './core/core-types.ts';
import { Core, type CoreSnapshot, type Interceptor } from './core/core.ts';
import { KIND } from './core/caches/flash-cache.ts';
import { registerFile, setRegister } from './core/arm/register-file.ts';
import { S } from './core/state.ts';
import { sysTickClockChanged } from './core/arm/systick.ts';
import { History, type EntryRecord, type WriteRecord, type WriterKind } from './history.ts';
import { FLASH_CLOCK, flashTooFast } from './flash-speed.ts';
import { waitsForFlash } from './flash-wait.ts';
import type { MachineObserver } from './machine-observer.ts';
import { freshState, type MachineState, MOST_BREAKPOINTS, type ResetOrigin, say, TOGETHER_FIRST, unclockedKey } from './machine-state.ts';
import { polledAgain } from './polled.ts';
import { nextWord, powerOnPattern } from './power-on.ts';
import type { AnyModelFactory, Register } from './registers.ts';
import { System, type Block, type Memory, type SystemListener, type SystemState } from './system.ts';
import type { Ps } from './time.ts';
import {
  ART_DCACHE,
  ART_DCACHE_RESET,
  ART_ENABLED,
  ART_ICACHE,
  ART_ICACHE_RESET,
  ART_PAGE,
  BOOT_REMAP,
  CORE_MEET,
  CORE_SECURE,
  deepSleepOf,
  eventOf,
  FLASH_BUSY,
  FLASH_LATENCY,
  FLASH_PREFETCH,
  ICACHE_ENABLED,
  ICACHE_ERROR,
  ICACHE_HITS,
  ICACHE_INVALIDATE,
  ICACHE_MISSES,
  ICACHE_WAYS,
  keepsOf,
  NMI,
  POWER_DOWN,
  POWER_LOST,
  releaseOf,
  RESET_CAUSE,
  RESET_CORE,
  sevOf,
  wire,
  type Wire,
} from './wires.ts';
import { difference } from './words.ts';

export interface MachineOptions {
  readonly chip: ChipDescription;
  readonly models: Readonly<Record<string, AnyModelFactory>>;
  /** Changed chip and board parameters; NaN = absent. */
  readonly parameters?: Readonly<Record<string, number>>;
  readonly seed: number;
}

/** Something outside the chip whose state is part of a checkpoint (USB host). */
export interface Attachment {
  save(): unknown;
  restore(state: unknown): void;
}

export interface Checkpoint {
  readonly pages: ReadonlyMap<number, SavedPage>;
  readonly system: SystemState;
  readonly cores: readonly CoreSnapshot[];
  readonly history: History;
  readonly attachments: readonly unknown[];
  readonly machine: MachineState;
}
export interface SavedPage {
  readonly bytes: Uint8Array;
  readonly words: Uint8Array;
}

/** Resets that load the option bytes again; 'power' includes the exit from Standby. */
const LOADS_OPTIONS: ReadonlySet<ResetCause> = new Set(['power', 'brownout', 'option-bytes']);
/** Words that `systemReads` lists. */
const MAX_SYSTEM_READS = 1024;

export abstract class MachineBase implements CoreListener<Core> {
  readonly chip: ChipDescription;
  readonly system: System;
  readonly cores: readonly Core[];
  history = new History();
  observer: MachineObserver = {};
  state: MachineState;
  /** The observer is asked to serve BKPT 0xAB. */
  semihostingEnabled = true;
  /** Where the boot core starts instead of where the chip would. */
  bootAt: number | null = null;
  protected readonly seed: number;
  protected repairs: Interceptor | null = null;
  protected optionBlock: { base: number; end: number } | null = null;
  protected gap: { base: number; end: number } | null = null;
  protected watchedPages = new Set<number>();
  protected readonly attachments: Attachment[] = [];
  protected readonly dirty: Uint8Array;
  protected readonly basePages = new Map<number, SavedPage>();
  protected writer: { core: Core; record: WriteRecord | null; address: number } | null = null;
  protected writerKind: WriterKind = 'cpu';
  protected stopAsked = false;
  /** Wires of each core. */
  protected readonly deepSleep: readonly Wire[];
  private readonly releases: readonly Wire[];
  private readonly usbControllers: ReadonlySet<Block>;
  /** A zone change has asked the run loop to pause. */
  protected entryPause = false;

  /** Registers that decide the next boot, by `BLOCK.REG`: option bytes (in force, `_CUR`, and programmed, `_PRG`) with the locks in `CR`, and flags. */
  private readonly optionRegisters: ReadonlySet<string>;

  constructor(options: MachineOptions) {
    this.chip = options.chip;
    const optionBytes = Object.values(this.chip.optionBytes ?? {}).flatMap(({ field }) => [field, field.replace(/\..*/, '.CR')]);
    const conditions = (this.chip.boot ?? []).flatMap((rule) => rule.when.flatMap(({ signal }) => /^field:(.*)/.exec(signal)?.[1] ?? []));
    const registers = [...optionBytes, ...conditions].map((field) => field.split('.').slice(0, 2).join('.'));
    this.optionRegisters = new Set(registers.flatMap((r) => [r, r.replace(/_CUR$/, '_PRG')]));
    this.seed = options.seed;
    this.system = new System(options.chip, options.models, options.parameters ?? {});
    this.state = freshState(options.chip.cores.length);
    this.dirty = new Uint8Array(this.system.arena.memoryEnd >>> PAGE_BITS);
    const listener: SystemListener = {
      irq: (line, level, to) => {
        for (const core of this.cores) if (to === undefined || to === core.index) core.irq(line, level);
        this.meet();
      },
      reset: (by, block) => {
        if (this.repairs?.vetoReset?.(by)) return;
        const owner = this.system.block(block).row.core;
        this.askReset(by, this.cores.find((c) => c.row.name === owner) ?? this.cores[0]!, false);
      },
      note: (kind, text, block, about) => this.blockNote(kind, text, block, about),
      changed: (block, register, old, value) => this.registerChanged(block, register, old, value),
      unmodelled: (block, register, kind) => {
        // the report is about the firmware: accesses of the ROM are left out
        if ((this.writer?.core ?? this.bootCore).zone !== 'user') return;
        const key = `${block}.${register}`;
        const u = (this.state.unmodelled[key] ??= { reads: 0, writes: 0 });
        if (kind === 'write') u.writes++;
        else {
          u.reads++;
          this.notePolled(key);
        }
      },
      unclocked: (block, offset, kind) => {
        const key = unclockedKey(block, kind);
        this.state.unclocked[key] = (this.state.unclocked[key] ?? 0) + 1;
        if (this.state.unclocked[key] === 1) this.event('unclocked', `${key} (offset 0x${offset.toString(16)})`);
        if (kind === 'write') this.writeLost(block, key, { is: 'lost', why: 'no-clock' });
      },
      clock: (name) => {
        for (const core of this.cores ?? []) {
          if (core.row.clock === name) core.cut();
          core.caches.forgetFills();
          if (core.row.clock === name || core.row.sysTickClock === name) sysTickClockChanged(core);
        }
        if (name === FLASH_CLOCK) this.judgeFlash('clock');
        this.observer.clock?.(name);
      },
      wire: (name, value, changed) => this.wireChanged(name, value, changed),
      gated: () => this.cores?.forEach((core) => core.flushTables()),
      memoryChanged: (memory, offset, length, programmed) => this.bytesChange(memory, offset, length, programmed),
      busRead: (address) => this.noteSystemRead(address),
      busWritten: (...access) => {
        this.history.transfers++;
        this.observer.busWritten?.(...access);
      },
    };
    this.system.listener = listener;
    this.deepSleep = this.chip.cores.map((_, i) => deepSleepOf(i));
    this.usbControllers = new Set(this.system.blocks.filter((b) => isUsbController(b.row)));
    this.releases = this.chip.cores.map((core) => releaseOf(core.name));
    this.followWires();
    this.cores = options.chip.cores.map((row, i) => new Core(this.system, row, i, this));
    this.system.totals.set(ICACHE_HITS, () => this.cores[0]!.get(S.CACHE_HITS) >>> 0);
    this.system.totals.set(ICACHE_MISSES, () => this.cores[0]!.get(S.CACHE_MISSES) >>> 0);
    for (const core of this.cores) {
      core.onMemoryWrite = (host, size) => this.markDirty(host, size);
      core.peers = this.cores.filter((c) => c !== core);
    }
    if (this.cores.length > 1) {
      this.interceptors = this.cores.map(() => ({ ...this.interceptor, pages: new Set<number>() }));
    }
  }

  /** The core of the last entry into system memory, else the first core. */
  get bootCore(): Core {
    return this.cores[this.history.entries.at(-1)?.core ?? 0]!;
  }
  /** Longest turn of one core while another runs too: cycles of the chip's bus clock; null where there is one core. */
  get quantum(): number | null {
    return this.cores.length > 1 ? this.chip.quantum!.cycles : null;
  }
  get now(): Ps {
    return this.system.now;
  }
  private notePolled(register: string): void {
    const core = this.writer?.core ?? this.bootCore;
    this.state.polled = polledAgain(this.state.polled, register, core.pc, this.now, core.cycles());
  }
  /** Reads of registers without behaviour (by `block.register`) and of blocks without a clock. */
  protected readCounts(): ReadonlyMap<string, number> {
    const { unmodelled, unclocked } = this.state;
    return new Map([...Object.entries(unmodelled).map(([key, u]) => [key, u.reads] as const), ...Object.entries(unclocked)]);
  }
  protected countReads(key: string, reads: number): void {
    const u = this.state.unmodelled[key];
    if (u) {
      u.reads += reads;
      if (this.state.polled?.register === key)
        Object.assign(this.state.polled, { reads: this.state.polled.reads + reads, at: this.now, cycles: null });
    } else this.state.unclocked[key]! += reads;
  }

  /** Words that were read before anything had written them, over all resets. */
  uninitialisedReads(): number {
    return this.state.uninitialised + this.cores.reduce((sum, c) => sum + c.get(S.UNINITIALISED), 0);
  }

  /** Bytes of a memory, or of the arena, are about to change. */
  protected abstract bytesChange(memory: Memory, offset: number, length: number, programmed?: Uint8Array): void;
  protected abstract markDirty(host: number, length: number): void;

  // ---- set-up --------------------------------------------------------------------------------------------------------------------
  /** Writes bytes into memory before power-on (flash programmer, ROM mask). They may span memories; throws where there is none. */
  load(address: number, bytes: Uint8Array): void {
    let at = address;
    let rest = bytes;
    while (rest.length > 0) {
      const region = this.system.regionAt(at);
      if (!region?.memory) throw new Error(`no memory at 0x${at.toString(16)}`);
      const n = Math.min(rest.length, region.end - at);
      const host = region.memory.host + (at - region.base);
      this.system.arena.u8.set(rest.subarray(0, n), host);
      this.system.arena.u8.fill(1, WORD_MAP + (host >>> 2), WORD_MAP + ((host + n + 3) >>> 2));
      at += n;
      rest = rest.subarray(n);
    }
  }
  /** As `load` for a machine that has run: drops code decoded from bytes that differ. */
  replace(address: number, bytes: Uint8Array): void {
    for (let i = 0; i < bytes.length; i += PAGE_SIZE) {
      const piece = bytes.subarray(i, i + PAGE_SIZE);
      const memory = this.system.regionAt(address + i)?.memory;
      if (!memory) throw new Error(`no memory at 0x${(address + i).toString(16)}`);
      const host = memory.host + (address + i - this.system.regionAt(address + i)!.base);
      // code around them stays decoded and translated
      const [first, end] = difference(this.system.arena.u8, host, piece);
      if (first === end) continue;
      for (const core of this.cores) core.invalidateCode(host + first, end - first);
      this.load(address + i + first, piece.subarray(first, end));
    }
  }
  /** Erases every flash and ROM. */
  eraseNonVolatile(): void {
    for (const m of this.system.memories) {
      if (m.row.kind === 'ram') continue;
      this.system.arena.u8.fill(m.row.erased ?? 0xff, m.host, m.host + m.row.size);
      this.system.arena.u8.fill(1, WORD_MAP + (m.host >>> 2), WORD_MAP + ((m.host + m.row.size) >>> 2));
    }
  }
  /** Records reads of these words by code in system memory (options that the ROM acted on), and any access to `gap`. */
  watchOptionBlock(base: number, bytes: number, gap: { base: number; size: number } | null): void {
    this.optionBlock = { base, end: base + bytes };
    this.gap = gap ? { base: gap.base, end: gap.base + gap.size } : null;
    this.refreshIntercept();
  }
  /** Ends the use of this machine: another one gets its memory. */
  release(): void {
    if (this.released) return;
    this.released = true;
    for (const core of this.cores) core.leaveArena();
    this.system.arena.release();
  }
  protected released = false;
  attach(a: Attachment): void {
    this.attachments.push(a);
  }

  /** Fills RAM with its power-on pattern, except memories that kept their supply. */
  protected fillRam(keeps: (memory: string) => boolean = () => false): void {
    const rams = this.system.memories.filter((m) => m.row.kind === 'ram' && !keeps(m.row.name));
    const { words, last } = powerOnPattern(
      (this.seed ^ Math.imul(this.state.powerCycles + 1, 0x9e3779b1)) | 0 || 1,
      rams.reduce((sum, m) => sum + (m.row.size >> 2), 0),
    );
    let from = 0;
    for (const m of rams) {
      this.bytesChange(m, 0, m.row.size);
      this.system.arena.i32.set(words.subarray(from, (from += m.row.size >> 2)), m.host >> 2);
      this.system.arena.u8.fill(0, WORD_MAP + (m.host >>> 2), WORD_MAP + ((m.host + m.row.size) >>> 2));
    }
    let x = last;
    for (const core of this.cores) core.l1?.powerOn(() => (x = nextWord(x)));
  }

  /** First power-on, or power back after `power off`. */
  powerOn(external = false): void {
    this.state.held = false;
    this.state.standby = 'no';
    this.fillRam();
    this.state.powerCycles++;
    this.system.drive(RESET_CAUSE, RESET_CAUSES.indexOf('power'));
    this.system.resetBlocks('power');
    this.finishReset('power', { pc: null, lr: null }, 0, external, true);
  }

  // ---- resets and boot -----------------------------------------------------------------------------------------------------------
  askReset(by: ResetCause, core: Core, external: boolean): void {
    if (this.state.pendingReset) return;
    const origin = external && by === 'power' ? { pc: null, lr: null } : { pc: core.pc, lr: core.get(S.LR), waited: this.fetchWaits(core) };
    this.state.pendingReset = { by, ...origin, core: core.index, external };
    for (const c of this.cores) c.cut();
  }

  protected performReset(): void {
    const r = this.state.pendingReset!;
    this.state.pendingReset = null;
    if (r.by === 'core') return this.resetCoreAlone(this.cores[r.core]!, r);
    // NRST is held low; nothing runs meanwhile
    this.beforeReset();
    const pulse = this.system.parameter('reset.pulse.ps') ?? 0;
    this.system.drive(RESET_CORE, r.core);
    this.system.drive(RESET_CAUSE, RESET_CAUSES.indexOf(r.by));
    this.system.drive(POWER_LOST, 0);
    this.system.resetBlocks('system', this.state.standby === 'in' && r.by === 'power');
    this.state.standby = 'no';
    this.system.fireDue(this.system.now + pulse);
    this.finishReset(r.by, r, r.core, r.external, false);
  }

  private beforeReset(): void {
    this.history.remember(this.optionRegisters);
    this.observer.beforeReset?.();
  }
  /** The core domain loses its supply, with its blocks and the memories that PWR does not retain (`power.keeps.<memory>`), until a reset. */
  protected enterStandby(): void {
    this.state.standby = 'in';
    this.beforeReset();
    this.state.powerCycles++;
    this.fillRam((memory) => this.system.level(keepsOf(memory)) !== 0);
    this.system.drive(RESET_CAUSE, RESET_CAUSES.indexOf('power'));
    this.system.drive(POWER_LOST, 1);
    this.system.resetBlocks('system', true);
  }

  protected finishReset(by: ResetCause, { pc, lr, waited }: ResetOrigin, core: number, external: boolean, power: boolean): void {
    const backup = new Set(this.chip.blocks.filter((b) => b.backup).map((b) => b.name));
    this.history.forget((register) => !power && backup.has(register.slice(0, register.indexOf('.'))));
    this.history.resets.push({
      at: this.system.now,
      by,
      flags: this.resetFlags(),
      fromPc: pc,
      fromLr: lr,
      core,
      external,
      ...(waited ? { waited } : {}),
    });
    this.state.inSystem = false;
    this.state.inSystemOf.fill(false);
    this.state.usbServedBy = null;
    this.state.lockup = null;
    this.state.lockups.fill(null);
    this.state.handlerOverSystem.fill(false);
    this.state.together = { tryAt: this.system.now + TOGETHER_FIRST, gap: TOGETHER_FIRST };
    if (power || LOADS_OPTIONS.has(by)) this.state.emptyFlash = this.isFlashEmpty();
    const rule = this.bootRule();
    if (rule?.remap !== undefined) this.system.drive(BOOT_REMAP, rule.remap);
    this.cores.forEach((c, i) => {
      if (!power) this.state.uninitialised += c.get(S.UNINITIALISED);
      c.zone = 'user';
      this.state.booted[i] = this.bootRule(c)?.boots !== 'held' || (i === 0 && this.bootAt !== null);
      this.startCore(c, power);
    });
    this.refreshIntercept();
    this.event('reset', power ? 'power-on' : `reset by ${by}`, pc, core);
    this.observer.reset?.(by);
  }

  /**
   * AIRCR.VECTRESET: resets the core with its NVIC, SysTick and MPU. Blocks, clocks, reset flags, the remap and the levels of interrupt lines
   * stay (DDI 0403 B3.2.6).
   */
  private resetCoreAlone(core: Core, { pc, lr }: ResetOrigin): void {
    const { state, history, system } = this;
    const i = core.index;
    history.forget((register) => !register.startsWith(`CPU${i === 0 ? '' : i}.`));
    history.resets.push({ at: system.now, by: 'core', flags: this.resetFlags(), fromPc: pc, fromLr: lr, core: i, external: false });
    state.uninitialised += core.get(S.UNINITIALISED);
    state.inSystemOf[i] = state.handlerOverSystem[i] = false;
    state.lockups[i] = null;
    if (core === this.bootCore) {
      state.inSystem = false;
      state.lockup = null;
    }
    core.zone = 'user';
    this.refreshIntercept();
    core.reset(state.vectors[i]!, 'core');
    core.syncClock(system.now);
    system.drive(this.deepSleep[i]!, 0);
    this.event('reset', 'reset by core', pc, i);
    this.observer.reset?.('core');
  }
  /** Reset flags that are set, as the chip's header names them. */
  private resetFlags(): string[] {
    const flags = this.chip.resetFlags?.flags ?? [];
    return flags.filter((f) => this.fieldValue(f.field)).map((f) => f.field.slice(f.field.lastIndexOf('.') + 1));
  }

  /** Starts the core at the vector table of the boot rules. A held core only loses its state. */
  protected startCore(core: Core, power: boolean): void {
    const rule = this.bootRule(core, false);
    if (!this.state.booted[core.index]) {
      core.disarmTimer();
      return;
    }
    const remapped = rule?.remap !== undefined && this.chip.remap;
    const vectors = core.index === 0 && this.bootAt !== null ? this.bootAt : remapped ? remapped.base : this.bootVectors(core);
    this.state.vectors[core.index] = vectors;
    if (core === this.bootCore) {
      this.setSecure(false);
      this.setSecure(rule?.firstStage !== undefined && this.bootAt === null);
    }
    core.reset(vectors, power ? 'power' : 'system');
    core.syncClock(this.system.now);
    this.system.drive(this.deepSleep[core.index]!, 0);
  }
  /** ST's first stage and the ROM it starts run as secure code until they leave for user code; blocks learn of it by a wire. */
  private setSecure(secure: boolean): void {
    this.system.drive(CORE_SECURE, secure ? 1 : 0);
  }
  /** State of a core for reports. */
  coreState(core: Core): 'running' | 'asleep' | 'locked up' | 'held' {
    if (!this.state.booted[core.index]) return 'held';
    if (this.state.lockups[core.index]) return 'locked up';
    return core.halted ? 'asleep' : 'running';
  }
  /** Puts a core back into reset until it is released. */
  hold(core: Core): void {
    this.system.drive(this.releases[core.index]!, 0);
    this.state.booted[core.index] = false;
    this.startCore(core, false);
  }
  /** Starts held cores whose release was requested. */
  protected releaseCores(): void {
    const { cores, state } = this;
    for (let i = 0; i < cores.length; i++) {
      const core = cores[i]!;
      if (state.booted[core.index] || this.system.level(this.releases[core.index]!) === 0) continue;
      this.state.booted[core.index] = true;
      this.startCore(core, false);
      this.event('boot', `${core.row.name} released`, null, core.index);
    }
  }

  /** NRST from outside. The reset takes place when it is released. */
  holdReset(low: boolean): void {
    if (low) this.state.held = true;
    else {
      this.state.held = false;
      this.askReset('pin', this.bootCore, true);
    }
  }
  /** Removes the power; `powerOn(true)` restores it. */
  powerOff(): void {
    this.state.held = true;
    this.beforeReset();
    this.system.resetBlocks('power');
  }
  /** A store from outside, as a debugger makes it. */
  poke(address: number, size: number, value: number): void {
    this.system.write(address, size, value);
    this.bootCore.debuggerWrote(address, size);
  }

  /** Address of the vector table that the boot rules select now. */
  bootVectors(core: Core = this.cores[0]!): number {
    if (this.bootAt !== null && core.index === 0) return this.bootAt;
    const rule = this.bootRule(core, false);
    if (!rule) return 0;
    return typeof rule.vectors === 'number' ? rule.vectors : (this.fieldValue(rule.vectors.field) << rule.vectors.shift) >>> 0;
  }
  /** The boot rule that applies to a core; with `held` false, the one after its release. */
  protected bootRule(core: Core = this.cores[0]!, held = true): BootRule | undefined {
    const rule = decideBoot(this.chip.boot ?? [], core.row.name, (condition) => this.bootSignal(condition.signal), held);
    return rule === 'unreadable' ? undefined : rule;
  }
  protected bootSignal(signal: string): number {
    const [kind, name] = [signal.slice(0, signal.indexOf(':')), signal.slice(signal.indexOf(':') + 1)];
    if (kind === 'pin') return this.system.parameter(`${name.toLowerCase()}.level`) ?? 0;
    if (kind === 'field') return this.fieldValue(name);
    if (kind === 'flash') return this.state.emptyFlash ? 1 : 0;
    throw new Error(`${this.chip.name}: unknown boot signal ${signal}`);
  }
  private isFlashEmpty(): boolean {
    const m = this.system.memories.find((x) => x.row.kind === 'flash');
    return m !== undefined && this.system.loadHost(m.host, 4) === 0xffffffff;
  }
  /** Value of `BLOCK.REG.FIELD` as stored. */
  fieldValue(path: string): number {
    return this.system.fieldValue(path);
  }

  // ---- wires that reach the cores --------------------------------------------------------------------------------------------------
  protected wireChanged(name: string, value: number, changed: Wire): void {
    this.observer.wire?.(name, value);
    if (changed.place < this.wireEffects.length) this.wireEffects[changed.place]?.(value);
  }
  /** Effect of a wire's change on the cores, by the wire's place; null for most wires. */
  protected readonly wireEffects: (((value: number) => void) | null)[] = [];
  private onWire(followed: Wire, effect: (value: number) => void): void {
    while (this.wireEffects.length <= followed.place) this.wireEffects.push(null);
    this.wireEffects[followed.place] = effect;
  }
  /** Blocks drive wires before the cores exist, since their first reset is part of the construction. */
  private followWires(): void {
    const each = (action: (core: Core) => void) => () => this.cores?.forEach(action);
    for (const core of this.chip.cores) {
      this.onWire(eventOf(core.name), () => {
        this.cores?.find((c) => c.row.name === core.name)?.wakeEvent();
        this.meet();
      });
      this.onWire(releaseOf(core.name), () => this.meet());
    }
    this.onWire(CORE_MEET, () => this.meet());
    this.onWire(POWER_DOWN, (value) => {
      if (value === 0 || !this.cores) return;
      this.state.standby = 'entering';
      for (const core of this.cores) core.cut();
    });
    this.onWire(
      FLASH_BUSY,
      each((core) => {
        core.flushFetch();
        core.cut();
      }),
    );
    for (const timing of [FLASH_PREFETCH, ART_ICACHE, ART_DCACHE, ICACHE_ENABLED, ICACHE_WAYS])
      this.onWire(
        timing,
        each((core) => this.setFlashTiming(core)),
      );
    this.onWire(FLASH_LATENCY, () => {
      this.cores?.forEach((core) => this.setFlashTiming(core));
      this.judgeFlash('wait-states');
    });
    for (const art of [ART_ENABLED, ART_PAGE])
      this.onWire(
        art,
        each((core) => {
          if (!core.row.flashCache) return;
          core.caches.flushFlashCache(true, true);
          this.setFlashTiming(core);
        }),
      );
    for (const emptied of [ART_ICACHE_RESET, ART_DCACHE_RESET])
      this.onWire(
        emptied,
        each((core) => core.caches.flushFlashCache(emptied === ART_ICACHE_RESET, emptied === ART_DCACHE_RESET)),
      );
    this.onWire(
      ICACHE_INVALIDATE,
      each((core) => core.caches.invalidateCache()),
    );
    this.onWire(NMI, (value) => value !== 0 && this.cores?.forEach((core) => core.nmi()));
    if (this.chip.remap) this.onWire(wire(this.chip.remap.wire), () => this.cores && this.remapped());
  }
  /** Firmware whose flash cannot follow runs here all the same. A reset brings both down, in its own order. */
  private judgeFlash(since: 'wait-states' | 'clock'): void {
    const core = this.writer?.core ?? this.bootCore;
    if (!this.cores || core.zone !== 'user' || (since === 'wait-states' && this.writer === null)) return;
    const found = flashTooFast(this.system, core);
    if (found === null) return;
    const [has, asks] = [`${found.waitStates} wait state${found.waitStates === 1 ? '' : 's'}`, Math.round(found.hz / 1e6)];
    this.note('guest', `flash is read with ${has} at ${asks} MHz, which asks for ${found.least} at least`, null, {
      is: 'flash-too-fast',
      since,
    });
  }
  protected setFlashTiming(core: Core): void {
    const on = (w: Wire): boolean => this.system.level(w) !== 0;
    const kinds = (on(ART_ICACHE) ? KIND.CODE : 0) | (on(ART_DCACHE) ? KIND.DATA : 0) | (on(FLASH_PREFETCH) ? KIND.PREFETCH : 0);
    core.caches.setFlashTiming({
      waitStates: this.system.level(FLASH_LATENCY),
      cache: on(ICACHE_ENABLED),
      sets: 256,
      ways: this.system.level(ICACHE_WAYS) || 2,
      ...(core.row.flashCache ? { kinds: on(ART_ENABLED) ? KIND.CODE : 0, page: this.system.level(ART_PAGE) } : { kinds }),
    });
  }
  /** Ends the running core's turn, so that the others reach the same time. */
  protected meet(): void {
    if (this.cores && this.cores.length > 1) this.cores[this.system.master]!.cut();
  }

  protected remapped(): void {
    for (const core of this.cores) core.remapped(this.chip.remap!.base);
    this.refreshIntercept();
  }

  // ---- history -------------------------------------------------------------------------------------------------------------------
  protected registerChanged(block: string, register: Register, old: number, value: number): void {
    let names = this.registerNames.get(block);
    if (!names) this.registerNames.set(block, (names = []));
    const name = (names[register.index] ??= `${block}.${register.name}`);
    this.history.mark(name, old ^ value, this.writer ? this.recordWrite() : null);
  }
  /** Names for the history by block and register index, made once: a new string would be hashed anew at each write. */
  private readonly registerNames = new Map<string, string[]>();
  /** The record of the current write, made on first use. */
  protected recordWrite(): WriteRecord {
    const w = this.writer!;
    return (w.record ??= {
      seq: this.history.seq,
      at: this.system.now,
      core: w.core.index,
      pc: w.core.pc,
      lr: w.core.get(S.LR),
      kind: this.writerKind,
      address: null,
    });
  }
  /** A block says of the store that is under way that it had no effect. The ROM's are left out. */
  private writeLost(block: string, note: string, about: GuestFact | undefined): void {
    const { writer, system, history } = this;
    if (about) loseOptions(history, system, about, system.block(block), note);
    if (!about || !writer || this.writerKind !== 'cpu' || writer.core.zone !== 'user') return;
    loseWrite(history, system, writer, { block, note, about }, () => this.recordWrite());
  }
  event(kind: string, text: string, pc: number | null = null, core = 0, about?: GuestFact): void {
    const c = this.cores?.[core];
    this.history.event({ at: this.system.now, cycle: c ? c.cycles() : null, kind, text, pc, core, ...(about && { about }) });
  }
  protected blockNote(kind: string, text: string, block: string, about?: GuestFact): void {
    if (kind.startsWith('console:')) return this.console(kind.slice('console:'.length), text);
    // what comes in while the ROM listens to pins is its own matter
    if (kind === 'input' && this.state.inSystem) return;
    const whole = `${block}: ${text}`;
    this.writeLost(block, whole, about);
    this.note(kind, whole, block, about);
  }

  // ---- CoreListener --------------------------------------------------------------------------------------------------------------
  beginAccess(core: Core, address: number): void {
    this.history.seq++;
    this.writer = { core, record: null, address };
  }
  endAccess(): void {
    this.writer = null;
  }
  cacheableWrite = (): void => this.system.drive(ICACHE_ERROR, this.system.level(ICACHE_ERROR) + 1);
  /** Attributes the changes that `action` makes to something other than the CPU (scenario, debugger). */
  as<T>(kind: WriterKind, action: () => T): T {
    const before = { writer: this.writer, kind: this.writerKind };
    this.writer = { core: this.bootCore, record: null, address: 0 };
    this.writerKind = kind;
    try {
      return action();
    } finally {
      this.writer = before.writer;
      this.writerKind = before.kind;
    }
  }
  abstract isAlone(core: Core): boolean;
  fetchWaits(core: Core, pc = core.pc): boolean {
    return waitsForFlash(this.system, core, pc);
  }
  special(core: Core, register: string, old: number, value: number): void {
    this.history.seq++;
    const replaced = this.repairs?.special?.(core, register, old, value);
    if (replaced !== undefined && replaced !== value) {
      setRegister(core, register.toLowerCase(), replaced);
      return;
    }
    const change = this.history.markSpecial(register, old, value, core.index);
    change.seq = this.history.seq;
    change.at = core.now();
    change.pc = core.pc;
    change.lr = core.get(S.LR);
    change.kind = this.writerKind;
    this.observer.special?.(core, register, value);
  }
  pending(core: Core): void {
    this.observer.pending?.(core);
  }
  deviceWrite(core: Core, block: Block): void {
    if (this.usbControllers.has(block)) this.state.usbServedBy = core.zone === 'systemMemory' ? 'system' : 'user';
  }
  semihosting(core: Core): boolean {
    const served = this.semihostingEnabled && (this.observer.semihosting?.(core) ?? false);
    if (served) this.answered(core, true);
    return served;
  }
  protected answered(core: Core, semihosting: boolean): void {
    const list = this.state.breakpoints;
    if (list.length < MOST_BREAKPOINTS && !list.some((b) => b.pc === core.pc)) list.push({ semihosting, pc: core.pc, at: core.now() });
  }
  debuggerAttached(core: Core, takes: boolean): boolean {
    if (this.state.debugger && takes) {
      this.answered(core, false);
      this.observer.breakpoint?.(core);
    }
    return this.state.debugger;
  }
  console(channel: string, text: string): void {
    say(this.state, channel, text);
    this.observer.console?.(channel, text);
  }
  note(kind: string, text: string, block: string | null = null, about?: GuestFact): void {
    const known = this.state.notes.find((n) => n.kind === kind && n.text === text);
    if (known) known.count++;
    else if (this.state.notes.length < 200) {
      this.state.notes.push({ kind, text, count: 1, block, ...(about && { about }) });
      this.event(kind, text, this.bootCore.pc, 0, about);
    }
    this.observer.note?.(kind, text);
  }
  coreWriteLost = (core: Core, lost: LostStore, text: string): void => loseCoreWrite(this, core, lost, text);
  requestReset(by: 'software' | 'core', core: Core): void {
    if (this.repairs?.vetoReset?.(by) !== true) this.askReset(by, core, false);
  }
  sendEvent(from: Core): void {
    for (const core of this.cores) if (core !== from) core.wakeEvent();
    if (this.cores.length === 1) return;
    const sev = sevOf(from.row.name);
    this.system.drive(sev, this.system.level(sev) + 1);
    this.meet();
  }
  exceptionTaken(core: Core, exception: number, handler: number, interruptedPc: number): void {
    const entry = this.history.entries.at(-1);
    if (entry && entry.core === core.index && interruptedPc === entry.address && core.retired() === entry.retired)
      this.history.notReached();
    const to = this.state.exceptionTo[core.index]!;
    to.pc = handler & ~1;
    to.from = interruptedPc;
    this.observer.exception?.(core, exception, handler, interruptedPc);
  }
  exceptionReturned(core: Core, exception: number, pc: number): void {
    this.state.returnTo[core.index] = pc;
    this.observer.exceptionReturn?.(core, exception, pc);
  }
  faulted(core: Core, kind: string, address: number | null, pc: number): void {
    if (this.history.entries.length === 0 && core === this.bootCore)
      this.state.firstFault ??= { kind, address, pc, from: core.lastExecuted(), at: core.now() };
    this.event('fault', `${kind}${address === null ? '' : ` at 0x${address.toString(16).padStart(8, '0')}`}`, pc, core.index);
    this.observer.faulted?.(core, kind, address, pc);
  }
  lockup(core: Core, reason: string): void {
    const entry = this.history.entries.at(-1);
    if (entry && entry.core === core.index && core.retired() === entry.retired) this.history.notReached();
    this.state.lockups[core.index] = { reason, at: core.now() };
    if (core === this.bootCore) this.state.lockup = { core: core.index, reason, at: core.now() };
    this.event('lockup', reason, core.pc, core.index);
    this.observer.lockup?.(core, reason);
  }
  // eslint-disable-next-line complexity -- entering and leaving system memory share what handlers and returns over it mean
  zoneChange(core: Core, _from: Zone, to: Zone, pc: number): void {
    const s = this.state;
    const i = core.index;
    this.refreshIntercept();
    if (to !== 'systemMemory') {
      // a user handler that interrupts the ROM does not leave it
      if (core.get(S.IPSR) !== 0 && s.exceptionTo[i]!.pc === pc) {
        s.handlerOverSystem[i] = s.inSystemOf[i]!;
        return;
      }
      if (s.inSystemOf[i]) {
        s.inSystemOf[i] = false;
        if (core !== this.bootCore) return;
        s.inSystem = false;
        this.system.now = Math.max(this.system.now, core.now());
        this.setSecure(false);
        this.event('left', 'branch from system memory into user memory', core.lastExecuted(), i);
        if (this.observer.leftSystem?.(pc) === true) {
          this.entryPause = true;
          throw PAUSE;
        }
      }
      return;
    }
    if (s.handlerOverSystem[i] && s.returnTo[i] === pc) {
      s.handlerOverSystem[i] = false;
      return;
    }
    s.handlerOverSystem[i] = false;
    s.inSystem = true;
    s.inSystemOf[i] = true;
    const how = this.justReset(core) ? 'boot' : s.exceptionTo[i]!.pc === pc && core.get(S.IPSR) !== 0 ? 'exception' : 'branch';
    const from = how === 'boot' ? null : how === 'exception' ? s.exceptionTo[i]!.from : core.lastExecuted();
    this.system.now = Math.max(this.system.now, core.now());
    const entry: EntryRecord = {
      at: core.now(),
      core: i,
      address: pc,
      how,
      fromPc: from !== null && from < 0 ? null : from,
      registers: registerFile(core, pc),
      retired: core.retired(),
      reached: true,
    };
    this.history.enter(entry);
    this.event('entry', `${how} into system memory at 0x${pc.toString(16).padStart(8, '0')}`, entry.fromPc, i);
    this.observer.entry?.(entry);
    this.entryPause = true;
    throw PAUSE;
  }
  protected readonly justReset = (core: Core): boolean => core.retired() === core.retiredAtReset;

  // ---- interception (diagnosis by repair, option reads) ------------------------------------------------------------------------------
  get intercept(): Interceptor | null {
    return this.watchedPages.size ? this.interceptor : null;
  }
  /** With two cores each has its own pages. */
  interceptOf(core: Core): Interceptor | null {
    const own = this.interceptors?.[core.index] ?? this.interceptor;
    return own.pages.size > 0 ? own : null;
  }
  protected interceptors: (Interceptor & { pages: Set<number>; everyDeviceWrite: boolean })[] | null = null;
  protected readonly interceptor: Interceptor & { everyDeviceWrite: boolean } = {
    pages: this.watchedPages,
    everyDeviceWrite: false,
    writes: false,
    read: (core, address, size) => {
      const o = this.optionBlock;
      if (o && address >= o.base && address < o.end && core.zone === 'systemMemory') {
        const word = (address - o.base) >> 2;
        if (!this.state.optionReads.includes(word)) this.state.optionReads.push(word);
      }
      if (this.gap && address >= this.gap.base && address < this.gap.end) this.state.gapAccess = true;
      this.noteSystemRead(address);
      if (core.zone === 'user' && !core.hardwareAccess) logVectorRead(this.system, this.state.vectorReads, core, address, size);
      return this.repairs?.read?.(core, address, size) ?? null;
    },
    write: (core, address, size, value) => (this.repairs?.write ? this.repairs.write(core, address, size, value) : value),
  };
  protected noteSystemRead(address: number): void {
    const { state } = this;
    const word = (address & ~3) >>> 0;
    if (this.history.entries.length > 0 || state.moreSystemReads || state.systemReads.includes(word)) return;
    if (this.system.regionAt(address)?.memory?.row.zone !== 'systemMemory') return;
    if (state.systemReads.length < MAX_SYSTEM_READS) state.systemReads.push(word);
    else state.moreSystemReads = true;
  }
  /** Pages of system memory, intercepted while user code runs to see reads of its vectors. */
  protected systemPages(): number[] {
    const pages: number[] = [];
    for (const r of this.system.regions)
      if (r.memory?.row.zone === 'systemMemory') for (let a = r.base; a < r.end; a += PAGE_SIZE) pages.push(a >>> PAGE_BITS);
    return pages;
  }
  /** Sets the repairs in force and returns the previous ones. */
  setRepairs(repairs: Interceptor | null): Interceptor | null {
    const before = this.repairs;
    this.repairs = repairs;
    const how = { everyDeviceWrite: repairs?.everyDeviceWrite ?? false, writes: repairs?.write !== undefined };
    for (const i of this.interceptors ?? [this.interceptor]) Object.assign(i, how);
    this.refreshIntercept();
    return before;
  }
  get isRepaired(): boolean {
    return this.repairs !== null;
  }
  protected refreshIntercept(): void {
    const sets = this.interceptors?.map((i) => i.pages) ?? [this.watchedPages];
    sets.forEach((pages, i) => {
      pages.clear();
      if (this.optionBlock) pages.add(this.optionBlock.base >>> PAGE_BITS);
      if (this.gap) for (let a = this.gap.base; a < this.gap.end; a += PAGE_SIZE) pages.add(a >>> PAGE_BITS);
      for (const page of this.repairs?.pages ?? []) pages.add(page);
      if (this.cores?.[i]?.zone !== 'systemMemory') for (const page of this.systemPages()) pages.add(page);
    });
    for (const core of this.cores ?? []) core.interceptChanged();
  }
}
