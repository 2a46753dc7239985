/** Clock state handed over: system clock source, PLLs, bus prescalers, kernel clock selections. */
import { broken, notApplicable, pass, unknown, type Check, type Judgement, type Repair, type RepairTarget, type Subject } from './check.ts';
import { clearedInC, familyOf, inC, inManual, isUnread, locate, NO_FAMILY, UNREAD } from './families.ts';
import type { FamilyFields } from './family-fields.ts';
import { CLOCK_ROWS, DEINIT } from './sources.ts';
import { resetInC } from './fix-in-c.ts';
import { latestWriter } from './writers.ts';

const mhz = (hz: number): string => `${Math.round(hz / 1e4) / 100} MHz`;

/** Fields that differ from their reset value, with both. */
function changed({ state }: Subject, paths: readonly string[]): { path: string; value: number; reset: number }[] {
  const out: { path: string; value: number; reset: number }[] = [];
  for (const path of paths) {
    const value = state.field(path);
    const at = locate(state.chip, path);
    if (value !== null && at && value >>> 0 !== at.reset >>> 0) out.push({ path, value, reset: at.reset });
  }
  return out;
}
const toReset =
  (list: readonly { path: string; reset: number }[]) =>
  (target: RepairTarget): void => {
    for (const { path, reset } of list) target.setField(path, reset);
  };
const selectResetClock = (f: FamilyFields, target: RepairTarget): void => {
  target.setField(f.sysclk.oscillator, 1);
  target.setField(f.sysclk.select, f.sysclk.afterReset);
};

export const sysclk: Check = {
  id: 'sysclk',
  question: 'Does SYSCLK come from the oscillator that is selected after a reset?',
  path: false,
  judge(subject) {
    const { state } = subject;
    const f = familyOf(state.chip);
    const value = f ? state.field(f.sysclk.status) : null;
    if (!f || value === null) return notApplicable(NO_FAMILY);
    const name = (n: number): string => f.sysclk.sources[n] ?? String(n);
    const hz = state.clockHz('sysclk');
    const observed = `SYSCLK from ${name(value)}${hz === null ? '' : `, ${mhz(hz)}`}`;
    if (value === f.sysclk.afterReset) return pass(observed, 'as after a reset', DEINIT, 'documented');
    return broken('warn', {
      observed,
      expected: `SYSCLK from ${name(f.sysclk.afterReset)}`,
      source: CLOCK_ROWS,
      confidence: 'inferred',
      because: 'the ROM sets up its own clock, but it is written for the clock state after a reset',
      lastWriter: latestWriter(subject, [f.sysclk.select]),
    });
  },
  repair({ state }) {
    const f = familyOf(state.chip);
    return f
      ? {
          at: 'entry',
          what: 'SYSCLK switched to its reset source',
          fix: f.sysclk.code,
          apply: (target) => selectResetClock(f, target),
        }
      : null;
  },
  explanation: [
    'After a reset, SYSCLK comes from an internal oscillator. The ROM starts from that state and sets up the clocks that it needs.',
    'An application that runs from a PLL should switch back first: call HAL_RCC_DeInit(), or select HSI (MSI on STM32L4) and wait until the status field confirms it. Reduce the flash wait states only after that.',
  ].join('\n\n'),
};

