/**
 * The minute after the enumeration, on a copy of the machine: what a host does with the DFU device. It lists it and waits, reads a page, erases it, writes what stood there, reads that
 * again, leaves, and looks at the application until it shows that it lives.
 */
import type { PlannedGoal } from '../input/goal.ts';
import { MS, PS_PER_SECOND, type Ps } from '../../emu/time.ts';
import { layoutOf } from '../../usb-sim/dfu-protocol.ts';
import { CanTool } from './after-can.ts';
import { CommandTool } from './after-commands.ts';
import { DfuTool } from './after-dfu.ts';
import { failed, isBad, ok, runUntil, type Tool } from './after-tool.ts';
import type { LeftCause, NotBack } from './behind-leave.ts';
import { heldPin, keptRequest, type HeldPin } from './again.ts';
import { insteadOf, leaveTwin, resetByPin, type LeaveTwin } from './leave.ts';
import { asNotAlive, setOwnTable, wrongTable, wrongTableInWords, type WrongTable } from './own-table.ts';
import { USB_GOAL } from '../documents/goal.ts';
import type { Note } from '../documents/note-facts.ts';
import { badSteps } from '../documents/proved.ts';
import { BUT } from '../documents/reservations.ts';
import { AFTER_STEPS, hex32, type After, type AfterResult, type AfterStep } from '../documents/result.ts';
import type { Session } from '../session/session.ts';
import { inShortRun } from '../session/short-run.ts';
import { place } from '../slice/words.ts';

/** A user looks at the device before he downloads: so long at least. */
const STAY: Ps = 2 * PS_PER_SECOND;
/** An interrupt of the application that is enabled has so long to fire: an RTC wakes every few seconds. */
const STAY_IF_ARMED: Ps = 12 * PS_PER_SECOND;
/** Where it is known that the device stays, and what is asked shows behind a moment as well. */
const MOMENT: Ps = 100 * MS;
/** Another moment to begin: no multiple of what timers are usually set to. */
const LATER: Ps = 1_370 * MS;
/** A watchdog that runs is waited for, up to this. */
const LONGEST_STAY: Ps = 40 * PS_PER_SECOND;
const MARGIN: Ps = 50 * MS;
/** The application has so long to show a sign of life. */
export const LIFE: Ps = 2 * PS_PER_SECOND;
/** Behind its first sign it sets up the rest. */
const SETTLED: Ps = 300 * MS;
/** The least that a page has (L0). */
const ERASED_BYTES = 128;

const AGAIN = 'it enters the ROM again';

type Results = { [K in AfterStep]: AfterResult<string> };

export const untried = (because: string): After<string> =>
  Object.fromEntries(AFTER_STEPS.map((step) => [step, { result: 'not-tried', because }])) as Results;

export interface Acceptance {
  readonly after: After<string>;
  /** Why the application does not come back behind the leave, where that is known. */
  readonly notBack: NotBack | null;
}
/**
 * Nothing that was tried keeps a user from his download.
 *
 * @param alive the application has to run behind the leave, not only behind the next reset
 */
export const isGood = ({ after, notBack }: Acceptance, alive = false): boolean =>
  badSteps(after).every((step) => step === 'alive' && notBack?.is === 'table' && !alive);
/**
 * What keeps the application from running is what the ROM leaves, its table or anything else, and not what the firmware handed over: the next reset mends that.
 *
 * @param left what is proved to keep it from that
 */
const endsAtReset = ({ notBack }: Acceptance, left: readonly Pick<LeftCause, 'at' | 'handed'>[]): boolean =>
  notBack?.is === 'table' ||
  (notBack?.is === 'left' && !notBack.twin.enters && left.length > 0 && left.every(({ at, handed }) => at !== 'entry' && handed !== true));

