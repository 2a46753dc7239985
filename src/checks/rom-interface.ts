/** Serial lines that the ROM listens to beside USB. */
import { broken, notApplicable, pass, unknown, type Check, type Subject } from './check.ts';

const FIRST = 'AN2606 Rev 70, bootloader selection figures: the interface that is addressed first is the one that stays';
const LOW = 'how the ROM treats an RX line that is low from the start is not published';

const nameOf = ({ rom }: Subject, pin: string): string => {
  const names = rom.listensTo.filter((i) => i.pin === pin).map((i) => i.name);
  return `${pin} (${names.join(', ')} RX)`;
};
const fell = (subject: Subject): readonly string[] => {
  const { history, entry } = subject;
  return [...new Set((history?.fellInRom ?? []).filter((e) => entry !== null && e.at >= entry.at).map((e) => e.pin))];
};
const called = ({ history, entry }: Subject): NonNullable<NonNullable<Subject['history']>['selectedInRom']> =>
  (history?.selectedInRom ?? []).filter((e) => entry !== null && e.at >= entry.at);
/** What a host must do to be followed. */
const how = (name: string): string => (name.startsWith('I2C') ? 'its address was called' : 'a master sent 0x5A');
const low = ({ state, rom }: Subject): readonly string[] =>
  [...new Set(rom.listensTo.map((i) => i.pin))].filter((pin) => state.pin?.(pin) === 0);

export const romInterface: Check = {
  id: 'rom-interface',
  question: 'Do the other lines that the ROM listens to stay quiet?',
  path: false,
  judge(subject) {
    const { state, rom, history, outcome } = subject;
    if (rom.listensTo.length === 0) return notApplicable('the ROM profile of this chip lists no serial line');
    if (!state.pin || !history?.fellInRom) return unknown('the pins cannot be watched on this target');
    const edges = fell(subject);
    if (edges.length > 0) {
      const observed = `fell while the ROM ran: ${edges.map((p) => nameOf(subject, p)).join(', ')}`;
      if (outcome === 'dfu' || outcome === 'dfu-lost') return pass(observed, 'the USB host was faster', FIRST, 'documented');
      return broken('fail', {
        observed,
        expected: 'quiet lines until the USB host has configured the device',
        because: 'the ROM takes a falling edge on RX for the start of a byte or frame and stays with that interface; USB is switched off',
        source: FIRST,
        confidence: 'documented',
      });
    }
    const calls = called(subject);
    if (calls.length > 0) {
      const observed = `called from outside while the ROM ran: ${calls.map(({ name }) => `${name} (${how(name)})`).join(', ')}`;
      if (outcome === 'dfu' || outcome === 'dfu-lost') return pass(observed, 'the USB host was faster', FIRST, 'documented');
      return broken('fail', {
        observed,
        expected: 'no traffic for the ROM until the USB host has configured the device',
        because: 'the ROM stays with the interface on which it is called first; USB is switched off',
        source: FIRST,
        confidence: 'documented',
      });
    }
    const held = low(subject);
    if (held.length > 0)
      return broken('warn', {
        observed: `low at the entry: ${held.map((p) => nameOf(subject, p)).join(', ')}`,
        expected: 'RX lines high',
        because: 'a line that is low may be taken for a start bit as soon as the ROM looks',
        source: LOW,
        confidence: 'assumed',
      });
    return pass('all RX lines high', 'nothing but USB asks for the ROM', FIRST, 'documented');
  },
  repair(subject) {
    const pins = [...new Set([...fell(subject), ...called(subject).flatMap((c) => c.pins), ...low(subject)])];
    if (pins.length === 0) return null;
    return {
      at: 'entry',
      what: `${pins.join(', ')} held high from the entry on`,
      fix: `/* on the board: ${pins.join(', ')} pulled up, and what drives ${pins.length === 1 ? 'it' : 'them'} kept quiet or in reset until DFU is done */`,
      apply: (target) => pins.forEach((pin) => target.holdPin?.(pin, 1)),
    };
  },
  explanation: [
    'The ROM looks at all its interfaces in turn until one of them is used: USART, I2C, SPI, CAN and USB. The first that is addressed stays, the others are switched off. A GPS module that sends on the RX pin, or a line that falls because another chip is reset, is enough to lose USB.',
    '`bootbench chips <chip>` lists the pins. Keep them high: a pull-up where nothing drives the line, and whatever does drive it quiet or in reset until the host has found the DFU device. Software has no say here once the ROM runs.',
    'On I2C it is the ROM’s own address that selects it (`bootbench chips <chip>`), on SPI the byte 0x5A while NSS is low, on CAN any frame. A master that polls its bus for devices, or a busy CAN, does that without meaning to.',
    'How ST’s ROM tells a start bit from a low line is not published; the stand-in takes a falling edge.',
  ].join('\n\n'),
};
