/** Without DfuSe a device may keep the end of a download to itself. When the download has ended, all of it lies in flash (DFU 1.1 §7). */
import type { DfuMonitor } from '../../usb-sim/conform/monitor.ts';
import type { Asked, Work } from '../../usb-sim/conform/work.ts';
import { STATE } from '../../usb-sim/conform/model.ts';
import { DFU } from '../../usb-sim/dfu-protocol.ts';
import type { DfuCommand } from './dfu-command.ts';

export interface SentBlock {
  /** Of its first byte, in flash. */
  readonly address: number;
  readonly data: Uint8Array;
}
/** Commands that leave a download as it is. */
const OF_A_DOWNLOAD: readonly DfuCommand['do'][] = ['request', 'download', 'settle', 'wait', 'suspend'];
/** With these a team says that its device does not write what it was sent. */
const KNOWN = ['plain.written', 'plain.odd-lengths'];

/** Blocks of the download under way that the device has taken in their turn. */
export class SentBlocks {
  private blocks: SentBlock[] = [];
  /** The DNLOAD of length 0 came behind them. */
  private ended = false;

  drop(): void {
    this.blocks = [];
    this.ended = false;
  }
  /** A command begins. */
  begins(command: DfuCommand): void {
    if (!OF_A_DOWNLOAD.includes(command.do)) this.drop();
  }
  /** A request was acknowledged; the blocks that have to lie in flash now. */
  taken(asked: Asked, model: DfuMonitor): readonly SentBlock[] {
    const { dfuse, accepted } = model.options;
    if (dfuse || KNOWN.some((id) => accepted.has(id))) return [];
    // behind dfuMANIFEST an error may come, or the end of the download
    if (model.states.has(STATE.ERROR) && !model.states.has(STATE.MANIFEST)) this.drop();
    this.keep(asked, model.work);
    if (!this.ended || asked.request !== DFU.GETSTATUS || model.state !== STATE.IDLE) return [];
    const { blocks } = this;
    this.drop();
    return blocks;
  }
  private keep({ request, data }: Asked, work: Work | null): void {
    if (request === DFU.DNLOAD && data.length === 0) this.ended = true;
    else if (request === DFU.DNLOAD && work?.fails === 'never' && work.write?.data) this.blocks.push({ address: work.write.address, data });
    else if (request !== DFU.GETSTATUS && request !== DFU.GETSTATE) this.drop();
  }
}