/** What keeps a user from the device, as a reservation; none where the next reset mends it, and nobody asks for the application behind the leave. */
export function unusableNotes(port: string | null, accepted: Acceptance, left: readonly LeftCause[], alive = false): Note[] {
  const mended = endsAtReset(accepted, left);
  const text = unusableInWords(port, accepted.after);
  return mended && !alive ? [] : [{ kind: BUT, text, about: { is: 'unusable', endsAtReset: mended } }];
}
/**
 * What the user is kept from, for the first screen.
 *
 * @param port of a goal that is not USB
 */
function unusableInWords(port: string | null, after: After<string>): string {
  const bad = badSteps(after);
  if (bad.length === 1 && bad[0] === 'alive')
    return `the download works; behind a leave, the application does not run as it should: ${after.alive.because ?? 'it does not start'}`;
  const each = bad.map((step) => `${NAMES[step]} ${after[step].result}${after[step].because === null ? '' : ` (${after[step].because})`}`);
  return `${port === null ? 'the device appears' : `the ROM answers on ${port}`}, but it cannot be used as it should: ${each.join('; ')}`;
}
const NAMES: Readonly<Record<AfterStep, string>> = {
  list: 'staying there',
  upload: 'upload',
  erase: 'erase',
  download: 'download',
  verify: 'reading back what was written',
  leave: 'leave',
  alive: 'the application behind the leave',
};

/** What a client asks about. */
export interface Asked {
  /** Checks found something of the application that may still fire. */
  readonly armed: boolean;
  /** Nothing behind this step; left out: all. */
  readonly last?: AfterStep;
  /** The device is known to stay: the steps behind that begin at once. */
  readonly stays?: boolean;
  /** With `stays`, it begins at another moment. */
  readonly later?: true;
  /** Whether it can be used, and no more: why it cannot is not looked for. */
  readonly reasons?: false;
}
const ALL: Asked = { armed: true };

/** The session stands at the end of a run that reached its goal; it is left anywhere. */
export function acceptance(s: Session, asked = ALL): Acceptance {
  const tool = toolFor(s, s.input.goal);
  if (typeof tool === 'string') return { after: untried(tool), notBack: null };
  try {
    return inShortRun(s.machine, () => new Client(s, tool, asked).run());
  } finally {
    tool.end?.();
  }
}
/** Whether a program is here that can do on the goal's interface what a user's client does. */
export const hasClient = ({ name, asking }: PlannedGoal): boolean => (asking === null ? name === USB_GOAL : asking.serves !== null);
/** A fault that it does not come back from, or a lockup. */
export const hasFaulted = ({ state, machine }: Session): boolean => state.fault !== null || machine.state.lockup !== null;
/** The program that does it; a text: why there is none. */
export function toolFor(s: Session, { asking }: PlannedGoal): (Tool & { end?: () => void }) | string {
  if (asking?.serves === 'commands') return new CommandTool(s, asking);
  if (asking?.serves === 'can') return new CanTool(s, asking);
  if (asking !== null) return `no client for ${asking.port} is here`;
  const { dfu } = s.usb.state;
  if (dfu === null || !s.usb.dfuReady || s.usb.dfuLeft) return 'the scenario itself has left DFU';
  return layoutOf(dfu).length === 0 ? 'the device describes no memory' : new DfuTool(s);
}

class Client {
  private readonly s: Session;
  private readonly tool: Tool;
  private readonly asked: Asked;
  /** Its exceptions are made to reach its own handlers. */
  private mended = false;
  private notBack: NotBack | null = null;
  private readonly results: Results;

  constructor(s: Session, tool: Tool, asked: Asked) {
    this.s = s;
    this.tool = tool;
    this.asked = asked;
    this.results = { ...untried('a step before it failed') } as Results;
  }