export const pll: Check = {
  id: 'pll',
  question: 'Are all PLLs off?',
  path: false,
  judge(subject) {
    const { state } = subject;
    const f = familyOf(state.chip);
    if (!f) return notApplicable(NO_FAMILY);
    if (
      isUnread(
        state,
        f.plls.map((p) => p.on),
      )
    )
      return unknown(UNREAD);
    const on = f.plls.filter((p) => state.field(p.on) === 1);
    if (on.length === 0) return pass('no PLL on', 'as after a reset', DEINIT, 'documented');
    return broken('fail', {
      observed: `on: ${on.map((p) => p.name).join(', ')}`,
      expected: 'no PLL on',
      source: DEINIT,
      confidence: 'documented',
      because: 'a running PLL cannot be reconfigured, and the ROM uses a PLL on many products',
      lastWriter: latestWriter(
        subject,
        on.map((p) => p.on),
      ),
    });
  },
  repair({ state }) {
    const f = familyOf(state.chip);
    if (!f) return null;
    const on = f.plls.filter((p) => state.field(p.on) === 1);
    return {
      at: 'entry',
      what: `SYSCLK switched to its reset source, ${on.map((p) => p.name).join(', ')} switched off`,
      fix: [f.sysclk.code, ...on.map((p) => `${inC(p.on)} &= ~${inC(p.on).replace('->', '_')}_${p.on.split('.')[2]};`)].join('\n'),
      apply: (target) => {
        // A PLL that feeds SYSCLK cannot be switched off: the clock goes back first.
        selectResetClock(f, target);
        for (const p of on) target.setField(p.on, 0);
      },
    };
  },
  explanation: [
    'AN2606 tells the application to switch off the PLLs before the jump. Most settings of a PLL are locked while it runs. Code that does not expect a running PLL fails to configure it and gets a different frequency.',
    'Switch SYSCLK back to the internal oscillator first; a PLL in use cannot be switched off.',
  ].join('\n\n'),
};

export const prescalers: Check = {
  id: 'prescalers',
  question: 'Do the AHB and APB prescalers have their reset values?',
  path: false,
  judge(subject) {
    const f = familyOf(subject.state.chip);
    if (!f) return notApplicable(NO_FAMILY);
    if (isUnread(subject.state, f.prescalers)) return unknown(UNREAD);
    const list = changed(subject, f.prescalers);
    if (list.length === 0) return pass('all at their reset values', 'as after a reset', CLOCK_ROWS, 'inferred');
    return broken('warn', {
      observed: list.map((c) => `${inManual(c.path)} = ${c.value}`).join(', '),
      expected: list.map((c) => `${inManual(c.path)} = ${c.reset}`).join(', '),
      because: 'a divided bus clock changes every baud rate and timeout of the ROM, unless the ROM sets the prescalers itself',
      source: CLOCK_ROWS,
      confidence: 'inferred',
      lastWriter: latestWriter(subject, f.prescalers),
    });
  },
  repair(subject) {
    const f = familyOf(subject.state.chip);
    const list = f ? changed(subject, f.prescalers) : [];
    return {
      at: 'entry',
      what: 'bus prescalers at their reset values',
      fix: clearedInC(list.map((c) => c.path)),
      apply: toReset(list),
    };
  },
  explanation: [
    'The bus clocks feed the timers, the USARTs and the bus interface of USB. The ROM sets its own SYSCLK; ST does not say whether it also sets the bus prescalers.',
    'HAL_RCC_DeInit() restores them, and so does a reset before the jump.',
  ].join('\n\n'),
};

export const kernelClocks: Check = {
  id: 'kernel-clocks',
  question: 'Do the kernel clock selections have their reset values?',
  path: false,
  judge(subject) {
    const f = familyOf(subject.state.chip);
    if (!f || f.kernelClocks.length === 0) return notApplicable(f ? 'this chip has no kernel clock selections' : NO_FAMILY);
    if (isUnread(subject.state, fieldsOf(subject, f.kernelClocks))) return unknown(UNREAD);
    const list = selected(subject);
    return list.length === 0 ? pass('all at their reset values', 'as after a reset', DEINIT, 'inferred') : judgeSelections(subject, list);
  },
  repair: (subject) => selectionsToReset(selected(subject), selected(subject)),
  members: (subject) => selected(subject).map((c) => c.path),
  narrow: (subject, members) => {
    const all = selected(subject);
    const list = all.filter((c) => members.includes(c.path));
    return { judgement: judgeSelections(subject, list), repair: selectionsToReset(list, all) };
  },
  explanation: [
    'USB, USART, I2C and other peripherals can take their kernel clock from several sources (CCIPR registers). An application that clocks USB from a PLL leaves that selection to the ROM.',
    'HAL_RCC_DeInit() does not reset these registers on every family. If the PLL is off and the selection stays, the peripheral has no clock until code selects another source.',
  ].join('\n\n'),
};

