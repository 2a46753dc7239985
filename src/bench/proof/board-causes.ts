/**
 * What stands around the chip as a cause: the run again with one thing of the board or the host as it usually is. No firmware can change these, so they are asked only where nothing
 * of the firmware explains the failure.
 */
import type { ChipDescription } from '../../emu/chip.ts';
import { CutShort, isCut } from '../session/budget.ts';
import { boardDocument, boardParameters } from '../input/board.ts';
import type { RunInput } from '../input/run-input.ts';
import type { CauseId } from '../documents/result.ts';
import type { BoardDocument, HostDocument } from '../documents/scenario-types.ts';
import { pinsOfPort, watchedPins } from '../../rom/profile.ts';
import { romProfileOf } from '../../rom/profiles.ts';
import { Session } from '../session/session.ts';
import { minimise } from './minimal-sets.ts';

export interface BoardCause {
  readonly id: Extract<CauseId, 'board' | 'host'>;
  /** The part: `USB cable`, `RDP`, `PA10`. */
  readonly what: string;
  /** How it is: a sentence without its full stop. */
  readonly says: string;
  /** What was changed. */
  readonly repair: string;
  readonly change: { readonly board?: Partial<BoardDocument>; readonly host?: Partial<HostDocument> };
}
export interface BoardFinding {
  /** Each is enough: with exactly this changed, the goal is reached. */
  readonly sets: readonly (readonly BoardCause[])[];
  /** It was ended at its bound: smaller sets, or others, may be there. */
  readonly bounded?: true;
}
export const NO_BOARD: BoardFinding = { sets: [] };

/** Effort: each costs a whole run. */
export const MOST_BOARD_RUNS = 10;

/** `reached`: whether a session that has just ended, by its outcome, is as wanted. */
export function boardCauses(input: RunInput, reached: (s: Session) => boolean): BoardFinding {
  const all = unusual(input);
  if (all.length === 0) return NO_BOARD;
  let runs = 0;
  const works = (some: readonly BoardCause[]): boolean => some.length > 0 && runs++ < MOST_BOARD_RUNS && withChanges(input, some, reached);
  if (!works(all)) return NO_BOARD;
  if (all.length === 1) return { sets: [all] };
  const first = minimise(all, works);
  const others = all.filter((cause) => !first.includes(cause) && works([cause])).map((cause) => [cause]);
  return { sets: [first, ...others], ...(runs > MOST_BOARD_RUNS ? { bounded: true } : {}) };
}

function withChanges(input: RunInput, causes: readonly BoardCause[], reached: (s: Session) => boolean): boolean {
  const { scenario, chip } = input;
  let board: BoardDocument = scenario.board;
  let { host } = scenario;
  for (const { change } of causes) {
    const { optionBytes, pins, ...rest } = change.board ?? {};
    board = { ...board, ...rest };
    if (optionBytes !== undefined) board = { ...board, optionBytes: { ...board.optionBytes, ...optionBytes } };
    if (pins !== undefined) board = { ...board, pins: { ...board.pins, ...pins } };
    host = { ...host, ...change.host };
  }
  input.progress?.(`trying with ${causes.map((c) => c.repair).join(' and ')}`);
  const s = new Session({ ...input, scenario: { ...scenario, board, host, parameters: boardParameters(chip, board) } });
  s.keepCheckpoints = false;
  try {
    const end = s.run({ counterfactual: true });
    if (isCut(end.reason)) throw new CutShort(end.reason);
    return s.reaches(end.outcome) && reached(s);
  } finally {
    s.release();
  }
}

