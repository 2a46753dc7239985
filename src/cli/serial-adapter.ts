/** A serial adapter beside the simulated probe: a pseudo terminal wired to the first USART that the ROM listens to, for `board settle --serial`. */
import { baudOf, isRead } from '../bench/session/uart-rate.ts';
import type { Session } from '../bench/session/session.ts';
import { UsageError } from '../bench/documents/usage-error.ts';
import { PS_PER_SECOND } from '../emu/time.ts';
import { rxPins, speaksSerial } from '../rom/profile.ts';
import { openPty, type Pty } from './pty.ts';

/** What `board settle --serial` sends with. */
const BAUD = 9600;
/** Start, eight data, stop: the steps' line has no parity bit, which 0x7F needs none of (it would be 1, as the line's rest). */
const FRAME_BITS = 10;
/** So many characters wait for the line. */
const MOST_WAITING = 1024;
const LOOKS_EVERY_MS = 20;

/** The port that the adapter is wired to. Throws UsageError where the ROM listens to none. */
export function serialPort({ profile, input }: Session): string {
  const port = profile !== null && speaksSerial(profile) ? rxPins(profile)[0]?.name : undefined;
  if (port === undefined) throw new UsageError(`--pty: the ROM of ${input.chip.name} listens to no USART`, 'leave --pty out');
  return port.split(' ')[0]!;
}

/** Carries bytes both ways at 9600 baud. @param wake the machine has something to do */
export async function serialAdapter(session: Session, port: string, wake: () => void): Promise<Pty> {
  const pty = await openPty();
  const { machine, steps } = session;
  const { observer } = machine;
  machine.observer = {
    ...observer,
    console: (channel, text) => {
      observer.console?.(channel, text);
      // at another rate the other side reads nothing that makes sense
      if (channel !== port.toLowerCase() || (baudOf(machine, port) !== null && !isRead(machine, port, BAUD))) return;
      pty.write(Uint8Array.from(text, (char) => char.charCodeAt(0)));
    },
  };
  const character = Math.round((FRAME_BITS * PS_PER_SECOND) / BAUD);
  /** When the line has carried all that was written. */
  let free = 0;
  pty.onData = (bytes) => {
    steps.append({ kind: 'uart', port, bytes: bytes.slice(), baud: BAUD });
    free = Math.max(free, machine.now) + bytes.length * character;
    if (isBehind()) hold();
    wake();
  };
  const isBehind = (): boolean => free - machine.now > MOST_WAITING * character;
  // a client that writes more than the line carries waits for it, also while the machine stands
  const hold = (): void => {
    pty.take(false);
    const timer = setInterval(() => {
      if (isBehind()) return;
      clearInterval(timer);
      pty.take(true);
    }, LOOKS_EVERY_MS).unref();
  };
  return pty;
}
