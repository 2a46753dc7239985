/** A held machine as a device under test: the conformance kit and the property tests talk to it, and go back to a checkpoint for each case. */
import { getMsp } from '../../emu/core/arm/special.ts';
import type { Checkpoint } from '../../emu/machine-base.ts';
import { MS, US } from '../../emu/time.ts';
import { FLASH_BUSY } from '../../emu/wires.ts';
import type { DfuFacts, DfuLink, DfuWitness, LinkAnswer, LinkStatus } from '../../usb-sim/conform/link.ts';
import { isDfuse, whyNotWritable } from '../../usb-sim/conform/link.ts';
import { DESCRIPTOR, getDescriptor, parseConfiguration, parseDfuseLayout, parseString, setupPacket } from '../../usb-sim/descriptors.ts';
import type { DfuSegment, InterfaceInfo } from '../../usb-sim/descriptors.ts';
import type { OutsideResult, Transfer, TransferStatus } from '../../usb-sim/types.ts';
import type { HeldMachine } from '../session/held-machine.ts';
import { imageAt, type LoadedImage } from '../../image/image.ts';
import { flashInPlace, mainFlash } from '../session/flash-image.ts';
import { UsageError } from '../documents/usage-error.ts';

/** Virtual time that a request may take: a mass erase of a large F4 goes on inside one GETSTATUS for up to 32 s. */
const ANSWER_LIMIT = 60_000 * MS;
/** Milliseconds: K and recovery behind a suspend (USB 2.0 §7.1.7.7). */
const RESUMED = 40;
const LESS_THAN_A_PACKET = 4 * US;
/** A host gives up on a request after this (Linux, dfu-util: 5 s). */
const PATIENCE = 5_000 * MS;
/** A device that was reset or told to detach is back within this. */
const BACK_LIMIT = 10_000 * MS;
/** An application that is met so often in a row, at such intervals, is the one that stays. */
const [APPLICATION_LOOKS, LOOK] = [10, 100 * MS];
const HARD_FAULT = 3;
const NONE = new Uint8Array(0);
const STATUS: Readonly<Record<TransferStatus, LinkStatus>> = {
  ok: 'ok',
  stall: 'stall',
  timeout: 'timeout',
  error: 'error',
  babble: 'babble',
  cancelled: 'gone',
};
/** Main flash and what would be behind it on a larger part; other memories lie elsewhere. */
const NAMED_FLASH = 16 << 20;
const CLASS_DFU = 0xfe;
const PROTOCOL = { RUNTIME: 1, DFU: 2 } as const;
const dfuInterfaces = (interfaces: readonly InterfaceInfo[], protocol: number): InterfaceInfo[] =>
  interfaces.filter((i) => i.classCode === CLASS_DFU && i.subclass === 1 && i.protocol === protocol);

export class DfuTarget implements DfuLink {
  readonly held: HeldMachine;
  readonly facts: DfuFacts;
  readonly writable: { readonly address: number; readonly length: number } | null;
  readonly expendable = true;
  readonly erased: number;
  readonly witness: DfuWitness = {
    read: (address, length) => this.flashAt(address, length),
    find: (bytes) => this.whereInFlash(bytes),
    busy: () => this.held.session.machine.system.level(FLASH_BUSY) !== 0,
    pc: () => this.held.session.machine.bootCore.pc,
    msp: () => getMsp(this.held.session.machine.bootCore),
    attached: () => (this.held.usb.state.pullup ? (this.held.usb.session()?.at ?? null) : null),
  };
  private readonly start: Checkpoint;
  /** What the core was in when the device was in dfuIDLE; null: no image. */
  private readonly served: LoadedImage | null;

  /**
   * Takes the device of a held machine, by a DETACH where it offers DFU at run time. A UsageError where it has no DFU.
   * @param flash what the tests may write; default: the end of the memory that the device names
   */
  constructor(held: HeldMachine, flash?: { readonly address: number; readonly length: number }) {
    this.held = held;
    ({ erased: this.erased } = mainFlash(held.session.machine));
    held.usb.claim();
    this.enterDfuMode();
    this.facts = this.readFacts();
    const why = flash ? whyNotWritable(this.facts, flash) : null;
    if (why !== null) throw new UsageError(`--flash: ${why}`);
    this.writable = flash ?? writableEnd(this.facts);
    // the alternate setting of the flash, as dfu-util sets it
    if (this.facts.alternates.length > 1) this.controlNow(setupPacket(1, 11, 0, this.facts.interfaceNumber, 0));
    this.served = this.imageAt(this.witness.pc());
    this.start = held.save();
  }

