/**
 * SDIO and SDMMC with no card in the slot: a command without a response is sent (CMDSENT), one that waits for an answer gets none (CTIMEOUT), each after its time.
 *
 * Facts: RM0090 31, RM0351 42, RM0399 58 (documented): 48 bits a command, a response is waited for over 64 clocks. The kernel clock is taken for 48 MHz (assumed).
 */
import type { ModelFactory, Register, RegisterContext, RegisterModel } from '../../emu/registers.ts';
import { PS_PER_SECOND } from '../../emu/time.ts';

type Context = RegisterContext<object>;

const [POWER, CLKCR, CMD, STA, ICR, MASK] = [0, 4, 0x0c, 0x34, 0x38, 0x3c];
const STA_BITS = { CTIMEOUT: 1 << 2, CMDSENT: 1 << 7 };
const POWERED = 3;
const KERNEL_HZ = 48_000_000;
const COMMAND_BITS = 48;
const TIMEOUT_CLOCKS = 64;

/** What differs: fields of CMD, the flag of a command under way, those that ICR clears, clocks of the kernel for one of the card. */
interface Generation {
  readonly waitResponse: number;
  readonly start: number;
  readonly active: number;
  readonly cleared: number;
  readonly divider: (clkcr: number) => number;
}
const OLD: Generation = {
  waitResponse: 6,
  start: 1 << 10,
  active: 1 << 11,
  cleared: 0x00c007ff,
  divider: (clkcr) => (clkcr & (1 << 10) ? 1 : (clkcr & 0xff) + 2),
};
const NEW: Generation = {
  waitResponse: 8,
  start: 1 << 12,
  active: 1 << 13,
  cleared: 0x1fe00fff,
  divider: (clkcr) => Math.max(1, 2 * (clkcr & 0x3ff)),
};
const CLKEN = 1 << 8;

export const sdmmc: ModelFactory = (layout): RegisterModel<object> => {
  const old = layout.hasField('CLKCR.CLKEN');
  const g = old ? OLD : NEW;
  const at = (offset: number): Register => layout.at(offset)!;
  const [power, clkcr, cmd, sta, icr, mask] = [at(POWER), at(CLKCR), at(CMD), at(STA), at(ICR), at(MASK)];
  const sync = (c: Context): void => c.env.irq(0, (c.get(sta) & c.get(mask)) !== 0);
  /** The card has a clock, and the interface its supply. */
  const runs = (c: Context): boolean => (c.get(power) & 3) === POWERED && (!old || (c.get(clkcr) & CLKEN) !== 0);
  const waits = (c: Context): boolean => ((c.get(cmd) >>> g.waitResponse) & 3) !== 0;
  const begin = (c: Context): void => {
    const clocks = (COMMAND_BITS + (waits(c) ? TIMEOUT_CLOCKS : 0)) * g.divider(c.get(clkcr));
    c.put(sta, c.get(sta) | g.active);
    c.env.arm('command', c.env.now() + Math.ceil((clocks * PS_PER_SECOND) / KERNEL_HZ));
  };
  return {
    timers: ['command'],
    about: {
      source: 'RM0090 31, RM0351 42, RM0399 58; no card is in the slot; a kernel clock of 48 MHz (assumed)',
      confidence: 'documented',
      lacks: ['cards', 'data path, FIFO, DMA', 'voltage switch'],
    },
    modelled: [power, clkcr, cmd, sta, icr, mask].map((r) => r.name),
    create: () => ({}),
    onReset: (c) => {
      c.env.disarm('command');
      sync(c);
    },
    onTimer: (c) => {
      c.put(sta, (c.get(sta) & ~g.active) | (waits(c) ? STA_BITS.CTIMEOUT : STA_BITS.CMDSENT));
      if (!old) c.put(cmd, c.get(cmd) & ~g.start);
      sync(c);
    },
    write: (c, r, merged, raw) => {
      if (r === sta) return c.get(r);
      if (r !== icr) return merged;
      c.put(sta, c.get(sta) & ~(raw & g.cleared));
      return 0;
    },
    wrote: (c, r, value) => {
      if (r === cmd && value & g.start && runs(c) && c.env.due('command') === Infinity) begin(c);
      sync(c);
    },
  };
};
