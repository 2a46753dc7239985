/**
 * The minute after the enumeration, on a copy of the machine: what a host does with the DFU device. It lists it and waits, reads a page, erases it, writes what stood there, reads that
 * again, leaves, and looks at the application until it shows that it lives.
 */
import { MS, PS_PER_SECOND, type Ps } from '../../emu/time.ts';
import { DFU_STATE, layoutOf } from '../../usb-sim/dfu-protocol.ts';
import type { DfuOperation } from '../../usb-sim/types.ts';
import type { DfuRequest } from '../../usb-sim/usb-sim.ts';
import { leaveTwin } from './leave.ts';
import { CutShort, isCut } from '../session/budget.ts';
import { badSteps } from '../documents/proved.ts';
import { AFTER_STEPS, hex32, type After, type AfterResult, type AfterStep } from '../documents/result.ts';
import type { Session } from '../session/session.ts';
import { inShortRun } from '../session/short-run.ts';

/** A user looks at the device before he downloads: so long at least. */
const STAY: Ps = 2 * PS_PER_SECOND;
/** An interrupt of the application that is enabled has so long to fire: an RTC wakes every few seconds. */
const STAY_IF_ARMED: Ps = 12 * PS_PER_SECOND;
/** A watchdog that runs is waited for, up to this. */
const LONGEST_STAY: Ps = 40 * PS_PER_SECOND;
const MARGIN: Ps = 50 * MS;
/** A device that does not answer for so long is lost. */
const SILENT: Ps = PS_PER_SECOND;
/** dfu-util waits for ever; a sector of 128 KB takes 4 s at most (datasheets). */
const PATIENCE: Ps = 30 * PS_PER_SECOND;
/** The application has so long to show a sign of life. */
const LIFE: Ps = 2 * PS_PER_SECOND;
/** Effort: sectors up to this are written as a whole, with what stood there. */
const WHOLE_SECTOR = 0x4000;
const SOME_BYTES = 2048;

type Results = { [K in AfterStep]: AfterResult<string> };
const ok = (because: string | null = null): AfterResult<string> => ({ result: 'ok', because });
const failed = (because: string): AfterResult<string> => ({ result: 'failed', because });

export const untried = (because: string): After<string> =>
  Object.fromEntries(AFTER_STEPS.map((step) => [step, { result: 'not-tried', because }])) as Results;

export interface Acceptance {
  readonly after: After<string>;
  /** The application has no vector table of its own in force: the next reset mends that, and `leave` tells all about it. */
  readonly toRom: boolean;
}
/** Nothing that was tried keeps a user from his download. */
export const isGood = ({ after, toRom }: Acceptance): boolean => badSteps(after).every((step) => step === 'alive' && toRom);
const isBad = ({ result }: AfterResult): boolean => result === 'refused' || result === 'failed';

/** What the user is kept from, for the first screen. */
export function unusableInWords(after: After<string>): string {
  const each = badSteps(after).map(
    (step) => `${NAMES[step]} ${after[step].result}${after[step].because === null ? '' : ` (${after[step].because})`}`,
  );
  return `the device appears, but it cannot be used as it should: ${each.join('; ')}`;
}
const NAMES: Readonly<Record<AfterStep, string>> = {
  list: 'staying on the bus',
  upload: 'upload',
  erase: 'erase',
  download: 'download',
  verify: 'reading back what was written',
  leave: 'leave',
  alive: 'the application behind the leave',
};

/**
 * The session stands at the end of a run that reached DFU; it is left anywhere.
 *
 * @param armed checks found something of the application that may still fire
 */
export function acceptance(s: Session, armed = true): Acceptance {
  const { dfu } = s.usb.state;
  if (dfu === null || !s.usb.dfuReady || s.usb.dfuLeft) return { after: untried('the scenario itself has left DFU'), toRom: false };
  if (layoutOf(dfu).length === 0) return { after: untried('the device describes no memory'), toRom: false };
  return inShortRun(s.machine, () => new Client(s, armed).run());
}

class Client {
  private readonly s: Session;
  /** Something of the application may still fire. */
  private readonly armed: boolean;
  private toRom = false;
  private readonly resets: number;
  private readonly results: Results;

  constructor(s: Session, armed: boolean) {
    this.s = s;
    this.armed = armed;
    this.resets = s.machine.history.resets.length;
    this.results = { ...untried('a step before it failed') } as Results;
  }

  run(): Acceptance {
    return { after: this.steps(), toRom: this.toRom };
  }
  private steps(): After<string> {
    const { s, results } = this;
    s.keepCheckpoints = false;
    results.list = this.stay();
    if (isBad(results.list)) return results;
    const at = this.target();
    results.upload = this.read(at.address, Math.min(at.size, SOME_BYTES));
    results.erase = this.erase(at);
    // a page that cannot be erased cannot be written either
    if (isBad(results.erase)) return results;
    this.program(at);
    return results;
  }