type Selection = ReturnType<typeof changed>[number];
function selected(subject: Subject): readonly Selection[] {
  const f = familyOf(subject.state.chip);
  return f ? changed(subject, fieldsOf(subject, f.kernelClocks)) : [];
}
const judgeSelections = (subject: Subject, list: readonly Selection[]): Judgement =>
  broken('warn', {
    observed: list
      .slice(0, 6)
      .map((c) => `${inManual(c.path)} = ${c.value}`)
      .join(', '),
    expected: 'reset values',
    source: DEINIT,
    confidence: 'inferred',
    because: 'a peripheral that the ROM uses may have selected a clock source that is now off, unless the ROM selects another one',
    lastWriter: latestWriter(
      subject,
      list.map((c) => c.path),
    ),
  });
/** A register in which nothing else is selected is written as a whole. */
function selectionsToReset(list: readonly Selection[], all: readonly Selection[]): Repair {
  const registerOf = (path: string): string => path.slice(0, path.lastIndexOf('.'));
  const fixes = [...new Set(list.map((c) => registerOf(c.path)))].flatMap((register) => {
    const own = list.filter((c) => registerOf(c.path) === register);
    if (own.length === all.filter((c) => registerOf(c.path) === register).length) return [`${inC(register)} = 0;`];
    return own.map((c) => `${inC(c.path)} &= ~${c.path.replaceAll('.', '_')};`);
  });
  return { at: 'entry', what: 'kernel clock selections at their reset values', fix: fixes.join('\n'), apply: toReset(list) };
}

/** All fields of some registers. */
function fieldsOf({ state }: Subject, registers: readonly string[]): string[] {
  return registers.flatMap((path) => {
    const [blockName, registerName] = path.split('.');
    const block = state.chip.blocks.find((b) => b.name === blockName);
    const facts = block && state.chip.facts[block.facts ?? block.name];
    return (facts?.registers.find((r) => r.name === registerName)?.fields ?? []).map((field) => `${path}.${field.name}`);
  });
}

const recoveryChanged = ({ state }: Subject, f: FamilyFields): { path: string; value: number; reset: number }[] =>
  f.clockRecovery.flatMap(({ path, reset }) => {
    const value = state.field(path);
    return value === null || value === reset ? [] : [{ path, value, reset }];
  });

export const usbClock: Check = {
  id: 'usb-clock',
  question: 'Does the clock recovery system (CRS) have its reset values?',
  path: false,
  judge(subject) {
    const f = familyOf(subject.state.chip);
    if (!f) return notApplicable(NO_FAMILY);
    if (f.clockRecovery.length === 0) return notApplicable('this chip has no clock recovery system, or USB in its ROM does not use it');
    if (
      isUnread(
        subject.state,
        f.clockRecovery.map((c) => c.path),
      )
    )
      return unknown(UNREAD);
    const list = recoveryChanged(subject, f);
    if (list.length === 0) return pass('all at reset values', 'HSI48 runs with its factory trim', CLOCK_ROWS, 'inferred');
    return broken('warn', {
      observed: list.map((c) => `${inManual(c.path)} = ${c.value}`).join(', '),
      expected: list.map((c) => `${inManual(c.path)} = ${c.reset}`).join(', '),
      because: 'HSI48 keeps the trim value and the reference of the application, unless the ROM sets them itself',
      source: CLOCK_ROWS,
      confidence: 'inferred',
      lastWriter: latestWriter(
        subject,
        list.map((c) => c.path),
      ),
    });
  },
  repair(subject) {
    const f = familyOf(subject.state.chip);
    const list = f ? recoveryChanged(subject, f) : [];
    return {
      at: 'entry',
      what: 'clock recovery at its reset values',
      fix: resetInC(subject.state.chip, 'CRS').join('\n'),
      apply: toReset(list),
    };
  },
  explanation: [
    'USB needs 48 MHz within 0.25 %. HSI48 alone is not that accurate: the clock recovery system (CRS) trims it to the start-of-frame packets of the host.',
    'If the application used another reference (LSE) or leaves an extreme trim value, HSI48 can be out of tolerance in the ROM. Reset the CRS before the jump.',
  ].join('\n\n'),
};
