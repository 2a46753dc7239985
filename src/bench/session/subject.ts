/** The machine as checks see it: at an entry, at the first fault, or at the end. */
import type {
  EntryFacts,
  FailureFacts,
  LeaveFacts,
  LostFlag,
  MagicWord,
  OtherReset,
  RomFacts,
  Subject,
  TargetHistory,
  TargetState,
  Writer,
} from '../../checks/check.ts';
import { mpuRegion } from '../../emu/core/arm/mpu.ts';
import { SCS } from '../../emu/core/arm/scs-state.ts';
import { registerFile } from '../../emu/core/arm/register-file.ts';
import type { ResetRecord, WriteRecord } from '../../emu/history.ts';
import type { Machine } from '../../emu/machine.ts';
import { PS_PER_SECOND, rateHz } from '../../emu/time.ts';
import { PIN_FLOATING, PIN_IDLE_HIGH } from '../../peripherals/pins/gpio-common.ts';
import { APP_GOAL } from '../documents/goal.ts';
import { fieldOf } from './field-of.ts';
import { optionSettings } from './rom-options.ts';
import { feedsOnlyTalkers, hseWaitOf, masksInterrupts, usbIrqOf, watchedPins } from '../../rom/profile.ts';
import { lastLeave, type Session } from './session.ts';

export function targetState(machine: Machine, registers: Readonly<Record<string, number>>): TargetState {
  const { system, chip } = machine;
  return {
    chip,
    core: (register) => registers[register] ?? null,
    read: (address, size) => machine.bootCore.peek(address, size),
    field: (path) => fieldOf(machine, path),
    l1: machine.bootCore.l1 && { dirty: machine.bootCore.l1.dirtyLines(), stale: machine.bootCore.l1.staleLines },
    mpuRegion: (address) => {
      const core = machine.bootCore;
      const number = core.row.mpuRegions > 0 ? mpuRegion(core, address) : -1;
      const at = SCS.MPU_REGION + 8 * number;
      return number < 0 ? null : { number, rbar: core.get(at) >>> 0, attributes: core.get(at + 4) >>> 0 };
    },
    otherCores: machine.cores.filter((c) => c !== machine.bootCore).map((c) => ({ name: c.row.name, state: machine.coreState(c) })),
    isAsReset: (name) => {
      const block = system.findBlock(name);
      if (block === undefined) return false;
      const { component, layout, state } = block;
      return layout.registers.every((r) => ((state.regs[r.index]! ^ component.resetValue(r)) & component.writableMask(r)) === 0);
    },
    watchdogRuns: (name) => {
      const block = system.findBlock(name);
      return block !== undefined && system.published(block).running === true;
    },
    emptyFlash: () => machine.state.emptyFlash,
    bootPin: (name) => system.parameter(`${name.toLowerCase()}.level`) ?? null,
    pin: (name) => levelOf(machine, name),
    crystalHz: (name) => (system.parameter(`${name}.hz`) ?? 0) * (1 + (system.parameter(`${name}.ppm`) ?? 0) / 1e6),
    oscillatorPpm: (name) => system.parameter(`${name}.ppm`) ?? 0,
    crystalStart: (name) => {
      const [at, usual] = [system.parameter(`${name}.start.ps`), chip.parameters[`${name}.start.ps`]?.value];
      return at === undefined || usual === undefined ? null : { seconds: at / PS_PER_SECOND, typical: usual / PS_PER_SECOND };
    },
    clockHz: (name) => {
      if (!chip.clocks.includes(name)) return null;
      const r = system.clock(name).rate;
      return r ? rateHz(r) : 0;
    },
  };
}

/** The board's level, else what the chip drives. A wire of a port that the chip lacks reads 0: it is no pin. */
function levelOf(machine: Machine, name: string): 0 | 1 | 'z' | null {
  if (!machine.chip.blocks.some((b) => b.model?.startsWith('gpio') && name.startsWith(`P${b.name.slice(-1)}`))) return null;
  const [board, chip] = [machine.system.wire(`pin.${name}`), machine.system.wire(`out.${name}`)];
  if (board === PIN_IDLE_HIGH) return 1;
  const level = board === PIN_FLOATING ? chip : board;
  return level === 0 || level === 1 ? level : 'z';
}

