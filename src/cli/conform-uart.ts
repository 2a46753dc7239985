/** What `conform --uart` opens: the machine at the place where a device waits for its first byte on a USART. */
import { SerialTarget } from '../bench/serial/serial-target.ts';
import { serialPort } from '../bench/session/uart-link.ts';
import { heldMachine, started } from './held.ts';
import { loadJob, type RunOptions } from './inputs.ts';
import type { Io } from './io.ts';
import { toldOnUart } from './trigger.ts';

/** @param wanted a USART, or true: the first that the ROM listens on */
export async function openUart(
  images: readonly string[],
  options: RunOptions,
  wanted: string | true,
  io: Io,
): Promise<{ readonly target: SerialTarget; readonly close: () => void }> {
  const job = toldOnUart(await loadJob(images, options, io.cwd), io);
  const held = heldMachine(job, io);
  try {
    const port = serialPort(held.session.profile, job.chip, '--uart', wanted === true ? undefined : wanted);
    started(held, io);
    held.bounded = true;
    return { target: new SerialTarget(held, port), close: () => held.release() };
  } catch (error) {
    held.release();
    throw error;
  }
}
