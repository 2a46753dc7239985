/**
 * The debug port of the emulated chip: DP registers, access ports, memory through them (ADIv5, IHI 0031). Owns the machine while a probe is attached: each
 * access takes its time on the wire, and time passes for everything but halted cores, so that a flash operation ends while the debugger polls.
 */
import { MS, PS_PER_SECOND, type Ps } from '../../emu/time.ts';
import type { DebugTarget } from '../debug-target.ts';
import { CoreDebug } from './core-debug.ts';

/** What an access port is: IDR, the core whose bus it sees, and where its addresses differ from the core's. */
interface PortRow {
  readonly idr: number;
  readonly core: number;
  readonly map?: (address: number) => number | null;
}

/** Time of an access on the wire: about 50 bits at 4 MHz, and what the probe needs in between. */
const ACCESS: Ps = PS_PER_SECOND / 50_000;
/** Time of a command of the probe: its USB is full speed, a frame takes 1 ms. Debuggers count their polls of a busy flash by it. */
const COMMAND: Ps = MS;
/** Virtual time that cores run between two looks at the probe. */
const TURN: Ps = 5 * MS;
const [APB_DBGMCU, DBGMCU_H7] = [0xe00e1000, 0x5c001000];
/** The H7's debug bus (RM0399 §60.5): DBGMCU lies there too. Trace components, which are not modelled, read 0 (null). */
const debugBus = (address: number): number | null =>
  address >= APB_DBGMCU && address < APB_DBGMCU + 0x1000 ? address - APB_DBGMCU + DBGMCU_H7 : null;

/** Access port of the debug components' bus. */
const APB_AP = 0x54770002;
/** Families with one core behind access port 1; port 0 is the debug bus (RM0481, debug support: access ports). */
const CORE_BEHIND_PORT_1: readonly string[] = ['STM32H5'];

export type Access = { readonly ok: true; readonly value: number } | { readonly ok: false };
const FAULT: Access = { ok: false };
const done = (value = 0): Access => ({ ok: true, value: value >>> 0 });

/** State of a MEM-AP. */
interface MemAp {
  csw: number;
  tar: number;
}

export class DebugPort {
  readonly target: DebugTarget;
  readonly cores: readonly CoreDebug[];
  private readonly ports: readonly (PortRow | null)[];
  private readonly state: MemAp[];
  private select = 0;
  private control = 0;
  private sticky = false;
  private buffer = 0;
  private resetHeld = false;

  constructor(target: DebugTarget) {
    this.target = target;
    const { machine } = target;
    this.cores = machine.cores.map((core) => new CoreDebug(target, core));
    const idr = (i: number): number => this.cores[i]!.shape.idr;
    this.ports =
      machine.cores.length === 1
        ? CORE_BEHIND_PORT_1.includes(machine.chip.family)
          ? [
              { idr: APB_AP, core: 0, map: () => null },
              { idr: idr(0), core: 0 },
            ]
          : [{ idr: idr(0), core: 0 }]
        : [
            { idr: idr(0), core: 0 },
            { idr: idr(0), core: 0 },
            { idr: APB_AP, core: 0, map: debugBus },
            { idr: idr(1), core: 1 },
          ];
    this.state = this.ports.map(() => ({ csw: 0x43000052, tar: 0 }));
    // nobody halts what no debugger has enabled
    for (const core of machine.cores) target.setHalted(core, false);
    target.onReset = () => this.cores.forEach((c) => c.cameOutOfReset());
  }
  get dpidr(): number {
    return this.cores[0]!.shape.dpidr;
  }

  // ---- time ------------------------------------------------------------------------------------------------------------------------
  /** Runs for a turn; false when no core runs. */
  advance(): boolean {
    if (!this.target.running || this.resetHeld) return false;
    this.pass(TURN);
    return this.target.running;
  }
  /** A command of the probe has taken its time. */
  spend(): void {
    this.pass(COMMAND);
  }
  private pass(time: Ps): void {
    this.run(time);
    this.target.keepSysTicks();
  }
  private run(time: Ps): void {
    const { target } = this;
    const end = target.machine.now + time;
    if (this.cores.some((c) => c.catchesFaults)) target.stops.catches.add('fault');
    else target.stops.catches.delete('fault');
    while (target.machine.now < end) {
      const found = target.advanceTo(end);
      if (!found) return;
      const core = this.cores[found.core.index]!;
      // without a debugger the core goes on, or is locked up, as on any board
      if (core.enabled) core.stopped(found.stop);
      else if (found.stop.kind === 'lockup' || found.stop.kind === 'bkpt') return;
    }
  }
  /** NRST by the probe. */
  setReset(low: boolean): void {
    const { machine } = this.target;
    if (low === this.resetHeld) return;
    this.resetHeld = low;
    machine.holdReset(low);
    this.pass(ACCESS);
  }

