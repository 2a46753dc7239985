/** A link whose requests are written down as a person would type them: the failing sequence of a report. */
import { setupPacket } from '../descriptors.ts';
import { DFU, dfuStateName, dfuStatus, dfuTold, isWholeAnswer, LONGEST_POLL, pollText, type DfuStatus } from '../dfu-protocol.ts';
import type { DfuFacts, DfuLink, LinkAnswer, LinkStatus } from './link.ts';
import { STATE } from './model.ts';

const NAMES = ['DETACH', 'DNLOAD', 'UPLOAD', 'GETSTATUS', 'CLRSTATUS', 'GETSTATE', 'ABORT'];
export const requestName = (request: number): string => NAMES[request] ?? `request 0x${request.toString(16).padStart(2, '0')}`;

/** More polls than this, or longer waits than `LONGEST_POLL` in all, and a device counts as never ready. */
const MAX_POLLS = 200;
/** States in which a host asks again. */
const UNDER_WAY: ReadonlySet<number> = new Set([STATE.DNBUSY, STATE.DNLOAD_SYNC, STATE.MANIFEST_SYNC, STATE.MANIFEST]);

export class Recorder {
  readonly link: DfuLink;
  readonly sequence: string[] = [];
  /** bStatus of a GETSTATUS that told dfuERROR, the last one; null: none did. */
  refusedBy: number | null = null;

  constructor(link: DfuLink) {
    this.link = link;
  }
  get facts(): DfuFacts {
    return this.link.facts;
  }

  async control(setup: Uint8Array, data: Uint8Array, text: string): Promise<LinkAnswer> {
    const answer = await this.link.control(setup, data);
    this.sequence.push(`${text} → ${answerText(setup, answer)}`);
    const told = statusIn(setup, answer);
    if (told?.bState === STATE.ERROR) this.refusedBy = told.bStatus;
    return answer;
  }
  /** A DFU class request; `payload`: data to send or the number of bytes to read. */
  request(request: number, value = 0, payload: Uint8Array | number = new Uint8Array(0)): Promise<LinkAnswer> {
    const input = typeof payload === 'number';
    const length = input ? payload : payload.length;
    const setup = setupPacket(input ? 0xa1 : 0x21, request, value, this.facts.interfaceNumber, length);
    const detail = request === DFU.DNLOAD || request === DFU.UPLOAD ? ` block ${value}` : '';
    const data = input ? new Uint8Array(0) : payload;
    const read = isWholeAnswer(request, length) ? '' : ` ${length} bytes`;
    const sent = length > 0 ? ` [${shortHex(data)}]` : request === DFU.DNLOAD ? ' of length 0' : '';
    const what = input ? read : sent;
    return this.control(setup, data, `${requestName(request)}${detail}${what}`);
  }
  download(block: number, data: Uint8Array): Promise<LinkAnswer> {
    return this.request(DFU.DNLOAD, block, data);
  }
  upload(block: number, length: number): Promise<LinkAnswer> {
    return this.request(DFU.UPLOAD, block, length);
  }
  /** null: no answer of six bytes. */
  async status(): Promise<DfuStatus | null> {
    const { status, data } = await this.request(DFU.GETSTATUS, 0, 6);
    if (status !== 'ok' || data.length !== 6) return null;
    return dfuStatus(data);
  }
  /** null: no answer of one byte. */
  async state(): Promise<number | null> {
    const { status, data } = await this.request(DFU.GETSTATE, 0, 1);
    if (status !== 'ok' || data.length !== 1) return null;
    return data[0]!;
  }
  /** bwPollTimeout of a status; false: it is longer than anybody waits. */
  async waitFor({ pollMs }: DfuStatus): Promise<boolean> {
    if (pollMs > LONGEST_POLL) return false;
    await this.link.wait(pollMs);
    return true;
  }
  /** GETSTATUS, with the waits that the device asks for, until it is no longer busy; a device that stays busy: its last one. */
  async settled(): Promise<DfuStatus | null> {
    let waited = 0;
    for (let polls = 1; ; polls++) {
      const s = await this.status();
      if (s === null || !UNDER_WAY.has(s.bState) || polls >= MAX_POLLS || waited + s.pollMs > LONGEST_POLL) return s;
      await this.link.wait(s.pollMs);
      waited += s.pollMs;
    }
  }
  /** A block or command, carried out. */
  async downloadAndSettle(block: number, data: Uint8Array): Promise<DfuStatus | null> {
    return (await this.download(block, data)).status === 'ok' ? this.settled() : null;
  }
}

/** What came back, for a reader of the sequence: a status and a state by name. */
export function answerText(setup: Uint8Array, answer: LinkAnswer): string {
  const { status, data } = answer;
  if (status !== 'ok') return ANSWERS[status];
  const told = statusIn(setup, answer);
  if (told !== null) return statusText(told);
  const [type, request] = setup;
  if (type === FROM_DFU && request === DFU.GETSTATE && data.length === 1) return dfuStateName(data[0]!);
  return data.length > 0 ? `${data.length} bytes` : 'ok';
}
const FROM_DFU = 0xa1;
/** What a GETSTATUS that was answered whole told; null: it is none. */
const statusIn = (setup: Uint8Array, { status, data }: LinkAnswer): DfuStatus | null =>
  status === 'ok' && setup[0] === FROM_DFU && setup[1] === DFU.GETSTATUS && data.length === 6 ? dfuStatus(data) : null;
const ANSWERS: Readonly<Record<Exclude<LinkStatus, 'ok'>, string>> = {
  stall: 'STALL',
  timeout: 'no answer',
  gone: 'gone',
  babble: 'babble',
  error: 'no handshake in three tries',
};
const statusText = (s: DfuStatus): string => `${dfuTold(s)}${s.pollMs > 0 ? `, ${pollText(s.pollMs)}` : ''}`;
function shortHex(bytes: Uint8Array): string {
  const shown = [...bytes.subarray(0, 8)].map((b) => b.toString(16).padStart(2, '0')).join(' ');
  return bytes.length > 8 ? `${shown} … ${bytes.length} bytes` : shown;
}

/** Requests that repeat but for a number are told once: the first round, how many more, and the last one. */
export function foldedSequence(lines: readonly string[]): string[] {
  const folded: string[] = [];
  for (let at = 0; at < lines.length;) {
    const { period, rounds } = longestRepeat(lines, at);
    const last = at + (rounds - 1) * period;
    folded.push(...lines.slice(at, at + period));
    if (rounds > 2) folded.push(`… ${rounds - 2} more like ${period === 1 ? 'it' : `these ${period}`}`);
    if (rounds > 1) folded.push(...lines.slice(last, last + period));
    at = last + period;
  }
  return folded;
}
/** Lines of a round, at most. */
const LONGEST_ROUND = 4;
/** Rounds from which on they are folded. */
const FEWEST_ROUNDS = 4;
const numberless = (line: string): string => line.replace(/\[.*?\]/g, '[]').replace(/block \d+/g, 'block');
function longestRepeat(lines: readonly string[], at: number): { period: number; rounds: number } {
  for (let period = 1; period <= LONGEST_ROUND; period++) {
    let same = at;
    while (same + period < lines.length && numberless(lines[same]!) === numberless(lines[same + period]!)) same++;
    const rounds = Math.floor((same - at) / period) + 1;
    if (rounds >= FEWEST_ROUNDS) return { period, rounds };
  }
  return { period: 1, rounds: 1 };
}
