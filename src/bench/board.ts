/**
 * The board around the chip. Defaults come from the chip's parameters (which carry their sources); the machine gets them back as
 * parameters, changed where the scenario says so.
 */
import type { ChipDescription } from '../emu/chip.ts';
import { formatDuration, parseDuration } from './duration.ts';
import type { Board, BoardDocument } from './scenario-types.ts';

/** By parameter name; null = taken away (a crystal that is not fitted). */
export type ParameterChanges = Readonly<Record<string, number | null>>;

export function boardDocument(chip: ChipDescription, given: Board, override?: 'default' | 'none'): BoardDocument {
  const name = override ?? given.name ?? 'default';
  const value = (parameter: string): number | null => chip.parameters[parameter]?.value ?? null;
  const hseHz = value('hse.hz');
  const lseHz = value('lse.hz');
  const readyPs = value('lse.start.ps');
  const bare = name === 'none';
  const ready = formatDuration(readyPs ?? 0);
  // A board named on the command line is a statement about its crystals: it beats the scenario file.
  const own = override === 'none' ? { ...given, hse: null, lse: null } : given;
  const hse =
    bare || hseHz === null || hseHz === 0
      ? null
      : { hz: hseHz, kind: value('hse.external') === 1 ? ('bypass' as const) : ('crystal' as const) };
  const lse = bare || lseHz === null || lseHz === 0 ? null : { hz: lseHz, ready };
  return {
    name,
    vdd: own.vdd ?? value('vdd.volts') ?? 3.3,
    vdda: own.vdda ?? value('vdda.volts') ?? 3.3,
    vddusb: own.vddusb ?? value('vddusb.volts') ?? 3.3,
    temperature: own.temperature ?? 25,
    boot0: own.boot0 ?? (value('boot0.level') === 1 ? 1 : 0),
    nrst: 'pull-up',
    hse: own.hse === undefined ? hse : own.hse,
    lse: own.lse === undefined ? lse : own.lse === null ? null : { hz: own.lse.hz, ready: own.lse.ready ?? ready },
    ppm: own.ppm ?? {},
    vbus: own.vbus ?? true,
    pins: own.pins ?? {},
    ...(own.adc === undefined ? {} : { adc: own.adc }),
    debugger: own.debugger ?? false,
    optionBytes: own.optionBytes ?? {},
  };
}

/** Only what differs from the chip's own values, so that a default run uses the chip's data untouched. */
export function boardParameters(chip: ChipDescription, board: BoardDocument): ParameterChanges {
  const wanted: Record<string, number | null> = {
    'vdd.volts': board.vdd,
    'vdda.volts': board.vdda,
    'vddusb.volts': board.vddusb,
    'boot0.level': board.boot0,
    'hse.hz': board.hse?.hz ?? null,
    'lse.hz': board.lse?.hz ?? null,
  };
  if (board.hse !== null) wanted['hse.external'] = board.hse.kind === 'bypass' ? 1 : 0;
  if (board.lse !== null) wanted['lse.start.ps'] = parseDuration(board.lse.ready, 'board.lse.ready');
  if (board.temperature !== 25) wanted['temperature'] = board.temperature;
  for (const [clock, ppm] of Object.entries(board.ppm)) if (ppm !== 0) wanted[`${clock}.ppm`] = ppm;
  for (const [name, value] of Object.entries(board.optionBytes)) wanted[`option.${name}`] = Number(value) >>> 0;
  const changed = Object.entries(wanted).filter(([name, value]) => (chip.parameters[name]?.value ?? null) !== value);
  return Object.fromEntries(changed);
}
