/** Flash wait states and the voltage range, against the clock that runs at the entry. */
import { broken, notApplicable, pass, unknown, type Check, type Subject } from './check.ts';
import type { FamilyFields } from './family-fields.ts';
import { familyOf, inC, inManual, locate, maskOf, NO_FAMILY, registerOf } from './families.ts';

const MHZ = 1e6;

interface Timing {
  readonly hz: number;
  readonly range: string;
}
/** HCLK and voltage range in force; a sentence if they are not known. */
function timing({ state }: Subject): Timing | string {
  const f = familyOf(state.chip);
  if (!f) return NO_FAMILY;
  const hz = state.clockHz('hclk');
  if (hz === null) return 'HCLK is not known on this target';
  const code = f.voltage ? state.field(f.voltage.field) : null;
  const range = f.voltage
    ? code === null
      ? undefined
      : inForce(state, f.voltage, code)
    : Object.keys(state.chip.flashLatency?.value ?? {})[0];
  return range === undefined ? 'the voltage range is not known on this target' : { hz, range };
}
function inForce(
  { field }: Subject['state'],
  { ranges, overdrive }: NonNullable<FamilyFields['voltage']>,
  code: number,
): string | undefined {
  const range = ranges[code];
  return overdrive !== undefined && range === overdrive.of && field(overdrive.field) === 1 ? overdrive.gives : range;
}
/** Fewest wait states for a frequency; null if the range does not go so high. */
function needed({ state }: Subject, { hz, range }: Timing): number | null {
  const rows = state.chip.flashLatency?.value[range] ?? [];
  return rows.find(([max]) => hz <= max * MHZ)?.[1] ?? null;
}

export const flashLatency: Check = {
  id: 'flash-latency',
  question: 'Does the flash have enough wait states for the clock at the jump?',
  path: false,
  judge(subject) {
    const { state, history } = subject;
    const f = familyOf(state.chip);
    const t = timing(subject);
    if (!f || typeof t === 'string') return f ? unknown(t as string) : notApplicable(String(t));
    const table = state.chip.flashLatency;
    const value = state.field(f.flashLatency);
    if (!table || value === null) return notApplicable('bootbench has no wait-state table for this chip');
    const least = needed(subject, t);
    const observed = `${inManual(f.flashLatency)} = ${value} at ${Math.round(t.hz / MHZ)} MHz, ${t.range}`;
    if (least === null) return notApplicable('HCLK is higher than the voltage range allows: see voltage-range');
    if (value >= least) return pass(observed, 'enough for the current clock', table.source, table.confidence);
    return broken('fail', {
      observed,
      expected: `at least ${least}`,
      source: table.source,
      confidence: table.confidence,
      because: 'the core reads the flash faster than the flash can deliver; it may get wrong instructions until the clock is lowered',
      lastWriter: history?.lastWriter(registerOf(f.flashLatency), maskOf(state.chip, f.flashLatency)) ?? null,
    });
  },
  repair(subject) {
    const f = familyOf(subject.state.chip);
    const t = timing(subject);
    const least = typeof t === 'string' ? null : needed(subject, t);
    if (!f || least === null) return null;
    const register = inC(f.flashLatency);
    return {
      at: 'entry',
      what: `${inManual(f.flashLatency)} = ${least}`,
      fix: `${register} = (${register} & ~FLASH_ACR_LATENCY) | ${least}u;  /* lower it only after the clock */`,
      apply: (target) => target.setField(f.flashLatency, least),
    };
  },
  explanation: [
    'Flash needs wait states above a certain frequency, and more of them in lower voltage ranges. If the firmware reduces the wait states before the clock, some instructions run with too few.',
    'Lower the clock first, then the wait states. The ROM sets the wait states that its own clock needs.',
  ].join('\n\n'),
};

/** The field of low-power run, if the chip has one and is in it. */
function lowPowerRun({ state }: Subject): { readonly field: string; readonly code: string } | null {
  const mode = familyOf(state.chip)?.lowPowerRun;
  return mode && locate(state.chip, mode.field) !== null && state.field(mode.field) === 1 ? mode : null;
}

