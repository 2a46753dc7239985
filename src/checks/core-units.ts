/** Units of the core that the application may leave on: MPU, FPU, stack limits. */
import { broken, hex, notApplicable, pass, unknown, type Check, type Subject } from './check.ts';
import { PPB } from './core-registers.ts';
import { ownEntry } from './entry.ts';
import { part } from './fix-in-c.ts';
import { NOTHING_PUBLISHED } from './sources.ts';

const LSPACT = 1;
const FPCA = 4;

const PRIVDEFENA = 4;

/** A place that the ROM, or the program that faulted on the way, uses and that the MPU keeps it from. */
interface Denied {
  readonly who: 'the ROM' | 'the program';
  readonly address: number;
  /** `access`: by a fault that does not say whether it read or wrote. */
  readonly need: 'execute' | 'write' | 'access';
  /** Null where no region covers it, and the background map is off. */
  readonly region: { readonly number: number; readonly rbar: number; readonly attributes: number } | null;
}

/** What the MPU forbids of what faulted, and of what the ROM does, as privileged code; null if the target cannot tell. */
function deniedPlace({ state, rom, history }: Subject, control: number): Denied | 'nothing' | null {
  if (!state.mpuRegion) return null;
  const fault = history?.firstFault;
  const ofRom = (address: number): boolean => address >= rom.range[0] && address <= rom.range[1];
  const by = (address: number): Denied['who'] => (ofRom(address) ? 'the ROM' : 'the program');
  const who = 'the ROM';
  const places: Omit<Denied, 'region'>[] = [
    ...(fault?.kind === 'mem-fetch' && fault.address !== null
      ? [{ who: by(fault.address), address: fault.address, need: 'execute' as const }]
      : []),
    ...(fault?.kind === 'mem-data' && fault.address !== null
      ? [{ who: by(fault.pc), address: fault.address, need: 'access' as const }]
      : []),
    { who, address: (rom.resetVector & ~1) >>> 0, need: 'execute' },
    { who, address: rom.initialStack - 4, need: 'write' },
    ...rom.ramUse.map(({ base }) => ({ who, address: base, need: 'write' }) as const),
  ];
  for (const place of places) {
    const region = state.mpuRegion(place.address >>> 0);
    if (region === null ? (control & PRIVDEFENA) === 0 : forbids(region, place.need, state.core('msplim') !== null))
      return { ...place, region };
  }
  return 'nothing';
}
/** PMSAv7: RASR.XN 28 and AP 26:24; PMSAv8: RBAR.XN 0 and AP 2:1 (ARMv7-M B3.5.9, ARMv8-M D1.2.170). */
function forbids({ rbar, attributes }: { readonly rbar: number; readonly attributes: number }, need: Denied['need'], v8: boolean): boolean {
  const [xn, noAccess, readOnly] = v8
    ? [(rbar & 1) !== 0, false, (rbar & 4) !== 0]
    : [(attributes & (1 << 28)) !== 0, ((attributes >>> 24) & 7) === 0, ((attributes >>> 24) & 7) >= 5];
  return need === 'execute' ? xn || noAccess : noAccess || readOnly;
}

/** The MPU is on; `denied`: what it forbids to the ROM, null where its regions cannot be read. */
// eslint-disable-next-line complexity -- registers are named as the core's architecture names them, where a region is to blame at all
function mpuFinding(
  { state, history }: Subject,
  value: number,
  denied: Exclude<ReturnType<typeof deniedPlace>, 'nothing'>,
): ReturnType<typeof broken> {
  const region = denied?.region ?? null;
  const v8 = state.core('msplim') !== null;
  const name = region && (v8 ? (denied?.need === 'execute' ? 'MPU_RBAR' : 'MPU_RLAR') : 'MPU_RASR');
  return broken('warn', {
    observed:
      region === null
        ? `MPU_CTRL = ${hex(value)}`
        : `region ${region.number}: MPU_RBAR = ${hex(region.rbar)}, ${v8 ? 'MPU_RLAR' : 'MPU_RASR'} = ${hex(region.attributes)}`,
    expected: 'MPU_CTRL.ENABLE = 0',
    source: NOTHING_PUBLISHED,
    confidence: 'assumed',
    because:
      region === null
        ? 'the MPU regions of the application still apply: system memory may not be executable, and RAM or peripherals may not be accessible'
        : `MPU region ${region.number} does not allow ${denied!.who} to ${denied!.need}${denied!.need === 'access' ? '' : ' at'} ${hex(denied!.address)}`,
    lastWriter:
      (region && name ? history?.lastWriter(`CPU.${name}${region.number}`) : null) ?? history?.lastWriter('CPU.MPU_CTRL', 1) ?? null,
  });
}