  control(setup: Uint8Array, data?: Uint8Array): Promise<LinkAnswer> {
    return Promise.resolve(this.controlNow(setup, data));
  }
  controlNow(setup: Uint8Array, data: Uint8Array = NONE): LinkAnswer {
    const { usb, bus } = this.held;
    const id = usb.submitControl(setup, data, ANSWER_LIMIT);
    let result: OutsideResult | null = null;
    const end = bus.now + 2 * ANSWER_LIMIT;
    // a device that is at work on its flash may hold the host up
    do bus.runUntil(() => (result ??= usb.takeResult(id)) !== null, bus.now + PATIENCE);
    while (result === null && bus.now < end && this.witness.busy());
    const ended = result as OutsideResult | null;
    if (ended === null) usb.cancel(id);
    return ended === null ? { status: 'timeout', data: NONE } : { status: STATUS[ended.status], data: ended.data };
  }
  abandon(setup: Uint8Array, data: Uint8Array = NONE): Promise<void> {
    const { usb, bus } = this.held;
    const id = usb.submitControl(setup, data, ANSWER_LIMIT);
    const moved = ({ sent, data: got }: Transfer): boolean => (data.length > 0 ? sent : got.length) > 0;
    const over = (): boolean =>
      usb.state.transfers.some((t) => t.kind === 'control' && moved(t)) || usb.state.outside.some((r) => r.id === id);
    // the machine stops at the end of a transfer only: a packet takes 15 to 45 us, and is looked for more often
    const limit = bus.now + 1000 * MS;
    while (!over() && bus.now < limit) bus.runUntil(() => false, bus.now + LESS_THAN_A_PACKET);
    usb.cancel(id);
    usb.takeResult(id);
    return Promise.resolve();
  }
  loseAck(): void {
    this.held.usb.disturb('handshake');
  }
  suspend(ms: number): Promise<void> {
    this.held.usb.suspend(ms * MS);
    this.run(ms + RESUMED);
    return Promise.resolve();
  }
  reset(): Promise<'dfu' | 'other' | 'gone'> {
    this.held.usb.resetDevice();
    // an application without USB lets go of the bus: that is not the device that stays and is deaf
    if (!this.back()) return Promise.resolve(this.held.usb.state.pullup ? 'gone' : 'other');
    return Promise.resolve(this.inDfuMode() ? 'dfu' : 'other');
  }
  wait(ms: number): Promise<void> {
    this.run(ms);
    return Promise.resolve();
  }
  /** Lets virtual time pass. */
  run(ms: number): void {
    const { bus } = this.held;
    bus.runUntil(() => false, bus.now + ms * MS);
  }
  fresh(): Promise<boolean> {
    this.restart();
    return Promise.resolve(true);
  }
  /** Back to the checkpoint. */
  restart(): void {
    this.held.restore(this.start);
  }
  /**
   * A device is on the bus and configured, or comes within the usual time.
   * @param memory where downloads go: a program that runs there for a while without USB is an application, and not waited for
   */
  back(memory: readonly DfuSegment[] = []): boolean {
    const { usb, bus } = this.held;
    const limit = bus.now + BACK_LIMIT;
    for (let looks = 0; looks < APPLICATION_LOOKS && bus.now < limit;) {
      if (bus.runUntil(() => usb.outsideReady, bus.now + LOOK)) return true;
      looks = !usb.state.pullup && this.runsProgram(memory) ? looks + 1 : 0;
    }
    return usb.outsideReady;
  }
  /** The core is in memory that downloads go to, or in another image than the one that serves DFU, and not in HardFault. */
  runsProgram(memory: readonly DfuSegment[]): boolean {
    const { bootCore, state } = this.held.session.machine;
    const { pc } = bootCore;
    const image = this.imageAt(pc);
    const another = image !== null && this.served !== null && image !== this.served;
    const downloaded = memory.some((s) => s.writable && pc >= s.start && pc < s.end);
    return (another || downloaded) && state.lockup === null && bootCore.arm.ipsr !== HARD_FAULT;
  }
  private imageAt(pc: number): LoadedImage | null {
    const { images } = this.held.session.input;
    return imageAt(images, pc) ?? null;
  }

