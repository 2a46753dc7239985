/** The machine that is stepped. */
import { DFUse, type WebDfuDevice } from 'webdfu';
import type { Duration, StepAction } from '../src/bench/documents/scenario-types.ts';
import { romProfileIfAny } from '../src/bench/input/job.ts';
import { findChip } from '../src/chips/index.ts';
import { openMachine, type BenchMachine, type Snapshot, type Stopped } from '../src/library/machine.ts';
import type { TypedScenario } from '../src/library/options.ts';
import { clocksOf, toldOf } from '../src/report/standing.ts';
import { BusLog } from './bus-log.ts';
import { FLIPS } from './flips.ts';
import { listingOf } from './listing.ts';
import { machineOptionsOf } from './options.ts';
import type { Changed, DfuDevice, Flips, Go, Setup, View } from './setup.ts';

/** Registers that count time change by themselves. */
const CLOCKWORK = /^(TIM\d+|LPTIM\d+)\.CNT$|^RTC\.|^USB.*\.(FNR|DSTS|HFNUM)$|^OTG.*DSTS$|^DWT/;
const TIMELINE_ROWS = 60;
const MOST_SNAPSHOTS = 40;
/** As long as a user waits for something: a request word is often read seconds behind the reset. */
const GO_LIMIT = '20s';

/** As lsusb and dfu-util write it. */
const lsusb = (id: string | null): string => id?.replace(/^0x/, '') ?? '????';

export class Held {
  private machine: BenchMachine | null = null;
  private values = new Map<string, number>();
  private core: Readonly<Record<string, number>> = {};
  /** Where the run was over, in seconds. */
  private endedAt: number | null = null;

  /** What is asked of the held machine happens one after the other: an `open` that waits for a chip's facts is not overtaken. */
  private last: Promise<unknown> = Promise.resolve();
  private inTurn<T>(work: () => T | Promise<T>): Promise<T> {
    const next = this.last.then(work);
    this.last = next.catch(() => undefined);
    return next;
  }