export const mpu: Check = {
  id: 'mpu',
  question: 'Is the MPU off, or does it allow all accesses of the ROM?',
  path: true,
  // what it would keep from a ROM that nothing asked for explains nothing (Zephyr and Mbed OS forbid system memory on every start)
  remark: ({ entry, history }) => !entry && !history?.firstFault?.kind.startsWith('mem-'),
  judge(subject) {
    const { state } = subject;
    if ((state.chip.cores[0]?.mpuRegions ?? 0) === 0) return notApplicable('this chip has no MPU');
    const value = state.read(PPB.MPU_CTRL, 4);
    if (value === null) return unknown('the MPU cannot be read on this target');
    if ((value & 1) === 0) return pass('MPU_CTRL.ENABLE = 0', 'off, as after a reset', NOTHING_PUBLISHED, 'assumed');
    const denied = deniedPlace(subject, value);
    if (denied === 'nothing')
      return pass(`MPU_CTRL = ${hex(value)}`, 'no region blocks the code, the stack or the RAM of the ROM', NOTHING_PUBLISHED, 'inferred');
    return mpuFinding(subject, value, denied);
  },
  repair(subject) {
    const { history } = subject;
    const off = ['__DMB();', 'MPU->CTRL = 0;', '__DSB(); __ISB();'];
    const fix = off.join('\n');
    // where a fault on the way entered the ROM, the firmware's own jump is still to come
    if (ownEntry(subject)) return { at: 'entry', what: 'MPU switched off', fix, apply: (target) => target.write(PPB.MPU_CTRL, 4, 0) };
    const writer = history?.lastWriter('CPU.MPU_CTRL', 1);
    const what = 'the write that enables the MPU suppressed';
    const stops = history?.firstFault?.kind.startsWith('mem-') === true;
    return writer ? { at: 'before-write', what, fix: stops ? part('access', '', ...off) : fix, seq: writer.seq, value: null } : null;
  },
  explanation: [
    'MPU regions of an application rarely cover system memory, and the default memory map applies only with PRIVDEFENA. The branch into the ROM then causes a MemManage fault, or the ROM faults on its first access to RAM or USB.',
    'Switch the MPU off before the jump, with barriers around the write.',
  ].join('\n\n'),
};

export const fpu: Check = {
  id: 'fpu',
  question: 'Is no lazy floating-point state save pending?',
  path: false,
  judge({ state, history }) {
    if (state.core('fpscr') === null) return notApplicable('this core has no FPU');
    const fpccr = state.read(PPB.FPCCR, 4);
    if (fpccr === null) return unknown('FPCCR cannot be read on this target');
    const active = ((state.core('control') ?? 0) & FPCA) !== 0;
    const observed = `FPCCR.LSPACT = ${fpccr & LSPACT}, CONTROL.FPCA = ${active ? 1 : 0}`;
    if ((fpccr & LSPACT) === 0)
      return pass(
        observed,
        active ? 'exceptions in the ROM use the larger stack frame; this costs only stack space' : 'no save is pending',
        NOTHING_PUBLISHED,
        'inferred',
      );
    return broken('warn', {
      observed,
      expected: 'FPCCR.LSPACT = 0',
      source: 'Arm: lazy floating-point state preservation',
      confidence: 'inferred',
      because: 'the next floating-point instruction writes 18 words to the space that was reserved on the old stack',
      lastWriter: history?.lastWriter('CPU.FPCCR', LSPACT) ?? null,
    });
  },
  repair: ({ state }) => ({
    at: 'entry',
    what: 'FPCCR.LSPACT and CONTROL.FPCA cleared',
    fix: 'FPU->FPCCR &= ~FPU_FPCCR_LSPACT_Msk;\n__set_CONTROL(__get_CONTROL() & ~CONTROL_FPCA_Msk); __ISB();',
    apply: (target) => {
      target.write(PPB.FPCCR, 4, (state.read(PPB.FPCCR, 4) ?? 0) & ~LSPACT);
      target.setCore('control', (state.core('control') ?? 0) & ~FPCA);
    },
  }),
  explanation: [
    'An exception that interrupts floating-point code only reserves stack space for the floating-point registers; they are saved when the handler first uses the FPU. A jump out of such a handler leaves this save pending (LSPACT).',
    'The ROM is not known to use floating point, so this rarely matters. It matters when the ROM starts the application again: the first floating-point instruction then writes into memory that is used for something else.',
  ].join('\n\n'),
};