const writerOf = (w: WriteRecord | null): Writer | null =>
  w && { pc: w.pc, lr: w.lr, at: w.at, kind: w.kind, core: w.core, seq: w.seq, ...(w.value !== undefined && { value: w.value }) };

/** Facts that only a second run with watches can tell; empty until that run was made. */
export interface Traced {
  readonly vectorReads: TargetHistory['vectorReads'];
  readonly magic: readonly MagicWord[];
  readonly lostFlag: LostFlag | null;
  /** From the whole run, what came after the judged instant included. */
  readonly fellInRom: NonNullable<TargetHistory['fellInRom']>;
  readonly selectedInRom: NonNullable<TargetHistory['selectedInRom']>;
  readonly resetByOther: OtherReset | null;
  readonly leave: LeaveFacts | null;
  readonly failure: FailureFacts | null;
  /** What started the watchdog that resets the chip over and over. */
  readonly watchdogStart: Writer | null;
  readonly refreshedEarly: boolean;
}
export const NOT_TRACED: Traced = {
  vectorReads: [],
  magic: [],
  lostFlag: null,
  fellInRom: [],
  selectedInRom: [],
  resetByOther: null,
  leave: null,
  failure: null,
  watchdogStart: null,
  refreshedEarly: false,
};

/** What the run that has just ended tells of pins and of a leave. */
export const afterRun = (s: Session): Pick<Traced, 'fellInRom' | 'selectedInRom' | 'resetByOther' | 'leave'> => ({
  fellInRom: [...s.state.fellInRom],
  selectedInRom: [...s.state.selectedInRom],
  resetByOther: resetByOther(s.machine),
  leave: leaveFacts(s),
});

/** The last one: between it and the reset before it, the boot core went into the ROM. */
function resetByOther({ history: { resets, entries }, bootCore }: Machine): OtherReset | null {
  for (let i = resets.length - 1; i > 0; i--) {
    const reset = resets[i]!;
    const by = reset.core === bootCore.index ? null : askerOf(reset);
    const entry = by && entries.findLast((e) => e.at < reset.at && e.at >= resets[i - 1]!.at);
    if (entry) return { by: by!, after: reset.at - entry.at };
  }
  return null;
}

/** What came of the last leave by the end of the run; what the twin tells is left open. */
export function leaveFacts(s: Session, at = lastLeave(s)): LeaveFacts | null {
  if (at === null) return null;
  const { history } = s.machine;
  // what a power cycle or the NRST pin brings back was not brought back by the leave
  const helped = history.resets.find((r) => r.at > at && (r.external || r.by === 'power'))?.at ?? Infinity;
  const resets = history.resets.filter((r) => r.at > at && r.at < helped);
  const ofUser = s.usb.sessions.filter((u) => u.enumerated !== null && u.servedBy === 'user');
  const again = history.entries.find((e) => e.at > at && e.at < helped && e.how === 'branch');
  const trap = history.entries.find((e) => e.at > at && e.at < helped && e.how === 'exception');
  return {
    at,
    started: s.state.leftAt !== null || again !== undefined || trap !== undefined || resets.length > 0 || helped !== Infinity,
    resets: resets.map((r) => r.by),
    usbBefore: ofUser.some((u) => u.at < at),
    usbAfter: ofUser.some((u) => u.at > at && u.at < helped),
    entry: again ? { pc: again.fromPc, at: again.at } : null,
    exceptionInSystem: trap ? { pc: trap.fromPc, at: trap.at } : null,
    table: null,
    missing: [],
    left: [],
  };
}

function entryFacts(machine: Machine): EntryFacts[] {
  return machine.history.entries.map((e) => ({
    address: e.address,
    thumb: ((e.registers['xpsr'] ?? 0) & (1 << 24)) !== 0,
    how: e.how,
    reached: e.reached,
    fromPc: e.fromPc,
    at: e.at,
  }));
}