  private flashAt(address: number, length: number): Uint8Array | null {
    const { base, bytes } = flashInPlace(this.held.session.machine);
    return address >= base && address + length <= base + bytes.length ? bytes.slice(address - base, address - base + length) : null;
  }
  private whereInFlash(wanted: Uint8Array): number | null {
    const { base, bytes } = flashInPlace(this.held.session.machine);
    const at = indexOfBytes(bytes, wanted);
    return at < 0 ? null : base + at;
  }
  /** False: the device on the bus is no DFU device, or one that waits for DETACH. */
  inDfuMode(): boolean {
    return dfuInterfaces(this.held.usb.state.device?.interfaces ?? [], PROTOCOL.DFU).length > 0;
  }
  private enterDfuMode(): void {
    if (!this.back()) throw new UsageError('no device is on the bus');
    if (this.inDfuMode()) return;
    const runtime = dfuInterfaces(this.held.usb.state.device?.interfaces ?? [], PROTOCOL.RUNTIME)[0];
    if (!runtime) throw new UsageError('the device on the bus has no DFU interface');
    this.controlNow(setupPacket(0x21, 0, 1000, runtime.number, 0));
    this.run(100);
    // DFU 1.1 §5.1: without bitWillDetach the host's reset is the signal
    if (this.back() && !this.inDfuMode()) this.held.usb.resetDevice();
    if (!this.back() || !this.inDfuMode()) throw new UsageError('the device stays in its run-time mode after DETACH');
  }

  private readFacts(): DfuFacts {
    const { state } = this.held.usb;
    const info = structuredClone(state.device!);
    const head = this.controlNow(getDescriptor(DESCRIPTOR.CONFIGURATION, 0, 0, 9)).data;
    const length = (head[2] ?? 0) | ((head[3] ?? 0) << 8);
    const configuration = this.controlNow(getDescriptor(DESCRIPTOR.CONFIGURATION, 0, 0, length)).data;
    if (!parseConfiguration(info, configuration) || info.dfu === null) throw new UsageError(this.withoutFunctional(configuration));
    if (info.dfu.transferSize === 0) throw new UsageError('wTransferSize of the device is 0: nothing can be transferred (DFU 1.1 §4.1.3)');
    const alternates = dfuInterfaces(info.interfaces, PROTOCOL.DFU);
    const names = alternates.map(({ iInterface }) => (iInterface ? this.string(iInterface, info.langId) : ''));
    return {
      vid: info.vid,
      pid: info.pid,
      bcdDevice: info.bcdDevice,
      product: info.product,
      packet0: state.packet0,
      langId: info.langId,
      configuration,
      interfaceNumber: alternates[0]!.number,
      alternates: names,
      functional: info.dfu,
      layout: this.onThisPart(parseDfuseLayout(names[0] ?? '')),
    };
  }
  /** Why there is no functional descriptor: it is missing, or lies behind what wTotalLength says. */
  private withoutFunctional(configuration: Uint8Array): string {
    const all = this.controlNow(getDescriptor(DESCRIPTOR.CONFIGURATION, 0, 0, 4096)).data;
    const behind = all.length > configuration.length || configuration.length < (configuration[0] ?? 0) + (configuration[9] ?? 0);
    return behind
      ? `the device has no DFU functional descriptor within wTotalLength (${configuration.length} bytes; ${all.length} came: USB 2.0 §9.6.3)`
      : 'the device has no DFU functional descriptor (DFU 1.1 §4.1.3)';
  }
  /** A ROM names the memory of its line's largest part (F105: 256 KB on a part with 128). What this part has not is no place for tests. */
  private onThisPart(layout: readonly DfuSegment[]): DfuSegment[] {
    const { base, bytes } = mainFlash(this.held.session.machine);
    const end = base + bytes.length;
    return layout.flatMap((s) =>
      s.start < base || s.start >= base + NAMED_FLASH ? [s] : s.start < end ? [{ ...s, end: Math.min(s.end, end) }] : [],
    );
  }
  private string(index: number, langId: number): string {
    return parseString(this.controlNow(getDescriptor(DESCRIPTOR.STRING, index, langId, 255)).data) ?? '';
  }
}

function indexOfBytes(memory: Uint8Array, wanted: Uint8Array): number {
  for (let at = memory.indexOf(wanted[0]!); at >= 0; at = memory.indexOf(wanted[0]!, at + 1))
    if (wanted.every((b, i) => memory[at + i] === b)) return at;
  return -1;
}

/** The last sectors of the memory: at least two, and room for three blocks; firmware that serves DFU itself lies at its start. */
function writableEnd(facts: DfuFacts): { address: number; length: number } | null {
  if (!isDfuse(facts)) return { address: 0, length: 0 };
  const last = facts.layout.findLast((s: DfuSegment) => s.erasable && s.writable);
  if (!last) return null;
  const sectors = Math.max(2, Math.ceil((3 * facts.functional.transferSize) / last.sectorSize));
  const address = Math.max(last.start, last.end - sectors * last.sectorSize);
  return { address, length: last.end - address };
}