interface StackLimit {
  readonly name: 'MSPLIM' | 'PSPLIM';
  readonly limit: number;
  readonly sp: number;
}
/** The limit of the stack pointer in use first; that of MSP always, because exceptions use it. */
function stackLimits({ state }: Subject): readonly StackLimit[] {
  const onPsp = ((state.core('control') ?? 0) & 2) !== 0 && ((state.core('xpsr') ?? 0) & 0x1ff) === 0;
  const names = onPsp ? (['PSPLIM', 'MSPLIM'] as const) : (['MSPLIM'] as const);
  return names.flatMap((name) => {
    const limit = state.core(name === 'PSPLIM' ? 'psplim' : 'msplim');
    const sp = state.core(name === 'PSPLIM' ? 'psp' : 'msp');
    return limit === null || sp === null ? [] : [{ name, limit: limit >>> 0, sp: sp >>> 0 }];
  });
}
const STKOF = 'Arm DDI 0553: a stack pointer below its limit is a UsageFault (STKOF)';

/** The limits that a stack pointer lies below, or ran into without an entry. */
const overrun = (subject: Subject): readonly StackLimit[] => {
  const all = stackLimits(subject).filter((l) => l.limit !== 0);
  const below = all.filter((l) => l.sp <= l.limit);
  const overflowed = !subject.entry && subject.history?.firstFault?.kind === 'stack-overflow';
  return below.length === 0 && overflowed ? all.slice(0, 1) : below;
};
/** The limits that the ROM's own stack may grow below. */
const inRomRam = ({ rom, ...subject }: Subject): readonly StackLimit[] =>
  stackLimits({ rom, ...subject }).filter((l) => rom.ramUse.some((r) => l.limit > r.base && l.limit < r.base + r.size));
const inWay = (subject: Subject): readonly StackLimit[] => {
  const both = [...overrun(subject), ...(subject.entry ? inRomRam(subject) : [])];
  return both.filter((l, i) => both.findIndex((o) => o.name === l.name) === i);
};

export const stackLimit: Check = {
  id: 'stack-limit',
  question: "Is MSPLIM low enough for the ROM's stack?",
  path: true,
  judge(subject) {
    const { entry, history } = subject;
    const [use, ...others] = stackLimits(subject);
    if (!use) return notApplicable('this core has no stack limits');
    const shown = (l: StackLimit): string => `${l.name} = ${hex(l.limit)}, ${l === use ? 'SP' : l.name.slice(0, 3)} = ${hex(l.sp)}`;
    const wrong = inWay(subject);
    if (wrong.length > 0) {
      const names = wrong.map((l) => l.name);
      const below = overrun(subject);
      const finding = {
        observed: [use, ...others]
          .filter((l) => names.includes(l.name))
          .map(shown)
          .join('; '),
        expected: names.map((n) => `${n} = 0`).join(', '),
        source: STKOF,
        lastWriter: history?.lastWriter(`CPU.${(below[0] ?? wrong[0]!).name}`) ?? null,
      };
      if (below.length === 0)
        return broken('warn', {
          ...finding,
          confidence: 'inferred',
          because: 'the limit is in the RAM that the ROM uses: the stack of the ROM may grow below it',
        });
      return broken('fail', {
        ...finding,
        confidence: 'documented',
        because: below.some((l) => l.name === use.name)
          ? 'the stack pointer is below its limit: the next push faults, or even the write to MSP'
          : 'MSP is below its limit: the next exception faults, or the first push after CONTROL.SPSEL = 0',
      });
    }
    if (![use, ...others].some((l) => l.name === 'MSPLIM'))
      return unknown('MSPLIM, which applies to exceptions, cannot be read on this target');
    if (use.limit === 0) return pass(shown(use), 'no limit set, as after a reset', STKOF, 'documented');
    return pass(shown(use), entry ? 'the limit is below the stack' : 'no stack overflow so far', STKOF, 'documented');
  },
  repair(subject) {
    const names = inWay(subject).map((l) => l.name);
    if (names.length === 0) return null;
    const fix = names.map((n) => `__set_${n}(0);`).join('\n');
    const what = `${names.join(' and ')} cleared`;
    if (subject.entry)
      return {
        at: 'entry',
        what,
        fix,
        apply: (target) => {
          for (const n of names) target.setCore(n.toLowerCase(), 0);
        },
      };
    const writer = subject.history?.lastWriter(`CPU.${names[0]!}`);
    return writer ? { at: 'before-write', what: `the write to ${names[0]!} suppressed`, fix, seq: writer.seq, value: null } : null;
  },
  explanation: [
    'Armv8-M cores check the stack pointer against MSPLIM and PSPLIM. Start-up code and RTOSes set these limits for their own stack, which is higher in RAM than the stack of the ROM.',
    "If the limit is above the ROM's stack pointer, the write to MSP or the first push raises a UsageFault. Its exception frame does not fit either, so the core locks up. Write MSPLIM = 0 before you write MSP.",
  ].join('\n\n'),
};
