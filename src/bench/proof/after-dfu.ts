/** DFU over USB, as dfu-util uses it. */
import { PS_PER_SECOND, type Ps } from '../../emu/time.ts';
import { segmentAt } from '../../usb-sim/descriptors.ts';
import { DFU_STATE, layoutOf } from '../../usb-sim/dfu-protocol.ts';
import type { DfuOperation } from '../../usb-sim/types.ts';
import type { DfuRequest } from '../../usb-sim/usb-sim.ts';
import type { AfterResult } from '../documents/result.ts';
import type { Session } from '../session/session.ts';
import { failed, goneInWords, ok, refused, runUntil, type Read, type Tool } from './after-tool.ts';

/** A device that does not answer for so long is lost. */
const SILENT: Ps = PS_PER_SECOND;
/** dfu-util waits for ever; a sector of 128 KB takes 4 s at most (datasheets). */
const PATIENCE: Ps = 30 * PS_PER_SECOND;

export class DfuTool implements Tool {
  readonly bytes = 2048;
  private readonly s: Session;
  private readonly resets: number;

  constructor(s: Session) {
    this.s = s;
    this.resets = s.machine.history.resets.length;
  }

  isGone(): boolean {
    const { usb, machine } = this.s;
    const lost = usb.dfuLostSince;
    const isSilent = lost !== null && usb.dfuIdle && machine.now - lost >= SILENT;
    return isSilent || machine.history.resets.length > this.resets || !usb.dfuReady;
  }
  gone(): string {
    const { machine, usb } = this.s;
    const at = usb.sessions.findLast((u) => u.enumerated !== null && u.servedBy === 'system')?.enumerated ?? machine.now;
    return goneInWords(this.s, this.resets, { at, what: 'the enumeration' }, usb.dfuLostSince);
  }
  about(): AfterResult<string> {
    const alts = this.s.usb.session()?.altSettings ?? [];
    return ok(`${alts.length} alternate ${alts.length === 1 ? 'setting' : 'settings'}, the first ${JSON.stringify(alts[0] ?? '')}`);
  }
  get memory(): number {
    return layoutOf(this.s.usb.state.dfu!)[0]!.start;
  }
  application(): number | null {
    const layout = layoutOf(this.s.usb.state.dfu!);
    const addresses = this.s.input.images.flatMap((i) => i.chunks.map((c) => c.address));
    return addresses.find((a) => segmentAt(layout, a) !== undefined) ?? null;
  }
  read(address: number, length: number): Read {
    const done = this.operate({ kind: 'upload', address, length });
    return done.status === 'ok' ? { data: done.data } : { wrong: this.refusal(done) };
  }
  erase(address: number): AfterResult<string> {
    return this.told({ kind: 'erase', address, length: 1 });
  }
  write(address: number, data: Uint8Array): AfterResult<string> {
    return this.told({ kind: 'download', address, data });
  }
  leave(address: number): AfterResult<string> {
    return this.told({ kind: 'leave', address });
  }

  private told(request: DfuRequest): AfterResult<string> {
    const done = this.operate(request);
    return done.status === 'ok' ? ok() : this.refusal(done);
  }
  private operate(request: DfuRequest): DfuOperation {
    const { usb, machine } = this.s;
    const id = usb.dfu(request);
    const found = (): DfuOperation => usb.operations.find((o) => o.id === id)!;
    const isOver = (): boolean => ['ok', 'failed'].includes(found().status);
    runUntil(this.s, () => isOver() || (request.kind !== 'leave' && this.isGone()), machine.now + PATIENCE);
    return found();
  }
  private refusal(o: DfuOperation): AfterResult<string> {
    if (o.kind !== 'leave' && this.isGone()) return failed(this.gone());
    if (o.status !== 'failed') return failed(`no end within ${PATIENCE / PS_PER_SECOND} s`);
    const isAnswer = o.bState === DFU_STATE.ERROR || /stall/.test(o.error ?? '');
    return isAnswer ? refused(o.error ?? 'refused') : failed(o.error ?? 'it failed');
  }
}
