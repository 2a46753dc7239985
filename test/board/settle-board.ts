/** A stand-in with chosen options as a board for `settle`, in this process. */
import { emulatedBoard } from '../../src/board/emulated.ts';
import { SettleBench, type Settled } from '../../src/board/settle.ts';
import { settleExperiments } from '../../src/board/settle-experiments.ts';
import { addressGiven, type UsbWatch } from '../../src/board/usb-watch.ts';
import { jobInput } from '../../src/bench/input/job.ts';
import { unasked } from '../../src/bench/input/run-input.ts';
import { Session } from '../../src/bench/session/session.ts';
import { familyOf, locate } from '../../src/checks/families.ts';
import { findChip } from '../../src/chips/index.ts';
import { romImage } from '../../src/cli/rom-image.ts';
import { GdbHub } from '../../src/debug/gdb-hub.ts';
import { MS } from '../../src/emu/time.ts';
import { rxPins, type RomProfile } from '../../src/rom/profile.ts';
import { printedTexts } from '../../src/emu/console-text.ts';
import type { ChipDescription } from '../../src/emu/chip.ts';
import type { RomOptionId } from '../../src/rom/options.ts';
import { loadRom } from '../../src/rom/load.ts';
import { romProfileOf } from '../../src/rom/profiles.ts';
import { plainJob } from '../bench/plain-job.ts';

/** Longer than any ROM takes to its device. */
const PATIENCE = 1500 * MS;
const PIECE_MS = 10;

/** The stand-in as code that is not the stand-in's: another letter in a string that no option looks at, or a byte that nothing uses where it has no such string. */
export function foreignRom(name: string, chosen: Readonly<Record<string, string>> = {}): Uint8Array {
  const profile = romProfileOf(findChip(name)!)!;
  const { base } = profile.systemMemory.value;
  const dump = loadRom(profile, romImage(profile.image), chosen)
    .segments.find((s) => s.address === base)!
    .bytes.slice();
  const string = Buffer.from(dump).indexOf('BOOTLOADER');
  dump[string >= 0 ? string : dump.lastIndexOf(0xff, profile.optionBlock - base - 1)] = 0x62;
  return dump;
}
/** A part with a unique ID of its own and that ROM, as nobody but this test has one: for evidence as a board of ST's would give it. */
export function foreignPart(name: string, chosen: Readonly<Record<string, string>> = {}): GdbHub {
  const waits = new Uint8Array(Uint32Array.of(0x20000800, 0x08000009, 0xe7fee7fe).buffer);
  const job = plainJob(name, [{ path: 'app.bin@0x08000000', bytes: waits }]);
  const rom = { kind: 'dump', bytes: foreignRom(name, chosen), version: null, options: {} } as const;
  return new GdbHub(new Session(unasked(jobInput({ ...job, rom })), { parameters: { 'uid.0': 0x12345678 } }));
}

/** What the experiment says of a ROM that was built with these options. */
export async function settleOnStandIn(
  name: string,
  chosen: Readonly<Record<string, string>>,
  options: readonly RomOptionId[],
): Promise<Settled[]> {
  const chip = findChip(name)!;
  const profile = romProfileOf(chip)!;
  // an application that waits, so that a chip without the ROM's answer has somewhere to be
  // L0's ROM goes back to a program whose first word is a stack pointer
  const waits = new Uint8Array(Uint32Array.of(profile.family === 'L0' ? 0 : 0x20000800, 0x08000009, 0xe7fee7fe).buffer);
  const job = plainJob(name, [{ path: 'app.bin@0x08000000', bytes: waits }], { romOptions: chosen });
  const session = new Session(unasked(jobInput(job)));
  const watch = profile.dfu === null ? overUsart(session, profile) : overUsb(session, chip);
  const target = await emulatedBoard(session);
  try {
    const bench = await SettleBench.at(target, chip, profile, watch, { watchFor: 1000, timeout: 10_000, tries: 1 });
    const settled: Settled[] = [];
    for (const option of options) settled.push(await bench.settle(settleExperiments(chip, profile).get(option)!));
    return settled;
  } finally {
    await target.detach(false);
    session.release();
  }
}
/** 0x7F comes as soon as the ROM listens. */
function overUsart(session: Session, profile: RomProfile): UsbWatch {
  const port = rxPins(profile)[0]!.name;
  const said = (): string => printedTexts(session.machine.state.console)[port.toLowerCase()] ?? '';
  return async (target) => {
    const [before, end] = [said().length, session.machine.now + PATIENCE];
    session.steps.append({ kind: 'uart', port, bytes: Uint8Array.of(0x7f), baud: 9600 }, 400 * MS);
    while (session.machine.now < end) {
      await target.runUntilStop(PIECE_MS);
      if (said().slice(before).includes('y')) return 'dfu';
    }
    return 'nothing';
  };
}
function overUsb(session: Session, chip: ChipDescription): UsbWatch {
  const block = familyOf(chip)!.usb!.block;
  const path = [`${block}.DADDR.ADD`, `${block}.DCFG.DAD`].find((p) => locate(chip, p) !== null)!;
  const look = addressGiven({ ...locate(chip, path)!, name: path, rom: chip.rom!.range.value });
  return async (target) => {
    const end = session.machine.now + PATIENCE;
    while (session.machine.now < end) if ((await look(target, PIECE_MS)) === 'dfu') return 'dfu';
    return 'nothing';
  };
}
