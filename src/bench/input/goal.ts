/**
 * Goals that are not USB: what a host says first on an interface of the ROM (AN3155 0x7F, AN4221 Get, AN4286 0x5A, AN3154 and AN5405 the frame 0x79), and how the ROM
 * acknowledges it.
 */
import type { ChipDescription } from '../../emu/chip.ts';
import { PS_PER_SECOND } from '../../emu/time.ts';
import { i2cAddress, romProfileOf, type RomProfile } from '../../rom/profiles.ts';
import { servedCan } from '../../rom/interface-macros.ts';
import { pinsOfPort, speaksSerial } from '../../rom/profile.ts';
import { APP_GOAL, USB_GOAL, type GoalName } from '../documents/goal.ts';
import type { PlannedAction } from '../documents/scenario-types.ts';
import { didYouMean, UsageError } from '../documents/usage-error.ts';

/** What is said on one interface, and how it is answered. */
export interface Asking {
  /** As in `--goal`: `usart1`. */
  readonly name: string;
  /** As the chip's rows call it. */
  readonly port: string;
  /** For a person. */
  readonly text: string;
  readonly says: readonly PlannedAction[];
  /** The acknowledgement stands in what the port printed since. */
  readonly acknowledged: (printed: string) => boolean;
  /** What its host can do behind the first answer: the commands of AN3155, which AN4221 has on I2C, or those of AN3154; null: nothing here speaks it. */
  readonly serves: 'commands' | 'can' | null;
  /** A USART answers at the rate that it measured. */
  readonly baud: number | null;
}

/** Slow enough for every ROM: F358 is at 8 MHz, and measures 115200 too coarsely on one of its USARTs (AN2606 Table 66: 57600 at most). */
const BAUD = 9600;
const [CAN_BITRATE, FDCAN_BITRATE] = [125_000, 250_000];

const USART = /^(LP)?USART\d+$|^(LP)?UART\d+$/;

export interface PlannedGoal {
  readonly name: GoalName;
  /** Null: USB, or the application. */
  readonly asking: Asking | null;
}

/** The goal that was named, else USB where the part's ROM has it, else its first USART. A UsageError where the part has no such goal. */
export function plannedGoal(chip: ChipDescription, named: GoalName | undefined, where: string): PlannedGoal {
  const profile = romProfileOf(chip);
  const asked = askable(profile);
  const usb = profile?.dfu != null;
  if (named === undefined) {
    const [serial] = usb ? [] : asked.filter(({ baud }) => baud !== null);
    return { name: serial?.name ?? USB_GOAL, asking: serial ?? null };
  }
  const name = named.toLowerCase();
  const asking = asked.find((a) => a.name === name) ?? null;
  if (asking !== null || name === APP_GOAL || (name === USB_GOAL && (usb || profile === null))) return { name, asking };
  throw noSuchGoal(chip, profile, named, where, [...(usb ? [USB_GOAL] : []), ...asked.map((a) => a.name)]);
}
function noSuchGoal(
  chip: ChipDescription,
  profile: RomProfile | null,
  named: string,
  where: string,
  served: readonly string[],
): UsageError {
  if (profile?.interfaces.value.some((i) => i.name.toLowerCase() === named.toLowerCase()))
    return new UsageError(
      `${where}: the ROM of ${chip.name} has ${named.toUpperCase()}, but its stand-in here does not answer on ${named.toUpperCase()}`,
      `the stand-in answers on ${served.join(', ')}`,
    );
  const all = [...served, APP_GOAL];
  return new UsageError(
    `${where}: the ROM of ${chip.name} has no ${named}`,
    didYouMean(named.toLowerCase(), all) ?? `it has ${all.join(', ')}`,
  );
}

/** Interfaces of the ROM that can be asked, in its order. */
const askable = (profile: RomProfile | null): readonly Asking[] =>
  profile === null ? [] : profile.interfaces.value.flatMap(({ name }) => askingOn(profile, name) ?? []);

function askingOn(profile: RomProfile, port: string): Asking | null {
  const name = port.toLowerCase();
  const pins = pinsOfPort(profile, port);
  const at = (role: string): string => (pins[role] === undefined ? '' : ` (${role.toUpperCase()} ${pins[role]})`);
  if (USART.test(port)) {
    if (!speaksSerial(profile) || pins['rx'] === undefined) return null;
    const says: PlannedAction[] = [{ kind: 'uart', port, bytes: Uint8Array.of(0x7f), baud: BAUD }];
    const acknowledged = (printed: string): boolean => printed.startsWith(String.fromCharCode(0x79));
    return { name, port, text: `0x7F at ${BAUD} baud on ${port}${at('rx')}`, says, acknowledged, serves: 'commands', baud: BAUD };
  }
  const acknowledged = (printed: string): boolean => /-> (A5 )?79\b/.test(printed);
  if (/^I2C/.test(port)) {
    const address = i2cAddress(profile);
    const says: PlannedAction[] = [
      { kind: 'i2c', port, address, bytes: Uint8Array.of(0x00, 0xff), read: 0 },
      { kind: 'i2c', port, address, bytes: new Uint8Array(0), read: 1 },
    ];
    return {
      name,
      port,
      text: `Get at address 0x${address.toString(16)} on ${port}${at('scl')}`,
      says,
      acknowledged,
      serves: 'commands',
      baud: null,
    };
  }
  if (/^SPI/.test(port)) {
    const says = [[0x5a], [0x00, 0x00, 0x79]].map((bytes): PlannedAction => ({ kind: 'spi', port, bytes: Uint8Array.from(bytes) }));
    return { name, port, text: `0x5A on ${port}${at('nss')}`, says, acknowledged, serves: null, baud: null };
  }
  if (/^(FD)?CAN/.test(port)) {
    if (servedCan(profile)?.name !== port) return null;
    const bit = Math.round(PS_PER_SECOND / (port.startsWith('FD') ? FDCAN_BITRATE : CAN_BITRATE));
    const says: PlannedAction[] = [{ kind: 'can', port, id: 0x79, extended: false, bytes: new Uint8Array(0), bit }];
    return {
      name,
      port,
      text: `a frame 0x79 on ${port}${at('rx')}`,
      says,
      acknowledged,
      serves: port.startsWith('FD') ? null : 'can',
      baud: null,
    };
  }
  return null;
}
