/**
 * Settles options of a ROM on a board: a probe in RAM leaves the state that every ROM can do with, one thing in it otherwise, and jumps. What was put is read back at
 * the ROM's first instruction; who listens says whether the ROM answered; then the core is halted and the same place read again. Nothing is written to flash.
 */
import { fromHex } from '../debug/packets.ts';
import type { ChipDescription } from '../emu/chip.ts';
import { locate } from '../checks/families.ts';
import type { RomProfile } from '../rom/profile.ts';
import { hex32 } from '../bench/documents/result.ts';
import type { GdbTarget } from './gdb-target.ts';
import { BoardError } from './rsp-client.ts';
import { romEntry } from './run-board.ts';
import type { Experiment, Look, Put, Seen, Verdict } from './settle-experiments.ts';
import { SETTLE_PROBE } from './settle-image.ts';
import { allGood, hasVtor, jump, ramForProbe, store, VTOR, type Row } from './settle-rows.ts';
import type { UsbWatch } from './usb-watch.ts';

export interface SettleSettings {
  /** Milliseconds that the host has for its answer, and the probe for its way to the ROM. */
  readonly watchFor: number;
  readonly timeout: number;
  /** Runs of each state; they have to agree. */
  readonly tries: number;
}
export interface Settled extends Verdict {
  readonly option: string;
  /** The ROM answered in the state that was tried; null where it was not reached. */
  readonly served: boolean | null;
  readonly tries: number;
}

const PROBE = fromHex(SETTLE_PROBE)!;
/** Where its table lies, from its first byte on. */
const TABLE = (PROBE.length + 15) & ~15;
/** What is written to RAM: the probe, and its table. */
export function settleBytes(rows: readonly Row[]): Uint8Array {
  const bytes = new Uint8Array(TABLE + 16 * rows.length);
  bytes.set(PROBE);
  const words = new DataView(bytes.buffer, TABLE);
  rows.flat().forEach((word, i) => words.setUint32(4 * i, word >>> 0, true));
  return bytes;
}
/** The probe's stack; it calls nothing. */
const STACK = 0x100;
const THUMB = 1 << 24;
const LOOK_MS = 20;
const MOST_LOOKS = 10;
const MOST_STOPS = 5;

/** A board on which the ROM is entered again and again. */
export class SettleBench {
  private readonly target: GdbTarget;
  readonly chip: ChipDescription;
  readonly profile: RomProfile;
  private readonly entry: number;
  private readonly watch: UsbWatch;
  private readonly settings: SettleSettings;
  private readonly ram: number;
  private readonly flags: { readonly address: number; readonly mask: number } | null;

  private constructor(
    target: GdbTarget,
    chip: ChipDescription,
    profile: RomProfile,
    watch: UsbWatch,
    settings: SettleSettings,
    entry: number,
    ram: number,
  ) {
    this.target = target;
    this.chip = chip;
    this.profile = profile;
    this.watch = watch;
    this.settings = settings;
    this.entry = entry;
    this.ram = ram;
    this.flags = flagsOf(chip);
  }
  static async at(
    target: GdbTarget,
    chip: ChipDescription,
    profile: RomProfile,
    watch: UsbWatch,
    settings: SettleSettings,
  ): Promise<SettleBench> {
    const ram = ramForProbe(chip);
    if (ram === null) throw new BoardError(`no RAM of ${chip.name} is known that the probe could run in`);
    // behind what the ROM clears first, for those who look at RAM afterwards
    return new SettleBench(target, chip, profile, watch, settings, await romEntry(target, chip), ram.base + (ram.size >>> 1));
  }

  /** The ROM's first instruction, from the state that a reset leaves but for VTOR, which names the flash. Throws BoardError. */
  async bareJump(): Promise<void> {
    const { chip, profile } = this;
    const flash = chip.memories.find((m) => m.kind === 'flash')!.base;
    const rows = [...(hasVtor(chip) ? [store(VTOR, flash)] : []), jump(profile.base)];
    await this.target.resetHalt();
    await this.load(rows);
    const why = await this.toEntry(rows);
    if (why !== null) throw new BoardError(why);
  }
  /** The ROM entered in the state that every ROM can do with. */
  control(read: Experiment['read']): Promise<Seen | string> {
    return this.enter({ without: null, rows: [], value: null }, read);
  }
  /** One option: each state that its experiment wants, as often as asked for. */
  async settle(experiment: Experiment): Promise<Settled> {
    const { option } = experiment;
    const open = (says: string, served: boolean | null = null): Settled => ({ option, value: null, says, served, tries: 0 });
    const before = await this.control(experiment.read);
    if (typeof before === 'string') return open(`the control run failed: ${before}`);
    if (!before.served)
      return open(
        'the ROM does not answer in the control run: is the cable in? A ROM that looks at the flash goes back to a program there.',
      );
    let verdict: (Verdict & { readonly served: boolean }) | null = null;
    for (let n = 0; n < this.settings.tries; n++) {
      const seen: Seen[] = [];
      for (const put of experiment.puts) {
        const one = await this.enter(put, experiment.read);
        if (typeof one === 'string') return open(one);
        seen.push(one);
      }
      const next = { ...experiment.decide(seen, before), served: seen.every((s) => s.served) };
      if (verdict !== null && (verdict.value !== next.value || verdict.served !== next.served))
        return open(`the tries differ: ${verdict.says}, then ${next.says}`);
      verdict = next;
    }
    const after = await this.control(experiment.read);
    if (typeof after === 'string' || !after.served) return open('the ROM does not answer any more in the control run behind it');
    return { option, ...verdict!, tries: this.settings.tries };
  }