const askerOf = ({ by, external, fromPc, fromLr, at, core }: ResetRecord): Writer | null =>
  by !== 'software' || external || fromPc === null
    ? null
    : { pc: fromPc, at, kind: 'cpu', core, seq: -1, ...(fromLr == null ? {} : { lr: fromLr }) };

function targetHistory(machine: Machine, traced: Traced): TargetHistory {
  const h = machine.history;
  return {
    lastWriter: (register, mask) => writerOf(h.lastWriter(register, mask)),
    lastWriterBeforeReset: (register, mask) => writerOf(h.lastWriterBeforeReset(register, mask)),
    neverProgrammed: h.lost.flatMap(({ pc, why, lock }) =>
      why === 'not-programmed' || why === 'cut-short' ? [{ pc, start: lock ?? '', running: why === 'cut-short' }] : [],
    ),
    takenUnclocked: h.timeline
      .toArray()
      .flatMap(({ about, pc }) =>
        about?.is === 'kept-unclocked' && pc !== null ? [{ pc, register: about.register, enable: about.enable }] : [],
      ),
    resets: h.resets.map((r) => ({
      ...{ at: r.at, by: r.by, flags: r.flags, external: r.external, from: askerOf(r) },
      ...(r.waited ? { waited: true } : {}),
    })),
    entries: entryFacts(machine),
    vectorReads: traced.vectorReads,
    magic: traced.magic,
    lostFlag: traced.lostFlag,
    fellInRom: traced.fellInRom,
    selectedInRom: traced.selectedInRom,
    resetByOther: traced.resetByOther,
    leave: traced.leave,
    failure: traced.failure,
    watchdogStart: traced.watchdogStart,
    refreshedEarly: traced.refreshedEarly,
    firstFault: machine.state.firstFault,
    breakpoints: machine.state.breakpoints,
  };
}

function placeOfRom({
  chip: { rom },
  bootCore,
}: Machine): Pick<RomFacts, 'vectorTable' | 'otherTable' | 'initialStack' | 'resetVector' | 'range' | 'ramUse'> {
  const table = rom?.vectorTable.value ?? 0;
  return {
    vectorTable: table,
    otherTable: rom?.otherTable ?? null,
    initialStack: bootCore.peek(table, 4) ?? 0,
    resetVector: bootCore.peek(table + 4, 4) ?? 0,
    range: rom?.range.value ?? [0, 0],
    ramUse: rom?.ramUse.value ?? [],
  };
}
export function romFacts(s: Session): RomFacts {
  const { profile, machine } = s;
  const settings = optionSettings(s);
  return {
    ...placeOfRom(machine),
    usbIrq: usbIrqOf(profile),
    hseWait: profile && hseWaitOf(profile, s.input.rom?.version ?? null),
    listensTo: watchedPins(profile),
    masksInterrupts: profile && masksInterrupts(profile, s.input.rom?.kind === 'dump'),
    feedsOnlyTalkers: profile && feedsOnlyTalkers(profile, s.input.rom?.kind === 'dump'),
    option: (id) => {
      const o = settings.find((x) => x.id === id);
      return o ? { value: o.value, confidence: o.confidence } : null;
    },
  };
}

/**
 * The subject of the checks. `session` must stand at the judged instant: restored to the entry's checkpoint, to the first fault's, or at the end.
 * `outcome` and `reached` come from the whole run.
 */
export function subjectAt(s: Session, outcome: string, reached: boolean, traced: Traced): Subject {
  const { machine } = s;
  const entry = machine.history.entries.at(-1);
  const registers = entry ? entry.registers : registerFile(machine.bootCore, machine.bootCore.pc);
  const facts = entryFacts(machine).at(-1);
  return {
    state: targetState(machine, registers),
    history: {
      ...targetHistory(machine, traced),
      usbOfUser: s.usb.sessions
        .filter((u) => u.servedBy === 'user')
        .map((u) => ({ at: u.at, enumerated: u.enumerated !== null, endedAt: u.endedBy === 'end' ? null : u.endedAt })),
    },
    entry: facts ? { ...facts, reached } : null,
    rom: romFacts(s),
    outcome,
    startsApplication: s.input.goal.name === APP_GOAL,
  };
}