  private stay(): AfterResult<string> {
    const { s } = this;
    const { system, chip } = s.machine;
    const due = chip.blocks.map((row) => (row.model?.includes('wdg') === true ? (system.published(system.block(row.name)).due ?? 0) : 0));
    const until = s.machine.now + (this.armed ? STAY_IF_ARMED : STAY);
    const last = Math.max(until, ...due.filter((t) => t < s.machine.now + LONGEST_STAY).map((t) => t + MARGIN));
    this.until(() => this.isGone(), last);
    if (this.isGone()) return failed(this.gone());
    const alts = s.usb.session()?.altSettings ?? [];
    return ok(`${alts.length} alternate ${alts.length === 1 ? 'setting' : 'settings'}, the first ${JSON.stringify(alts[0] ?? '')}`);
  }
  private isGone(): boolean {
    const { usb, machine } = this.s;
    const lost = usb.dfuLostSince;
    const isSilent = lost !== null && usb.dfuIdle && machine.now - lost >= SILENT;
    return isSilent || machine.history.resets.length > this.resets || !usb.dfuReady;
  }
  private gone(): string {
    const { machine, usb } = this.s;
    const reset = machine.history.resets[this.resets];
    const since = usb.sessions.findLast((u) => u.enumerated !== null && u.servedBy === 'system')?.enumerated ?? machine.now;
    const at = reset?.at ?? usb.dfuLostSince ?? machine.now;
    const why = reset === undefined ? 'it no longer answers' : `a reset by ${reset.by}`;
    return `gone ${((at - since) / PS_PER_SECOND).toFixed(2)} s after the enumeration: ${why}`;
  }

  /** The first address of an image in the memory that the device describes. */
  private application(): number | null {
    const { s } = this;
    const layout = layoutOf(s.usb.state.dfu!);
    const addresses = s.input.images.flatMap((i) => i.chunks.map((c) => c.address));
    return addresses.find((a) => layout.some((x) => a >= x.start && a < x.end)) ?? null;
  }
  /** The sector in which the application begins. */
  private target(): { readonly address: number; readonly size: number } {
    const { s } = this;
    const layout = layoutOf(s.usb.state.dfu!);
    const address = this.application() ?? layout[0]!.start;
    const segment = layout.find((x) => address >= x.start && address < x.end)!;
    const first = segment.start + Math.floor((address - segment.start) / segment.sectorSize) * segment.sectorSize;
    return { address: first, size: segment.sectorSize };
  }
  private bytesAt(address: number, length: number): Uint8Array {
    return Uint8Array.from({ length }, (_, i) => this.s.machine.bootCore.peekBehindCache(address + i, 1) ?? 0xff);
  }

  private read(address: number, length: number): AfterResult<string> {
    const wanted = this.bytesAt(address, length);
    const done = this.operate({ kind: 'upload', address, length });
    if (done.status !== 'ok') return this.refusal(done);
    return sameBytes(done.data, wanted) ? ok() : failed(`the device sends other bytes than the memory at ${hex32(address)} holds`);
  }
  private erase({ address, size }: { readonly address: number; readonly size: number }): AfterResult<string> {
    const { s } = this;
    const before = size <= WHOLE_SECTOR ? null : s.save();
    const kept = this.bytesAt(address, Math.min(size, WHOLE_SECTOR));
    const done = this.operate({ kind: 'erase', address, length: 1 });
    const erased = done.status === 'ok' && this.bytesAt(address, kept.length).every((b) => b === this.erasedByte(address));
    if (before !== null) s.restore(before);
    else this.kept = kept;
    if (done.status !== 'ok') return this.refusal(done);
    return erased ? ok() : failed(`the device says that the page at ${hex32(address)} is erased, and it is not`);
  }
  private kept: Uint8Array | null = null;
  /** What an erased cell reads: 0xFF, 0 on L0 and L1. */
  private erasedByte(address: number): number {
    return this.s.machine.system.memories.find(({ row }) => address >= row.base && address < row.base + row.size)?.row.erased ?? 0xff;
  }

