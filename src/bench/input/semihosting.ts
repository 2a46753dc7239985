/** Semihosting calls (Arm "Semihosting for AArch32 and AArch64", 2.x): console output, exit, time. Files are not given to the firmware. */
import type { Core } from '../../emu/core/core.ts';
import { PS_PER_SECOND, type Ps } from '../../emu/time.ts';

const SYS = {
  OPEN: 0x01,
  CLOSE: 0x02,
  WRITEC: 0x03,
  WRITE0: 0x04,
  WRITE: 0x05,
  READ: 0x06,
  READC: 0x07,
  ISERROR: 0x08,
  ISTTY: 0x09,
  SEEK: 0x0a,
  FLEN: 0x0c,
  CLOCK: 0x10,
  TIME: 0x11,
  ERRNO: 0x13,
  GET_CMDLINE: 0x15,
  HEAPINFO: 0x16,
  EXIT: 0x18,
  EXIT_EXTENDED: 0x20,
  ELAPSED: 0x30,
  TICKFREQ: 0x31,
} as const;
/** ADP_Stopped_ApplicationExit. */
const APPLICATION_EXIT = 0x20026;
const MAX_TEXT = 65_536;

export interface SemihostingSink {
  print(text: string): void;
  /** Exit code of SYS_EXIT (0 or 1) or SYS_EXIT_EXTENDED (its subcode). */
  exit(code: number): void;
  now(): Ps;
}

/** Serves the call in R0/R1 and puts the answer into R0. */
// eslint-disable-next-line complexity -- one case for each call of Arm's semihosting specification
export function serveSemihosting(core: Core, sink: SemihostingSink): void {
  const r0 = core.arm.r(0);
  const r1 = core.arm.r(1);
  const word = (i: number): number => core.peek((r1 + 4 * i) >>> 0, 4) ?? 0;
  const byte = (address: number): number => core.peek(address >>> 0, 1) ?? 0;
  const answer = (value: number): void => core.arm.setR(0, value);
  switch (r0) {
    case SYS.WRITEC:
      sink.print(String.fromCharCode(byte(r1)));
      return;
    case SYS.WRITE0: {
      let text = '';
      for (let i = 0; i < MAX_TEXT; i++) {
        const c = byte(r1 + i);
        if (c === 0) break;
        text += String.fromCharCode(c);
      }
      sink.print(text);
      return;
    }
    case SYS.WRITE: {
      const length = Math.min(word(2), MAX_TEXT);
      let text = '';
      for (let i = 0; i < length; i++) text += String.fromCharCode(byte(word(1) + i));
      sink.print(text);
      answer(word(2) - length);
      return;
    }
    case SYS.OPEN: {
      let name = '';
      for (let i = 0; i < Math.min(word(2), 256); i++) name += String.fromCharCode(byte(word(0) + i));
      // ":tt" is the console: 1 for reading, 2 for writing
      answer(name === ':tt' ? (word(1) < 4 ? 1 : 2) : -1);
      return;
    }
    case SYS.CLOSE:
      answer(0);
      return;
    case SYS.READ:
      answer(word(2));
      return;
    case SYS.ISERROR:
      answer(word(0) | 0 ? 1 : 0);
      return;
    case SYS.ISTTY:
      answer(1);
      return;
    case SYS.CLOCK:
      answer(Math.floor(sink.now() / (PS_PER_SECOND / 100)));
      return;
    case SYS.TIME:
      answer(Math.floor(sink.now() / PS_PER_SECOND));
      return;
    case SYS.HEAPINFO:
    case SYS.ERRNO:
      answer(0);
      return;
    case SYS.EXIT:
      sink.exit(r1 === APPLICATION_EXIT ? 0 : 1);
      return;
    case SYS.EXIT_EXTENDED:
      sink.exit(word(0) === APPLICATION_EXIT ? word(1) | 0 : 1);
      return;
    default:
      answer(-1);
  }
}