export const voltageRange: Check = {
  id: 'voltage-range',
  question: 'Does the voltage range allow the clock, and is it no lower than after a reset?',
  path: false,
  // where USB has no supply of its own nothing here hangs on the regulator
  unmodelled(subject) {
    const slow = lowPowerRun(subject);
    return slow && familyOf(subject.state.chip)?.usbSupply === null ? [inManual(slow.field)] : [];
  },
  // eslint-disable-next-line complexity -- the supply range is held against two limits, that of the clock and that of a reset, and many chips publish neither
  judge(subject) {
    const { state, history, rom } = subject;
    const f = familyOf(state.chip);
    const t = timing(subject);
    if (!f || typeof t === 'string') return f ? unknown(t as string) : notApplicable(String(t));
    if (!f.voltage) return notApplicable('this chip has no voltage ranges');
    const limit = state.chip.maxHclkHz;
    const max = limit?.value[t.range];
    const observed = `${t.range} at ${Math.round(t.hz / MHZ)} MHz`;
    const lastWriter = history?.lastWriter(registerOf(f.voltage.field), maskOf(state.chip, f.voltage.field)) ?? null;
    if (limit && max !== undefined && t.hz > max)
      return broken('fail', {
        observed,
        expected: `at most ${max / MHZ} MHz in ${t.range}`,
        source: limit.source,
        confidence: limit.confidence,
        lastWriter,
        because: 'the core runs faster than its supply allows',
      });
    const slow = lowPowerRun(subject);
    if (slow)
      return broken('warn', {
        observed: `${inManual(slow.field)} = 1, ${observed}`,
        expected: `${inManual(slow.field)} = 0`,
        source: 'RM0351 5.3.2: at most 2 MHz in low-power run; DS10198, functionalities by working mode: no USB in it',
        confidence: 'reported',
        lastWriter: history?.lastWriter(registerOf(slow.field), maskOf(state.chip, slow.field)) ?? null,
        because:
          'low-power run mode is on: its regulator supports only a slow clock and no USB, and no document says that the ROM leaves this mode',
      });
    const speed = (range: string): number => limit?.value[range] ?? 0;
    const atReset = f.voltage.ranges[locate(state.chip, f.voltage.field)?.reset ?? -1];
    if (atReset !== undefined && speed(t.range) < speed(atReset)) {
      const vos = rom.option('vos');
      return broken('warn', {
        observed,
        expected: `${atReset} or higher`,
        source: 'AN2606: the ROM does not raise the range on STM32L4; it says nothing about other families',
        lastWriter,
        confidence: vos?.value === 'keeps' ? vos.confidence : 'assumed',
        because: 'the range is lower than after a reset, and the ROM may need more for its own clock',
      });
    }
    return pass(
      observed,
      'not lower than after a reset, and enough for the current clock',
      limit?.source ?? null,
      limit?.confidence ?? null,
    );
  },
  repair(subject) {
    const { state } = subject;
    const slow = lowPowerRun(subject);
    const f = familyOf(state.chip);
    const at = f?.voltage ? locate(state.chip, f.voltage.field) : null;
    const control = f?.voltageControl;
    if (!control || !at) return null;
    // In low-power run the range alone may be as after a reset.
    const highest = state.field(control.field) === control.highest;
    const steps = [
      ...(slow ? [{ what: 'low-power run mode left', fix: slow.code }] : []),
      ...(slow && highest ? [] : [{ what: 'highest voltage range selected', fix: control.code }]),
    ];
    return {
      at: 'entry',
      what: steps.map((s) => s.what).join(', '),
      fix: steps.map((s) => s.fix).join('\n'),
      apply: (target) => {
        if (slow) target.setField(slow.field, 0);
        target.setField(control.field, control.highest);
      },
    };
  },
  explanation: [
    'The core voltage limits the clock. An application that saves power may select a lower voltage range than the one after a reset, which can be too low for the clock that the ROM sets up.',
    'On STM32L4 this is documented: DFU fails if the application leaves range 2. Select the reset range or a higher one, and wait until it is reached.',
    'Also leave low-power run mode (LPR), and wait until REGLPF is 0.',
  ].join('\n\n'),
};