  private program(at: { readonly address: number; readonly size: number }): void {
    const { results } = this;
    const place = this.kept === null ? this.free(at) : at.address;
    if (place === null) {
      results.download = results.verify = { result: 'not-tried', because: 'no sector of the flash is free' };
    } else {
      const data = this.kept ?? Uint8Array.from({ length: SOME_BYTES }, (_, i) => (i * 7 + (i >>> 8)) & 0xff);
      const done = this.operate({ kind: 'download', address: place, data });
      results.download = done.status === 'ok' ? ok() : this.refusal(done);
      if (isBad(results.download)) return;
      results.verify = this.verified(place, data);
      if (isBad(results.verify)) return;
    }
    this.leave();
  }
  /** A sector that holds nothing. */
  private free({ address, size }: { readonly address: number; readonly size: number }): number | null {
    const sectors = layoutOf(this.s.usb.state.dfu!).flatMap((x) =>
      x.erasable && x.writable ? Array.from({ length: (x.end - x.start) / x.sectorSize }, (_, i) => x.start + i * x.sectorSize) : [],
    );
    // a device may list more than the part has
    const { bootCore } = this.s.machine;
    const isFree = (at: number): boolean =>
      at !== address && bootCore.peek(at, 1) !== null && this.bytesAt(at, Math.min(size, WHOLE_SECTOR)).every((b) => b === 0xff);
    return sectors.findLast(isFree) ?? null;
  }
  private verified(address: number, data: Uint8Array): AfterResult<string> {
    const seen = this.read(address, data.length);
    if (isBad(seen)) return seen;
    return sameBytes(this.bytesAt(address, data.length), data)
      ? ok()
      : failed(`the flash at ${hex32(address)} does not hold what was sent`);
  }

  private leave(): void {
    const { s, results } = this;
    const { machine } = s;
    const start = this.application();
    if (start === null) {
      results.leave = results.alive = { result: 'not-tried', because: 'there is no application' };
      return;
    }
    const texts = this.printed();
    // the session keeps the state before its first instruction
    s.keepCheckpoints = true;
    const asked = machine.now;
    const done = this.operate({ kind: 'leave', address: start });
    results.leave = done.status === 'ok' ? ok() : this.refusal(done);
    if (isBad(results.leave)) return;
    results.alive = this.life(asked, texts);
  }
  /** Characters of all channels so far. */
  private printed(): number {
    return Object.values(this.s.machine.state.console).reduce((sum, { count }) => sum + count, 0);
  }
  private entered(since: Ps, how: 'branch' | 'boot' | 'exception'): boolean {
    return this.s.machine.history.entries.some((e) => e.at > since && e.how === how);
  }
  private life(since: Ps, texts: number): AfterResult<string> {
    const { s } = this;
    const { machine, usb } = s;
    let ticks = 0;
    const { observer } = machine;
    machine.observer = {
      ...observer,
      exceptionReturn: (...of) => {
        observer.exceptionReturn?.(...of);
        if (!machine.state.inSystem) ticks++;
      },
    };
    const sign = (): string | null => {
      if (usb.sessions.some((u) => u.at > since && u.enumerated !== null && u.servedBy === 'user')) return 'its USB device is there';
      if (this.entered(since, 'branch') || this.entered(since, 'boot')) return 'it enters the ROM again';
      if (this.printed() > texts) return 'it prints';
      return ticks > 2 ? 'its interrupts are served' : null;
    };
    try {
      const died = (): boolean => s.state.fault !== null || machine.state.lockup !== null || this.entered(since, 'exception');
      this.until(() => sign() !== null || died(), machine.now + LIFE);
    } finally {
      machine.observer = observer;
    }
    this.toRom = this.entered(since, 'exception');
    if (this.toRom)
      return failed('its exceptions go to the ROM, whose vector table is still in force: set VTOR, or the mapping at 0, in its start-up');
    if (machine.state.lockup !== null || s.state.fault !== null) return failed('it faults');
    const seen = sign();
    if (seen !== null) return ok(seen);
    return machine.state.inSystem ? failed('the ROM does not start it') : this.asFromReset();
  }

  /** It shows nothing: is that what it shows from reset, too? */
  private asFromReset(): AfterResult<string> {
    const [missing] = this.s.leave === null ? [] : (leaveTwin(this.s, false)?.facts.missing ?? []);
    return missing === undefined ? ok('it runs') : failed(`after a reset, ${missing}, and behind the leave it does not`);
  }

  // ---- the host
  private operate(request: DfuRequest): DfuOperation {
    const { usb, machine } = this.s;
    const id = usb.dfu(request);
    const found = (): DfuOperation => usb.operations.find((o) => o.id === id)!;
    const isOver = (): boolean => ['ok', 'failed'].includes(found().status);
    this.until(() => isOver() || (request.kind !== 'leave' && this.isGone()), machine.now + PATIENCE);
    return found();
  }
  private until(over: () => boolean, time: Ps): void {
    const { s } = this;
    while (s.machine.now < time && !over()) {
      const before = s.machine.now;
      const end = s.run({ until: time, over, counterfactual: true });
      if (isCut(end.reason)) throw new CutShort(end.reason);
      if (s.machine.now === before) break;
    }
  }
  private refusal(o: DfuOperation): AfterResult<string> {
    if (o.kind !== 'leave' && this.isGone()) return failed(this.gone());
    if (o.status !== 'failed') return failed(`no end within ${PATIENCE / PS_PER_SECOND} s`);
    const isAnswer = o.bState === DFU_STATE.ERROR || /stall/.test(o.error ?? '');
    return isAnswer ? { result: 'refused', because: o.error } : failed(o.error ?? 'it failed');
  }
}

const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((byte, i) => byte === b[i]);