/** What the scenario says otherwise than the usual board of the chip and a usual host, the likeliest first. */
function unusual({ chip, scenario, goal, hseAssumed }: RunInput): BoardCause[] {
  const { board } = scenario;
  const usual = boardDocument(chip, {});
  return [
    ...ofHost(scenario),
    ...ofSupplies(board, usual),
    ...ofPins(chip, board, goal.asking?.port ?? null),
    ...ofOptionBytes(chip, board),
    ...ofBootPin(chip, scenario),
    ...ofClocks(board, hseAssumed === true ? { hse: board.hse } : usual),
    ...(board.debugger ? [own('debugger', 'is attached', 'no debugger', { debugger: false })] : []),
  ];
}
const own = (what: string, is: string, repair: string, board: Partial<BoardDocument>): BoardCause => ({
  id: 'board',
  what,
  says: `${what} ${is}`,
  repair,
  change: { board },
});
function ofHost({ host, steps }: RunInput['scenario']): BoardCause[] {
  const comes = steps.some(({ action }) => action.kind === 'cable' && action.position === 'in');
  const of = (what: string, says: string, repair: string, change: Partial<HostDocument>): BoardCause => ({
    id: 'host',
    what,
    says,
    repair,
    change: { host: change },
  });
  return [
    ...(host.cable === 'out' && !comes ? [of('USB cable', 'the USB cable is out', 'the cable in', { cable: 'in' })] : []),
    ...(host.driver === 'no-access'
      ? [
          of('access', 'the user may not open the DFU device: no rule of udev is there (LIBUSB_ERROR_ACCESS)', 'a rule of udev', {
            driver: 'dfu',
          }),
        ]
      : []),
    ...(host.driver === 'none'
      ? [
          of(
            'driver',
            'the host has no driver for the DFU device',
            `a driver${host.kind === 'windows' ? ' (WinUSB: STM32CubeProgrammer or Zadig installs it)' : ''}`,
            { driver: 'dfu' },
          ),
        ]
      : []),
  ];
}
function ofSupplies(board: BoardDocument, usual: BoardDocument): BoardCause[] {
  const low = (['vdd', 'vdda', 'vddusb'] as const).filter((supply) => board[supply] !== usual[supply]);
  return [
    ...(board.vbus ? [] : [own('VBUS', 'is not connected', 'VBUS connected', { vbus: true })]),
    ...low.map((s) => own(s.toUpperCase(), `is ${board[s]} V`, `${s.toUpperCase()} = ${usual[s]} V`, { [s]: usual[s] })),
  ];
}
/** Pins on which the ROM waits for other hosts, and those of the goal's own port. */
function ofPins(chip: ChipDescription, { pins }: BoardDocument, port: string | null): BoardCause[] {
  const profile = romProfileOf(chip);
  const ofPort = port === null ? [] : Object.values(pinsOfPort(profile, port));
  const heard = new Set([...watchedPins(profile).map(({ pin }) => pin), ...ofPort]);
  return [...heard].flatMap((pin) => (pins[pin] === 0 ? [own(pin, 'is held low', `${pin} high`, { pins: { [pin]: 1 } })] : []));
}
function ofOptionBytes(chip: ChipDescription, { optionBytes }: BoardDocument): BoardCause[] {
  return Object.entries(optionBytes).flatMap(([name, value]) => {
    const factory = chip.optionBytes?.[name]?.factory.value;
    if (factory === undefined || Number(value) === factory) return [];
    const is = `is ${shown(Number(value))}${levelOf(name, Number(value))}`;
    return [own(name, is, `option byte ${name} = ${shown(factory)}`, { optionBytes: { [name]: factory } })];
  });
}
/** With this bit as the factory sets it, BOOT0 is the option bit, and nobody looks at the pin (reference manuals, boot configuration). */
function ofBootPin(chip: ChipDescription, { board: { boot0, optionBytes }, steps }: RunInput['scenario']): BoardCause[] {
  const name = 'nBOOT_SEL';
  const factory = chip.optionBytes?.[name]?.factory.value;
  const rises = steps.some(({ action }) => action.kind === 'pin' && action.name === 'BOOT0' && action.level === 1);
  if ((boot0 !== 1 && !rises) || factory !== 1 || Number(optionBytes[name] ?? factory) !== 1) return [];
  return [own(name, 'is 1, as from the factory: nobody looks at the pin BOOT0', `option byte ${name} = 0`, { optionBytes: { [name]: 0 } })];
}
function ofClocks(board: BoardDocument, { hse }: Pick<BoardDocument, 'hse'>): BoardCause[] {
  const off = Object.keys(board.ppm).filter((name) => board.ppm[name] !== 0);
  const ppm = off.map((c) =>
    own(c.toUpperCase(), `is ${board.ppm[c]} ppm off`, `${c.toUpperCase()} exact`, { ppm: { ...board.ppm, [c]: 0 } }),
  );
  // whether a crystal or a signal gives it has its own words (never-ready): a board that lacks what the firmware asks for keeps it from coming back after a reset, too
  const isSame = board.hse?.hz === hse?.hz && board.hse?.ready === hse?.ready;
  if (hse === null || isSame) return ppm;
  const late = board.hse?.ready === undefined ? '' : ` and is ready after ${board.hse.ready}`;
  const is = board.hse === null ? 'is not fitted' : `has ${board.hse.hz / 1e6} MHz${late}`;
  return [own('HSE', is, `${hse.hz / 1e6} MHz at HSE`, { hse }), ...ppm];
}

/** RDP by its levels (reference manuals, FLASH): two values are the outer ones, all others level 1. */
const levelOf = (name: string, value: number): string =>
  name !== 'RDP' ? '' : ` (read-out protection level ${value === 0xaa ? 0 : value === 0xcc ? 2 : 1})`;
const DIGITS = 10;
const shown = (n: number): string => (n < DIGITS ? String(n) : `0x${n.toString(16).toUpperCase()}`);
