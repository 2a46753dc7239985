/** One client on one ROM: what it reached, and what the chip itself says of it. */
import { CHIPS } from '../../src/chips/index.ts';
import { romProfileOf } from '../../src/rom/profiles.ts';
import { openDfuRom, openRomSerial, type DfuRom, type HeldSerial, type HeldUsb } from '../../src/usb.ts';
import type { Bench, Client, Job, Outcome, Step } from './client.ts';
import type { Clock } from './sandbox.ts';

/** The steps of a client in their order; a failure is in the last one that it began. */
export const STEPS: readonly Step[] = ['open', 'descriptors', 'option bytes', 'erase', 'download', 'verify', 'leave'];

/** Effort: real time of an attempt. */
const WALL_MS = 90_000;
/** A client that gets nowhere for this emulated time. */
const EMULATED_S = 400;
const LENGTH = 5000;

/** An application that stays where it is, then a pattern. */
function application(): Uint8Array<ArrayBuffer> {
  const bytes = Uint8Array.from({ length: LENGTH }, (_, i) => (i * 31 + (i >> 8)) & 0xff);
  bytes.set([0x00, 0x10, 0x00, 0x20, 0x09, 0x00, 0x00, 0x08, 0xfe, 0xe7]);
  return bytes;
}
/** H743 is written in both banks: the second one is where ROMs differ. */
export function jobOf({ chip }: Pick<DfuRom, 'chip'>): Job {
  const profile = romProfileOf(CHIPS.find(({ name }) => name.toLowerCase() === chip)!);
  const name = profile?.dfu?.alts.value[0] ?? '';
  const [, size = '2', unit = 'K'] = /\/\d+\*0*(\d+)([ KM]?)/.exec(name) ?? [];
  const sector = Number(size) * (unit === 'K' ? 1024 : unit === 'M' ? 1048576 : 1);
  const places = profile?.image === 'h745' ? [0x0800_0000, 0x0810_0000] : [0x0800_0000];
  return { sector, blocks: places.map((address) => ({ address, bytes: application() })) };
}

/** What is to be there and is not. */
function wrong({ held, job }: Bench<HeldUsb | HeldSerial>, { single }: Client): string | null {
  const { base, bytes } = held.flash();
  const blocks = single ? job.blocks.slice(-1) : job.blocks;
  for (const block of blocks) {
    const at = block.bytes.findIndex((byte, i) => bytes[block.address - base + i] !== byte);
    if (at >= 0) return `flash at 0x${(block.address + at).toString(16)} is not what was sent`;
  }
  return null;
}

class Watch {
  step: Step = 'open';
  under = 0;
  reach(step: Step): void {
    // what a client does between two downloads is no step back
    if (STEPS.indexOf(step) > STEPS.indexOf(this.step)) this.step = step;
  }
  /** The steps by the requests of DFU. */
  request(setup: Uint8Array, data?: Uint8Array): void {
    const [type, request] = setup;
    if (type === 0x80) this.reach('descriptors');
    else if (type === 0xa1 && request === 2) this.reach(this.step === 'download' || this.step === 'verify' ? 'verify' : 'option bytes');
    else if (type === 0x21 && request === 1) {
      if (setup[6] === 0 && setup[7] === 0) this.reach('leave');
      else if (setup[2]! >= 2 || setup[3]! > 0) this.reach('download');
      else if (data?.[0] === 0x41) this.reach('erase');
    }
  }
  clock(held: HeldUsb | HeldSerial): Clock {
    return {
      now: () => held.seconds * 1000,
      pass: (ms) => held.run(`${Math.max(1, Math.ceil(ms * 1000))}us`),
      busy: () => this.under > 0,
    };
  }
}

/** Effort: a client without a timer and without a transfer has stopped, after this real time. */
const STILL_MS = 1500;

async function settled(drive: Promise<string | null>, bench: Bench<HeldUsb | HeldSerial>): Promise<string | null> {
  const { held, clock } = bench;
  const from = held.seconds;
  const until = Date.now() + WALL_MS;
  let over = false;
  const tooLong = async (): Promise<string> => {
    let moved = Date.now();
    let seen = held.seconds;
    while (!over && Date.now() < until && held.seconds - from < EMULATED_S && Date.now() - moved < STILL_MS) {
      await new Promise((next) => setTimeout(next, 50));
      if (clock.busy() || bench.box?.idle() !== true || held.seconds !== seen) moved = Date.now();
      seen = held.seconds;
    }
    return `comes to no end: ${bench.box?.lines.at(-1) ?? 'says nothing'}`;
  };
  try {
    return await Promise.race([drive, tooLong()]);
  } catch (error) {
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  } finally {
    over = true;
  }
}

async function overUsb(client: Client, rom: DfuRom): Promise<Outcome> {
  const held = await openDfuRom(rom);
  const watch = new Watch();
  const { usb } = held;
  const control = usb.control.bind(usb);
  usb.control = async (setup, data) => {
    watch.under++;
    watch.request(setup, data);
    try {
      return await control(setup, data);
    } finally {
      watch.under--;
    }
  };
  try {
    const [device] = await usb.getDevices();
    if (!device) return { ok: false, step: 'open', why: `no device: ${held.outcome}` };
    const bench: Bench<HeldUsb> = { held, clock: watch.clock(held), job: jobOf(rom) };
    const said = await settled(client.usb!(bench), bench);
    bench.box?.stop();
    if (said !== null) return { ok: false, step: watch.step, why: said };
    const missing = wrong(bench, client);
    if (missing !== null) return { ok: false, step: watch.step, why: `it is content, but ${missing}` };
    await held.run('500ms');
    if (watch.step === 'leave' && device.connected)
      return { ok: false, step: 'leave', why: 'it is content, but the device is still there' };
    return { ok: true, step: watch.step, why: null };
  } finally {
    held.close();
  }
}

async function overSerial(client: Client, rom: Pick<DfuRom, 'chip'>): Promise<Outcome> {
  const held = await openRomSerial({ chip: rom.chip });
  const watch = new Watch();
  try {
    const bench: Bench<HeldSerial> = { held, clock: watch.clock(held), job: jobOf(rom) };
    const first: Bench<HeldSerial> = { ...bench, job: { ...bench.job, blocks: bench.job.blocks.slice(0, 1) } };
    const said = await settled(client.serial!(first), first);
    first.box?.stop();
    if (said !== null) return { ok: false, step: watch.step, why: said };
    const missing = wrong(first, client);
    return missing === null ? { ok: true, step: 'leave', why: null } : { ok: false, step: 'verify', why: `it is content, but ${missing}` };
  } finally {
    held.close();
  }
}

export async function attempt(client: Client, rom: DfuRom): Promise<Outcome | null> {
  try {
    if (client.program) return await client.program(rom);
    // the protocol of the USART is the same without the quirks of USB
    if (client.serial && rom.quirks.length > 0) return null;
    return await (client.usb ? overUsb(client, rom) : overSerial(client, rom));
  } catch (error) {
    return { ok: false, step: 'open', why: error instanceof Error ? error.message : String(error) };
  }
}