  run(): Acceptance {
    const after = this.steps();
    return { after, notBack: this.notBack };
  }
  private steps(): After<string> {
    const { s, results, tool } = this;
    s.keepCheckpoints = false;
    results.list = this.stay();
    if (isBad(results.list) || this.isLast('list')) return results;
    const address = tool.application() ?? tool.memory;
    results.upload = this.read(address, tool.bytes);
    if (this.isLast('upload')) return results;
    const before = s.save();
    results.erase = this.erase(address);
    // a page that cannot be erased cannot be written either
    if (isBad(results.erase) || this.isLast('erase')) return results;
    this.program(address, this.kept);
    if (isBad(results.download) || isBad(results.verify) || this.isLast('download') || this.isLast('verify')) return results;
    // the rest of the page is not written again: the flash is as it was
    s.restore(before);
    this.leave();
    return results;
  }
  private isLast(step: AfterStep): boolean {
    return this.asked.last === step;
  }

  private stay(): AfterResult<string> {
    const { s, tool } = this;
    const { system, chip } = s.machine;
    const due = chip.blocks.map((row) => (row.model?.includes('wdg') === true ? (system.published(system.block(row.name)).due ?? 0) : 0));
    const { armed, stays, later } = this.asked;
    const moment = later === true ? LATER : MOMENT;
    const until = s.machine.now + (stays === true ? moment : armed ? STAY_IF_ARMED : STAY);
    const last = stays === true ? until : Math.max(until, ...due.filter((t) => t < s.machine.now + LONGEST_STAY).map((t) => t + MARGIN));
    runUntil(s, () => tool.isGone(), last);
    return tool.isGone() ? failed(tool.gone()) : tool.about();
  }

  private bytesAt(address: number, length: number): Uint8Array {
    return Uint8Array.from({ length }, (_, i) => this.s.machine.bootCore.peekBehindCache(address + i, 1) ?? 0xff);
  }
  private read(address: number, length: number): AfterResult<string> {
    const wanted = this.bytesAt(address, length);
    const done = this.tool.read(address, length);
    if ('wrong' in done) return done.wrong;
    return sameBytes(done.data, wanted) ? ok() : failed(`the device sends other bytes than the memory at ${hex32(address)} holds`);
  }
  /** What stood in front of the page that was erased. */
  private kept = new Uint8Array(0);
  private erase(address: number): AfterResult<string> {
    this.kept = Uint8Array.from(this.bytesAt(address, this.tool.bytes));
    const done = this.tool.erase(address);
    if (done.result !== 'ok') return done;
    const isErased = this.bytesAt(address, ERASED_BYTES).every((b) => b === this.erasedByte(address));
    return isErased ? ok() : failed(`the device says that the page at ${hex32(address)} is erased, and it is not`);
  }
  /** What an erased cell reads: 0xFF, 0 on L0 and L1. */
  private erasedByte(address: number): number {
    return this.s.machine.system.memories.find(({ row }) => address >= row.base && address < row.base + row.size)?.row.erased ?? 0xff;
  }
  private program(address: number, data: Uint8Array): void {
    const { results, tool } = this;
    results.download = tool.write(address, data);
    if (isBad(results.download)) return;
    const seen = this.read(address, data.length);
    const isThere = sameBytes(this.bytesAt(address, data.length), data);
    results.verify = isBad(seen) || isThere ? seen : failed(`the flash at ${hex32(address)} does not hold what was sent`);
  }