  /** A machine to step, at power-on. */
  open(setup: Setup, flips: Flips): Promise<View> {
    return this.inTurn(async () => {
      this.machine?.close();
      this.machine = null;
      this.dfu = null;
      this.opened = await machineOptionsOf(setup, flips);
      const steps = (this.opened.scenario as TypedScenario | undefined)?.steps ?? [];
      this.buttons = [...new Set(steps.flatMap(({ do: action }) => ('pin' in action ? [action.pin.name] : [])))];
      this.machine = await this.taken(this.opened);
      this.endedAt = null;
      this.past = [this.machine.save()];
      this.values = new Map();
      this.changesSince();
      return this.view('power-on', []);
    });
  }
  private async taken(options: Parameters<typeof openMachine>[0]): Promise<BenchMachine> {
    const machine = await openMachine(options);
    this.bus = new BusLog(machine.session);
    return machine;
  }
  private bus: BusLog | null = null;
  go(where: Go): Promise<View> {
    return this.inTurn(async () => {
      const { signal } = (this.going = new AbortController());
      this.remember();
      const why = await this.move(this.held, where, signal);
      return this.view(signal.aborted ? 'stopped' : why, this.changesSince());
    });
  }
  private going: AbortController | null = null;
  /** Where it has stood: the first is power-on. */
  private past: Snapshot[] = [];
  private remember(): void {
    this.past.push(this.held.save());
    // power-on stays: from there every instant can be reached
    if (this.past.length > MOST_SNAPSHOTS) this.past.splice(1, 1);
  }
  private restore(to: Snapshot): void {
    this.held.restore(to);
    this.bus?.cut(this.held.session.machine.now);
    this.endedAt = null;
    this.dfu = null;
  }
  /** To an instant, forth or back: back is the last place before it where the machine has stood, and on from there. */
  seek(at: number): Promise<View> {
    return this.inTurn(async () => {
      const m = this.held;
      const { signal } = (this.going = new AbortController());
      if (at < m.now) {
        while (this.past.length > 1 && this.past.at(-1)!.at > at) this.past.pop();
        this.restore(this.past.at(-1)!);
      } else this.remember();
      if (at > m.now) await m.runUntil({ at: `${Math.round(at * 1e12)}ps` }, { signal });
      return this.view(signal.aborted ? 'stopped' : 'at this instant', this.changesSince());
    });
  }
  /** To where it stood before the last step. */
  back(): Promise<View> {
    return this.inTurn(() => {
      const last = this.past.length > 1 ? this.past.pop()! : this.past[0]!;
      this.restore(last);
      return this.view('a step back', this.changesSince());
    });
  }
  /** Whatever it is on the way to: it stays where it is. Nothing waits for its turn here. */
  stop(): void {
    this.going?.abort();
  }
  /** Something happens to the chip from outside. */
  act(action: StepAction, label: string, forth?: Duration): Promise<View> {
    return this.inTurn(async () => {
      const own = await this.withoutEvents();
      this.remember();
      await this.held.act(action);
      if (forth !== undefined) await this.held.run(forth);
      return this.view(`done: ${label}${own ? ', by hand from here on' : ''}`, this.changesSince());
    });
  }
  /**
   * Whose events are still to come gives way to a machine without events, at the same instant: both have done the same until here, and nothing happens twice. Where some
   * have come already, another one comes behind those that are left.
   */
  private async withoutEvents(): Promise<boolean> {
    const { held, opened } = this;
    const steps = (opened?.scenario as TypedScenario | undefined)?.steps ?? [];
    if (opened === null || steps.length === 0 || held.timeline.some(({ kind }) => kind === 'scenario')) return false;
    const alone = { ...opened, scenario: { ...(opened.scenario as TypedScenario), steps: [] } };
    const at = held.now;
    held.close();
    this.machine = null;
    this.machine = await this.taken(alone);
    this.opened = alone;
    this.past = [this.machine.save()];
    if (at > 0) await this.machine.runUntil({ at: `${Math.round(at * 1e12)}ps` });
    return true;
  }
  private opened: Awaited<ReturnType<typeof machineOptionsOf>> | null = null;
  private get held(): BenchMachine {
    if (!this.machine) throw new Error('no machine is open');
    return this.machine;
  }
  private async move(m: BenchMachine, where: Go, signal: AbortSignal): Promise<string> {
    const come = (s: Stopped, words: string): string =>
      s.by === 'until' ? words : `that did not come within ${GO_LIMIT.replace('s', ' s')}`;
    const limit = { limit: GO_LIMIT, signal } as const;
    switch (where) {
      case 'instruction':
        m.step();
        return 'one instruction';
      case 'line':
      case 'over':
        m.stepLine({ over: where === 'over' });
        return 'another line';
      case 'reset':
        return come(await m.runUntil({ reset: true }, limit), 'behind a reset');
      case 'entry':
        return come(await m.runUntil({ entry: true }, limit), 'in front of the first instruction in system memory');
      case 'exception':
        return come(await m.runUntil({ exception: true }, limit), 'an exception is taken');
      case 'dfu':
        return come(await m.runUntil({ usb: 'dfu' }, limit), 'the host has the DFU device');
      case 'millisecond':
        await m.run('1ms', { signal });
        return 'a millisecond later';
      case 'end': {
        // it has been there: the same again would be another run behind this one
        if (this.endedAt === m.now) return `the run is over: ${m.outcome}`;
        const end = await m.finish({ signal }).catch((error: unknown) => {
          if (signal.aborted) return null;
          throw error;
        });
        if (end !== null) this.endedAt = m.now;
        return `the run is over: ${end?.outcome}`;
      }
    }
  }
  /** Turns something over in the machine that is held. */
  turn(id: string, on: boolean): Promise<View> {
    return this.inTurn(() => {
      const m = this.held;
      this.remember();
      const flip = FLIPS.find((f) => f.id === id)!;
      flip.write(m, findChip(m.board.chip)!, on);
      return this.view(`${flip.label}: ${flip.words[on ? 1 : 0]}`, this.changesSince());
    });
  }
  look(): Promise<View> {
    return this.inTurn(() => this.view('as it is', []));
  }

  /** Registers, fields and words of memory (by address) of the machine that is held; null for what this chip does not have. */
  read(what: readonly string[]): Promise<Readonly<Record<string, number | null>>> {
    return this.inTurn(() => Object.fromEntries(what.map((name) => [name, valueOf(this.held, name)])));
  }