  /** A text says why the state could not be made. */
  private async enter(put: Put, read: Experiment['read']): Promise<Seen | string> {
    const { target, chip, profile } = this;
    const rows = [...allGood(chip, profile, put.without), ...put.rows, jump(profile.base)];
    await target.resetHalt();
    await this.load(rows);
    // who runs a watchdog has no time to stop
    const why = put.free !== undefined ? null : ((await this.toEntry(rows)) ?? (await this.missing(put, read)));
    if (why !== null) return why;
    // on its way without a stop the probe clears them
    const before = put.free === undefined ? await this.raised() : 0;
    // a host that talks may be what a watchdog is refreshed for
    const stored = put.free === undefined ? null : await this.aWhile(put.free);
    const seen = put.free === undefined ? await this.watch(target, this.settings.watchFor) : 'nothing';
    if (seen === 'not-watched') throw new BoardError('nobody watched whether the ROM answers, so nothing can be settled');
    await target.stop();
    await target.assertHalted();
    let exception = await this.exception();
    // the answer may have come from inside an interrupt
    for (let n = 0; n < MOST_LOOKS && seen === 'dfu' && exception !== 0; n++) {
      await target.runUntilStop(LOOK_MS);
      exception = await this.exception();
    }
    const pc = (await target.readRegister('pc')) ?? 0;
    const { base, size } = profile.systemMemory.value;
    const raised = (await this.raised()) & ~before;
    return {
      served: seen === 'dfu',
      pc,
      inRom: pc >= base && pc < base + size,
      reset: raised !== 0,
      value: read === null ? null : await read(this.look),
      stored,
      exception,
      look: this.look,
    };
  }
  /** At the entry: null if what was put is there. */
  private async missing({ value }: Put, read: Experiment['read']): Promise<string | null> {
    if (value === null || read === null) return null;
    const there = await read(this.look);
    if (there === null) return 'what was put cannot be read back through this GDB server';
    return there === value ? null : `the state to be tried could not be made: ${hex32(there)} was read back, not ${hex32(value)}`;
  }
  private async load(rows: readonly Row[]): Promise<void> {
    const { target, ram } = this;
    const bytes = settleBytes(rows);
    const read = (await target.writeMemory(ram, bytes)) ? await target.readMemory(ram, bytes.length) : null;
    if (read === null || !bytes.every((byte, i) => read[i] === byte))
      throw new BoardError(`the probe could not be written to RAM at ${hex32(ram)}`);
    const registers = { r0: ram + TABLE, sp: ram - STACK, xpsr: THUMB, pc: ram } as const;
    for (const [name, value] of Object.entries(registers))
      if (!(await target.writeRegister(name, value)) && name !== 'xpsr') throw new BoardError(`the GDB server does not write ${name}`);
  }
  /** Null: the core stands at the ROM's first instruction. */
  private async toEntry(rows: readonly Row[]): Promise<string | null> {
    const { target, entry, ram } = this;
    await target.setBreakpoint(entry, true);
    let pc = ram;
    // a second core that has nothing to run stops both
    const inProbe = (): boolean => pc >= ram && pc < ram + PROBE.length;
    for (let stops = 0; stops < MOST_STOPS && inProbe(); stops++) {
      const stop = await target.runUntilStop(this.settings.timeout);
      pc = (await target.readRegister('pc')) ?? 0;
      if (stop === null || (inProbe() && (await this.atBreakpoint(pc)))) break;
    }
    await target.setBreakpoint(entry, false);
    if (pc === entry) return null;
    if (!inProbe())
      throw new BoardError(`the probe did not reach the ROM's first instruction ${hex32(entry)}: the core is at ${hex32(pc)}`);
    const table = ram + TABLE;
    const row = rows[(((await target.readRegister('r0')) ?? table) - table) / 16 - 1];
    return `the state to be tried could not be made: what the probe waits for at ${hex32(row?.[1] ?? 0)} does not come`;
  }
  /** Where the probe ends by itself. */
  private async atBreakpoint(pc: number): Promise<boolean> {
    const word = (await this.target.word((pc & ~3) >>> 0)) ?? 0;
    return ((word >>> (8 * (pc & 2))) & 0xff00) === 0xbe00;
  }
  /** Whether a store to the watched place came; null: nobody can tell. */
  private async aWhile({ ms, watch }: NonNullable<Put['free']>): Promise<boolean | null> {
    const { target } = this;
    const watched = watch !== undefined && (await target.setWatchpoint(watch, 4, 'write', true));
    const stop = await target.runUntilStop(ms);
    if (!watched) return null;
    await target.setWatchpoint(watch, 4, 'write', false);
    return stop !== null;
  }
  /** 0: the core is in no exception. */
  private async exception(): Promise<number> {
    return ((await this.target.readRegister('xpsr')) ?? 0) & 0x1ff;
  }
  /** Flags of resets. */
  private async raised(): Promise<number> {
    return this.flags === null ? 0 : ((await this.target.word(this.flags.address)) ?? 0) & this.flags.mask;
  }
  readonly look: Look = {
    word: (address) => this.target.word(address),
    core: (name) => this.target.readRegister(name),
    field: async (path) => {
      const place = locate(this.chip, path);
      const word = place && (await this.target.word(place.address));
      return place === null || word === null ? null : (word & place.mask) >>> place.bit;
    },
  };
}
function flagsOf(chip: ChipDescription): { readonly address: number; readonly mask: number } | null {
  const { flags = [], clear = '' } = chip.resetFlags ?? {};
  const register = locate(chip, clear);
  if (register === null) return null;
  const places = flags.map((f) => locate(chip, f.field)).filter((p) => p !== null && p.address === register.address);
  return { address: register.address, mask: places.reduce((mask, p) => mask | p!.mask, 0) >>> 0 };
}
