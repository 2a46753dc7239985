/** Whether the host has seen the application's device go. */
import { broken, notApplicable, pass, unknown, type Check } from './check.ts';
import { familyOf, inManual, pullUpOffInC, registerOf, maskOf } from './families.ts';

const TDDIS = 'USB 2.0 7.1.7.3: a line that is low for 2.5 us (TDDIS) is a disconnect, a shorter one need not be seen';
const LONG_ENOUGH = 2_500_000;
const MS = 1_000_000_000;

const length = (ps: number): string => (ps < MS ? `${Math.round(ps / 1_000_000)} us` : `${Math.round(ps / MS)} ms`);

export const usbDisconnect: Check = {
  id: 'usb-disconnect',
  question: 'Has the host seen the device of the application leave the bus?',
  path: false,
  judge({ state, history, entry }) {
    const usb = familyOf(state.chip)?.usb;
    if (!usb) return notApplicable('this chip has no USB device');
    const devices = history?.usbOfUser;
    if (!devices) return unknown('this target does not watch the bus');
    const last = devices.at(-1);
    if (!last) return notApplicable('the application had no device on the bus');
    if (last.endedAt !== null && entry && entry.at - last.endedAt >= LONG_ENOUGH)
      return pass(`gone for ${length(entry.at - last.endedAt)}`, 'the host has seen it go', TDDIS, 'documented');
    const pull = state.field(usb.pullUp);
    return broken('warn', {
      observed: last.endedAt === null ? 'still on the bus' : `gone for ${length((entry?.at ?? 0) - last.endedAt)}`,
      expected: 'off the bus for 2.5 us at least before the ROM connects',
      source: `${TDDIS}; whether the ROM lets the pull-up go first is not published`,
      confidence: 'assumed',
      because: 'a host that has not seen the old device go keeps talking to it, and does not look at the new one',
      lastWriter: pull === null ? null : (history?.lastWriter(registerOf(usb.pullUp), maskOf(state.chip, usb.pullUp)) ?? null),
    });
  },
  repair({ state }) {
    const usb = familyOf(state.chip)?.usb;
    if (!usb) return null;
    return {
      at: 'entry',
      what: `pull-up released: ${inManual(usb.pullUp)} = ${usb.released ?? 0}`,
      fix: `${pullUpOffInC(usb)}   /* then wait: some 10 ms, hosts behind a hub want more */`,
      apply: (target) => target.setField(usb.pullUp, usb.released ?? 0),
    };
  },
  explanation: [
    'A full-speed device tells the host that it has gone by letting its pull-up go. The host takes 2.5 us without it for a disconnect. If the ROM connects sooner, or the pull-up never fell, the host still believes in the old device, with its old address: the ROM answers at address 0 and nobody asks.',
    'The stand-in ROM resets the USB block before it uses it, which is long enough for a disconnect, so this stays a warning there. What ST’s ROM does is not published, and forum threads tell of both.',
    'Release the pull-up first, while the USB block still has its clock, then wait. 2.5 us are what the standard asks for; drivers and hubs are slower, so most firmware waits 10 ms to some 100 ms.',
  ].join('\n\n'),
};