  private leave(): void {
    const { s, tool, results } = this;
    const start = tool.application();
    if (start === null) {
      results.leave = results.alive = { result: 'not-tried', because: 'there is no application' };
      return;
    }
    const signs = new Signs(s);
    // the session keeps the state before its first instruction
    s.keepCheckpoints = true;
    try {
      results.leave = tool.leave(start);
      if (!isBad(results.leave)) results.alive = this.life(signs);
    } finally {
      signs.end();
    }
  }
  private life(signs: Signs): AfterResult<string> {
    const { s } = this;
    const first = this.watched(signs);
    if (!signs.entered('exception') || s.leave === null) return first;
    const { wrong } = signs;
    // something else may be wrong as well
    this.mended = true;
    s.restore(s.leave.checkpoint);
    this.ownTable();
    signs.again();
    const then = this.watched(signs);
    if (wrong === null) return then;
    if (isBad(then)) {
      if (this.notBack?.is === 'left') this.notBack = { ...this.notBack, table: wrong };
      return then;
    }
    this.notBack = { is: 'table', wrong };
    return failed(
      wrongTableInWords(wrong, (pc) => place(s, pc)),
      asNotAlive(wrong, s.input.images),
    );
  }
  /** Exceptions reach the handlers of the program. */
  private ownTable(): void {
    const { machine, leave } = this.s;
    if (!this.mended || leave === null) return;
    setOwnTable(machine, leave.table);
  }
  private watched(signs: Signs): AfterResult<string> {
    const { s } = this;
    const { machine } = s;
    runUntil(s, () => signs.enough !== null || hasFaulted(s) || signs.entered('exception'), machine.now + LIFE);
    if (hasFaulted(s)) {
      const at = s.state.fault?.pc;
      this.asFromReset('it runs');
      return failed(`it faults${at === undefined ? '' : ` at ${place(s, at)}`}`);
    }
    const seen = signs.enough;
    if (seen === AGAIN) return this.again();
    if (seen !== null) {
      const hangs = this.hangs(signs);
      // what it printed may have been that it enters the ROM
      if (signs.entersAgain) return this.again();
      // what it shows first needs no interrupt, maybe
      return hangs || s.leave?.held === true ? this.asFromReset(seen) : ok(seen);
    }
    return machine.state.inSystem ? failed('the ROM does not start it') : this.asFromReset(signs.some ?? 'it runs');
  }
  /** A program may show something and then wait for ever. One that a reset led into the ROM asks for it when it starts, maybe late. */
  private hangs(signs: Signs): boolean {
    const { s } = this;
    const end = s.machine.now + (s.machine.history.resets.some(({ by }) => by !== 'power') ? LIFE : SETTLED);
    return s.run({ until: end, over: () => signs.entersAgain || s.machine.now >= end, counterfactual: true }).outcome === 'stuck';
  }

  /** A program may enter the ROM at each start; what it kept from before shall not make it do so. */
  private again(): AfterResult<string> {
    const read = keptRequest(this.s);
    if (read === null) {
      const held = heldPin(this.s);
      if (held !== null) return this.ownEdge() ?? notSeen(this.heldInWords(held));
      return this.startsOtherwise() ? failed(`${AGAIN}, and not from power-on`) : notSeen(`${AGAIN}, as at each start`);
    }
    this.notBack = { is: 'kept', read, behind: 'leave' };
    return failed(`${AGAIN}, because what asked for it is still there`);
  }
  /** What the firmware itself had left on makes it enter the ROM with the pin as it is; null: that is not so. */
  private ownEdge(): AfterResult<string> | null {
    const twin = leaveTwin(this.s, false, () => this.ownTable());
    const own = twin?.facts.own ?? [];
    if (twin?.entersAgain !== true || own.length === 0) return null;
    this.notBack = { is: 'left', twin };
    const names = own.flatMap((o) => o.names).join(', ');
    return failed(`${AGAIN}, because the firmware left ${names} on when it jumped`, { left: leftIn(twin), table: null });
  }
  private startsOtherwise(): boolean {
    return leaveTwin(this.s, false, () => this.ownTable(), false)?.entersAgain === true;
  }
  private heldInWords({ pin, level, reader }: HeldPin): string {
    const read = reader === null ? '' : `, as ${place(this.s, reader.pc)} reads it`;
    return `${AGAIN}, because ${pin} is still ${level === 0 ? 'low' : 'high'}${read}: no firmware can change that`;
  }
  /** A word that power-on alone clears, and with a battery nothing, is a request that nobody took back. */
  private untilReset(shows: string): AfterResult<string> {
    const { s } = this;
    const read = keptRequest(s, () => resetByPin(s.machine, s.leave!.table));
    if (read === null || read.register === null) return ok(shows);
    this.notBack = { is: 'kept', read, behind: 'reset' };
    return failed(`${shows}, and the next reset enters the ROM again, because what asked for it is still there`);
  }
  /** It shows no more: is that what it shows from reset, too? */
  private asFromReset(shows: string): AfterResult<string> {
    const twin = this.s.leave === null ? null : leaveTwin(this.s, false, () => this.ownTable(), this.asked.reasons ?? true);
    const [missing] = twin?.facts.missing ?? [];
    if (twin === null || missing === undefined) return twin?.enters === true ? this.untilReset(shows) : ok(shows);
    this.notBack = { is: 'left', twin };
    const { ends } = twin.facts;
    return failed(
      `${ends === undefined ? '' : `it ${ends}; `}after ${twin.enters ? 'power-on' : 'a reset'}, ${missing}, and behind the leave ${insteadOf(missing) ?? 'not'}`,
      { left: leftIn(twin), table: null },
    );
  }
}

