/** Quirks of DFU ROMs (rom/quirks.ts) for a run: what they change in the ROM, and what between host and device. */
import { findChip } from '../../chips/index.ts';
import { DFU_QUIRK_NAMES, imageWithQuirks, whyNoQuirk, type DfuQuirk } from '../../rom/quirks.ts';
import type { PortQuirks } from '../../usb-sim/quirk-port.ts';
import { didYouMean, shown, UsageError } from '../documents/usage-error.ts';
import { romProfile, type RunJob } from './job.ts';

/** Where bank 2 of H743 begins. */
const H743_BANK_2 = 0x08100000;

/** Names that a user gave, none if left out; a UsageError names those that there are. */
export function quirksNamed(what: string, names: unknown = []): readonly DfuQuirk[] {
  if (!Array.isArray(names)) throw new UsageError(`${what} is ${shown(names)}`, `give a list: ${DFU_QUIRK_NAMES.join(', ')}`);
  // holes are no names either
  const quirks = Array.from(names, (name: unknown) => {
    const found = DFU_QUIRK_NAMES.find((quirk) => quirk === name);
    if (found !== undefined) return found;
    const near = typeof name === 'string' ? didYouMean(name, DFU_QUIRK_NAMES) : null;
    const known = `known: ${DFU_QUIRK_NAMES.join(', ')}`;
    throw new UsageError(`${what}: there is no quirk ${shown(name)}`, near === null ? known : `${near} ${known}`);
  });
  if (quirks.includes('transfer-size-1024') && quirks.includes('transfer-size-2048'))
    throw new UsageError(`${what}: transfer-size-1024 and transfer-size-2048 exclude each other`);
  return quirks;
}

/** The job with a ROM that has the quirks, and the quirks that the port needs (`UsbSim.useQuirks`). */
export function withQuirks(job: RunJob, quirks: readonly DfuQuirk[]): { readonly job: RunJob; readonly port: PortQuirks | null } {
  if (quirks.length === 0) return { job, port: null };
  if (job.rom.kind !== 'stand-in') throw new UsageError('quirks are for the stand-in ROM', 'the code of a dump does what it does');
  const profile = romProfile(findChip(job.chip)!);
  for (const quirk of quirks) {
    const why = whyNoQuirk(profile, quirk);
    if (why !== null) throw new UsageError(`${job.chip} cannot have the quirk ${quirk}: ${why}`);
  }
  const port: PortQuirks = {
    functionalHangs: quirks.includes('c5-functional-descriptor-hangs'),
    longStrings: quirks.includes('f427-string-length'),
    ...(quirks.includes('h743-bank2-busy') ? { busyFrom: H743_BANK_2 } : {}),
  };
  return { job: { ...job, rom: { ...job.rom, bytes: imageWithQuirks(profile, job.rom.bytes, quirks) } }, port };
}
