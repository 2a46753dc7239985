/** Whether the host has seen the application's device go. */
import { broken, notApplicable, pass, unknown, type Check, type TargetHistory, type TargetState, type Writer } from './check.ts';
import { familyOf, inManual, NO_USB, pullUpOffInC, registerOf, maskOf } from './families.ts';

const TDDIS = 'USB 2.0 7.1.7.3: the host detects a disconnect after 2.5 us (TDDIS); it may miss a shorter one';
const LONG_ENOUGH = 2_500_000;
const MS = 1_000_000_000;

const length = (ps: number): string => (ps < MS ? `${Math.round(ps / 1_000_000)} us` : `${Math.round(ps / MS)} ms`);

const holderOf = (state: TargetState, history: TargetHistory | null, held: string): Writer | null =>
  state.field(held) === null ? null : (history?.lastWriter(registerOf(held), maskOf(state.chip, held)) ?? null);

export const usbDisconnect: Check = {
  id: 'usb-disconnect',
  question: 'Has the host seen the USB device of the application disconnect?',
  path: false,
  judge({ state, history, entry }) {
    const usb = familyOf(state.chip)?.usb;
    if (!usb) return notApplicable(NO_USB);
    const devices = history?.usbOfUser;
    if (!devices) return unknown('this target does not watch the bus');
    const last = devices.at(-1);
    if (!last) return notApplicable('no USB device of the application was seen on the bus in this run');
    if (last.endedAt !== null && entry && entry.at - last.endedAt >= LONG_ENOUGH)
      return pass(`gone for ${length(entry.at - last.endedAt)}`, 'the host has seen the disconnect', TDDIS, 'documented');
    return broken('warn', {
      observed: last.endedAt === null ? 'still connected' : `gone for ${length((entry?.at ?? 0) - last.endedAt)}`,
      expected: 'disconnected for at least 2.5 us before the ROM connects',
      source: `${TDDIS}; ST does not publish whether the ROM first releases the pull-up`,
      confidence: 'assumed',
      because: 'the host has not seen the old device disconnect, so it keeps talking to that device and does not enumerate the new one',
      lastWriter: holderOf(state, history, usb.pullUp ?? usb.enable),
    });
  },
  repair({ state }) {
    const usb = familyOf(state.chip)?.usb;
    if (!usb) return null;
    const [held, released] = usb.pullUp === null ? [usb.enable, 0] : [usb.pullUp, usb.released ?? 0];
    return {
      at: 'entry',
      what: `${usb.pullUp === null ? 'USB switched off' : 'pull-up released'}: ${inManual(held)} = ${released}`,
      fix: `${pullUpOffInC(usb)}   /* then wait about 10 ms; a host behind a hub needs more */`,
      apply: (target) => target.setField(held, released),
    };
  },
  explanation: [
    'A full-speed device disconnects by releasing its pull-up. The host detects a disconnect after 2.5 us without the pull-up. If the ROM connects sooner, or the application never released the pull-up, the host still sees the old device at its old address: the ROM waits at address 0, and the host does not ask there.',
    'The stand-in ROM resets the USB block before it uses it. That is long enough for a disconnect, so this is only a warning there. ST does not publish what its ROM does, and forum threads report both.',
    'Release the pull-up first, while the USB block still has its clock, then wait. The standard asks for 2.5 us; drivers and hubs are slower, so most firmware waits from 10 ms to some 100 ms.',
  ].join('\n\n'),
};