/** What a program shows of itself, from a time on. What it showed before counts, and nothing less. */
class Signs {
  private readonly s: Session;
  private readonly since: Ps;
  private readonly before: Session['machine']['observer'];
  private readonly hadDevice: boolean;
  private readonly hadTexts: boolean;
  private ticks = 0;
  /** The first channel that it printed to. */
  private printed: string | null = null;
  /** The first exception that went from the program to the ROM. */
  wrong: WrongTable | null = null;

  constructor(s: Session) {
    const { machine, input, state } = s;
    this.s = s;
    this.since = machine.now;
    this.before = machine.observer;
    this.hadDevice = this.hasDevice((at) => at < this.since);
    // of the goal's own port, what was printed in front of the ROM
    const port = input.goal.asking?.port.toLowerCase();
    this.hadTexts = Object.entries(machine.state.console).some(([name, { count }]) => (name === port ? state.goal.printed : count) > 0);
    machine.observer = {
      ...this.before,
      exception: (core, exception, handler, pc) => {
        this.before.exception?.(core, exception, handler, pc);
        if (core === machine.bootCore && s.leave !== null && core.zoneAt(pc & ~1) === 'user' && core.zoneAt(handler & ~1) !== 'user')
          this.wrong ??= wrongTable(s, exception);
      },
      exceptionReturn: (...of) => {
        this.before.exceptionReturn?.(...of);
        if (!machine.state.inSystem) this.ticks++;
      },
      console: (name, text) => {
        this.before.console?.(name, text);
        if (!machine.state.inSystem) this.printed ??= name;
      },
    };
  }
  end(): void {
    this.s.machine.observer = this.before;
  }
  /** The same once more, from an earlier state. */
  again(): void {
    this.ticks = 0;
    this.printed = null;
  }
  entered(how: 'branch' | 'boot' | 'exception'): boolean {
    return this.s.machine.history.entries.some((e) => e.at > this.since && e.how === how);
  }
  get entersAgain(): boolean {
    return this.entered('branch') || this.entered('boot');
  }
  private hasDevice(of: (at: Ps) => boolean): boolean {
    return this.s.usb.sessions.some((u) => of(u.at) && u.enumerated !== null && u.servedBy === 'user');
  }
  /** As much as it showed before. */
  get enough(): string | null {
    if (this.hasDevice((at) => at > this.since)) return 'its USB device is there';
    if (this.entersAgain) return AGAIN;
    if (this.hadDevice) return null;
    return this.printed !== null || !this.hadTexts ? this.some : null;
  }
  /** Anything. */
  get some(): string | null {
    if (this.printed !== null) return `it prints to ${this.printed.toUpperCase()}`;
    return this.ticks > 2 ? 'its interrupts are served' : null;
  }
}

const leftIn = ({ facts }: LeaveTwin) =>
  facts.left.filter(({ relied }) => relied).map(({ kind, observed, expected }) => ({ id: `leave-${kind}`, observed, expected }));
/** It does what it does from reset, and that is not to run. */
const notSeen = (because: string): AfterResult<string> => ({ result: 'not-tried', because });
const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && a.every((byte, i) => byte === b[i]);