  /** What has changed in the registers of peripherals since the last look. */
  private changesSince(): Changed[] {
    const m = this.held;
    const changed: Changed[] = [];
    const next = new Map<string, number>();
    for (const peripheral of m.peripherals) {
      for (const register of m.registersOf(peripheral)) {
        const name = `${peripheral}.${register}`;
        const value = m.read(name);
        next.set(name, value);
        const before = this.values.get(name);
        if (before === undefined || before === value || CLOCKWORK.test(name)) continue;
        const now = m.register(name).fields;
        const fields = Object.entries(now).flatMap(([field, n]) => {
          const { bit, width } = m.fieldBits(`${name}.${field}`);
          const old = Math.floor(before / 2 ** bit) % 2 ** width;
          return old === n ? [] : [{ name: field, before: old, now: n }];
        });
        changed.push({ name, value, fields });
      }
    }
    this.values = next;
    return changed.slice(0, 40);
  }
  /** Pins that the board drives in this run. */
  private pinsOf(m: BenchMachine): Record<string, 0 | 1> {
    const names = this.buttons.filter((name) => name !== 'BOOT0');
    return Object.fromEntries(names.map((name) => [name, m.pin(name).level]));
  }
  private buttons: readonly string[] = [];
  private view(why: string, changes: readonly Changed[]): View {
    const m = this.held;
    const before = this.core;
    const registers = m.registers;
    this.core = registers;
    // without a cable there is no device, whatever the host has not noticed yet
    const device = m.outside.cable === 'out' ? null : m.usb.device;
    return {
      at: m.now,
      instructions: m.instructions,
      zone: m.zone,
      rom: this.opened?.romDump === undefined ? (romProfileIfAny(findChip(m.board.chip)!)?.image ?? null) : null,
      place: m.place,
      registers: Object.entries(registers).map(([name, value]) => ({ name, value, changed: name in before && before[name] !== value })),
      changes,
      told: toldOf(m.session, this.bus?.last ?? null),
      clocks: clocksOf(m.session),
      code: listingOf(m, findChip(m.board.chip)!),
      console: Object.values(m.console).join('\n').slice(-2000),
      timeline: m.timeline.slice(-TIMELINE_ROWS).map(({ at, kind, text }) => ({ at, kind, text })),
      usb: m.usb.log.slice(-TIMELINE_ROWS).map(({ at, text }) => ({ at, text })),
      device:
        device === null
          ? null
          : `${lsusb(device.vid)}:${lsusb(device.pid)} ${device.product ?? ''} (${device.servedBy === 'system' ? 'ROM' : 'application'})`,
      board: { ...m.outside, pins: this.pinsOf(m) },
      outcome: m.outcome,
      ended: this.endedAt === m.now,
      why,
    };
  }

  // ---- the device through WebUSB ------------------------------------------------------------------------------------------------
  private dfu: WebDfuDevice | null = null;
  /** As a page would: the package webdfu on `navigator.usb`, which is the emulated device here. */
  async dfuOpen(): Promise<DfuDevice> {
    const device = (await this.held.usb.webusb.requestDevice({ filters: [] })) as unknown as USBDevice;
    const interfaces = DFUse.findDeviceDfuInterfaces(device);
    if (interfaces.length === 0) throw new Error('the device has no DFU interface');
    this.dfu = new DFUse.Device(device, interfaces[0]!);
    await this.dfu.open();
    return { name: device.productName ?? 'a device', alternates: interfaces.map((i) => i.name ?? '') };
  }
  async dfuRead(address: number, length: number): Promise<Uint8Array> {
    const dfu = this.connected();
    dfu.startAddress = address;
    return new Uint8Array(await (await dfu.do_upload(TRANSFER_SIZE, length)).arrayBuffer());
  }
  async dfuWrite(address: number, bytes: Uint8Array): Promise<void> {
    const dfu = this.connected();
    dfu.startAddress = address;
    await dfu.do_download(TRANSFER_SIZE, new Uint8Array(bytes).buffer, false);
  }
  private connected(): WebDfuDevice {
    if (!this.dfu) throw new Error('open the device first');
    return this.dfu;
  }
}
const TRANSFER_SIZE = 1024;

function valueOf(machine: BenchMachine, name: string): number | null {
  if (/^0x[0-9a-f]+$/i.test(name)) return machine.readMemory(Number(name), 4).reduceRight((n, byte) => n * 256 + byte, 0);
  try {
    return machine.read(name);
  } catch {
    return null;
  }
}
