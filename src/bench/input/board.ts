/**
 * The board around the chip. Defaults come from the chip's parameters (which carry their sources); the machine gets them back as
 * parameters, changed where the scenario says so.
 */
import type { ChipDescription } from '../../emu/chip.ts';
import { formatDuration, parseDuration } from '../documents/duration.ts';
import type { Board, BoardDocument, Crystal } from '../documents/scenario-types.ts';

/** By parameter name; null = taken away (a crystal that is not fitted). */
export type ParameterChanges = Readonly<Record<string, number | null>>;

/** The crystals that the chip's parameters describe; what the scenario's board says comes before them. */
function crystalsOf(chip: ChipDescription, bare: boolean): Pick<BoardDocument, 'hse' | 'lse'> {
  const value = (parameter: string): number => chip.parameters[parameter]?.value ?? 0;
  const hse = bare ? 0 : value('hse.hz');
  const lse = bare ? 0 : value('lse.hz');
  return {
    hse: hse === 0 ? null : { hz: hse, kind: value('hse.external') === 1 ? 'bypass' : 'crystal' },
    lse: lse === 0 ? null : { hz: lse, ready: formatDuration(value('lse.start.ps')) },
  };
}

const givenLse = (chip: ChipDescription, lse: NonNullable<Board['lse']>): BoardDocument['lse'] => ({
  hz: lse.hz,
  ready: lse.ready ?? formatDuration(chip.parameters['lse.start.ps']?.value ?? 0),
});

// eslint-disable-next-line complexity -- one entry for each key of the board, and each is the scenario's word or else the chip's
export function boardDocument(chip: ChipDescription, given: Board, override?: 'default' | 'none'): BoardDocument {
  const name = override ?? given.name?.trim() ?? 'default';
  const value = (parameter: string): number | null => chip.parameters[parameter]?.value ?? null;
  const crystals = crystalsOf(chip, name === 'none');
  // A board named on the command line is a statement about its crystals: it beats the scenario file.
  const own = override === 'none' ? { ...given, hse: null, lse: null } : given;
  return {
    name,
    vdd: own.vdd ?? value('vdd.volts') ?? 3.3,
    vdda: own.vdda ?? value('vdda.volts') ?? 3.3,
    vddusb: own.vddusb ?? value('vddusb.volts') ?? 3.3,
    ...(own.coreSupply === undefined ? {} : { coreSupply: own.coreSupply }),
    temperature: own.temperature ?? 25,
    boot0: own.boot0 ?? (value('boot0.level') === 1 ? 1 : 0),
    nrst: 'pull-up',
    hse: own.hse === undefined ? crystals.hse : own.hse,
    lse: own.lse === undefined ? crystals.lse : own.lse && givenLse(chip, own.lse),
    ppm: own.ppm ?? {},
    vbus: own.vbus ?? true,
    pins: own.pins ?? {},
    ...(own.adc === undefined ? {} : { adc: own.adc }),
    ...(own.memories === undefined ? {} : { memories: own.memories }),
    debugger: own.debugger ?? false,
    optionBytes: own.optionBytes ?? {},
  };
}

function crystalParameters({ kind, ready }: Crystal): ParameterChanges {
  const external = { 'hse.external': kind === 'bypass' ? 1 : 0 };
  return ready === undefined ? external : { ...external, 'hse.start.ps': parseDuration(ready, 'board.hse.ready') };
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
  Object.assign(wanted, board.hse && crystalParameters(board.hse));
  if (board.lse !== null) wanted['lse.start.ps'] = parseDuration(board.lse.ready, 'board.lse.ready');
  if (board.coreSupply !== undefined) wanted['core.smps'] = board.coreSupply === 'smps' ? 1 : 0;
  if (board.temperature !== 25) wanted['temperature'] = board.temperature;
  for (const [clock, ppm] of Object.entries(board.ppm)) if (ppm !== 0) wanted[`${clock}.ppm`] = ppm;
  for (const [name, value] of Object.entries(board.optionBytes)) wanted[`option.${name}`] = Number(value) >>> 0;
  const changed = Object.entries(wanted).filter(([name, value]) => (chip.parameters[name]?.value ?? null) !== value);
  return Object.fromEntries(changed);
}