  // ---- DP and AP registers ------------------------------------------------------------------------------------------------------------
  readDp(address: number): Access {
    switch (address & 0xc) {
      case 0:
        return done(this.dpidr);
      case 4:
        // power-up requests are granted at once
        return done((this.control & 0x50000000) | ((this.control & 0x50000000) << 1) | (this.sticky ? 0x20 : 0));
      case 8:
        return done(this.select);
      default:
        return done(this.buffer);
    }
  }
  writeDp(address: number, value: number): Access {
    switch (address & 0xc) {
      case 0:
        // ABORT: STKERRCLR
        if (value & 4) this.sticky = false;
        break;
      case 4:
        this.control = value;
        if (value & 0x20) this.sticky = false;
        break;
      case 8:
        this.select = value;
    }
    return done();
  }
  readAp(port: number, address: number): Access {
    this.pass(ACCESS);
    const row = this.ports[port];
    if (!row) return done(0);
    const ap = this.state[port]!;
    switch (address & 0xfc) {
      case 0x00:
        return done(ap.csw | 0x40);
      case 0x04:
        return done(ap.tar);
      case 0x0c:
        return this.data(port, (size) => this.read(port, ap.tar, size));
      case 0x10:
      case 0x14:
      case 0x18:
      case 0x1c:
        return this.checked(this.read(port, ((ap.tar & ~0xf) | (address & 0xc)) >>> 0, 4));
      case 0xf4:
        return done(0);
      case 0xf8:
        return done(0xe00ff003);
      case 0xfc:
        return done(row.idr);
      default:
        return done(0);
    }
  }
  writeAp(port: number, address: number, value: number): Access {
    this.pass(ACCESS);
    const row = this.ports[port];
    if (!row) return done();
    const ap = this.state[port]!;
    switch (address & 0xfc) {
      case 0x00:
        ap.csw = value;
        return done();
      case 0x04:
        ap.tar = value >>> 0;
        return done();
      case 0x0c:
        return this.data(port, (size) => this.write(port, ap.tar, size, value >>> (8 * (ap.tar & (4 - size)))));
      case 0x10:
      case 0x14:
      case 0x18:
      case 0x1c:
        return this.checked(this.write(port, ((ap.tar & ~0xf) | (address & 0xc)) >>> 0, 4, value));
      default:
        return done();
    }
  }
  /** DRW: the size and increment of CSW; narrow data lies in its byte lanes. TAR wraps inside 4 KB on M3 and M4, 1 KB elsewhere. */
  private data(port: number, access: (size: 1 | 2 | 4) => Access): Access {
    const ap = this.state[port]!;
    const size = SIZES[ap.csw & 7] ?? 4;
    const result = this.checked(access(size));
    const lane = size === 4 ? 0 : 8 * (ap.tar & (4 - size));
    if (result.ok && (ap.csw & 0x30) !== 0) {
      const wrap = this.core(port).shape.tarWrap - 1;
      ap.tar = ((ap.tar & ~wrap) | ((ap.tar + size) & wrap)) >>> 0;
    }
    return result.ok ? done(result.value << lane) : result;
  }
  private checked(result: Access): Access {
    if (!result.ok) this.sticky = true;
    else this.buffer = result.value;
    return result;
  }
  private core(port: number): CoreDebug {
    return this.cores[this.ports[port]!.core]!;
  }

  // ---- memory ----------------------------------------------------------------------------------------------------------------------
  read(port: number, typed: number, size: 1 | 2 | 4): Access {
    const row = this.ports[port];
    if (!row || (typed & (size - 1)) !== 0) return FAULT;
    const address = row.map ? row.map(typed) : typed;
    if (address === null) return done(0);
    const c = this.core(port);
    const own = c.read((address & ~3) >>> 0);
    if (own !== null) return done((own >>> (8 * (address & 3))) & MASKS[size]);
    const value = c.core.peek(address, size);
    return value === null ? FAULT : done(value);
  }
  write(port: number, typed: number, size: 1 | 2 | 4, value: number): Access {
    const row = this.ports[port];
    if (!row || (typed & (size - 1)) !== 0) return FAULT;
    const address = row.map ? row.map(typed) : typed;
    if (address === null) return done();
    const c = this.core(port);
    if (size === 4 && c.write(address, value >>> 0)) return done();
    if (c.core.peek(address, size) === null || !this.target.busWrite(c.core, address, size, (value & MASKS[size]) >>> 0)) return FAULT;
    return done();
  }
  /** Memory access of a probe that takes many at once; null at the first that fails. */
  readBlock(port: number, address: number, length: number, size: 1 | 2 | 4, increments = true): Uint8Array | null {
    const bytes = new Uint8Array(length);
    for (let i = 0; i < length; i += size) {
      const at = increments ? address + i : address;
      const r = this.checked(this.read(port, at >>> 0, size));
      if (!r.ok) return null;
      for (let k = 0; k < size && i + k < length; k++) bytes[i + k] = r.value >>> (8 * k);
    }
    this.pass(ACCESS);
    return bytes;
  }
  writeBlock(port: number, address: number, bytes: Uint8Array, size: 1 | 2 | 4, increments = true): boolean {
    for (let i = 0; i + size <= bytes.length; i += size) {
      let value = 0;
      for (let k = 0; k < size; k++) value |= bytes[i + k]! << (8 * k);
      const at = increments ? address + i : address;
      if (!this.checked(this.write(port, at >>> 0, size, value >>> 0)).ok) return false;
      // programming waits for the flash, a reset for its pulse
      this.pass(ACCESS);
    }
    return true;
  }
}
const SIZES: Readonly<Record<number, 1 | 2 | 4>> = { 0: 1, 1: 2, 2: 4 };
const MASKS = { 1: 0xff, 2: 0xffff, 4: 0xffffffff } as const;
