/** Serial lines that the ROM listens to beside USB. */
import { broken, notApplicable, pass, unknown, type Check, type Subject } from './check.ts';

const FIRST = 'AN2606 Rev 70, bootloader selection figures: the ROM stays with the interface that is addressed first';
const LOW = 'ST does not publish how the ROM treats an RX line that is low from the start';

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
  question: 'Do the other interfaces that the ROM listens on stay idle?',
  path: false,
  judge(subject) {
    const { state, rom, history, outcome } = subject;
    if (rom.listensTo.length === 0) return notApplicable('the ROM profile of this chip lists no serial line');
    if (!state.pin || !history?.fellInRom) return unknown('the pins cannot be watched on this target');
    const edges = fell(subject);
    if (edges.length > 0) {
      const observed = `fell while the ROM ran: ${edges.map((p) => nameOf(subject, p)).join(', ')}`;
      if (outcome === 'dfu' || outcome === 'dfu-lost') return pass(observed, 'USB was detected first', FIRST, 'documented');
      return broken('fail', {
        observed,
        expected: 'idle lines until the USB host has configured the device',
        because:
          'the ROM takes a falling edge on RX as the start of a byte or frame; it then stays with that interface and switches USB off',
        source: FIRST,
        confidence: 'documented',
      });
    }
    const calls = called(subject);
    if (calls.length > 0) {
      const observed = `called from outside while the ROM ran: ${calls.map(({ name }) => `${name} (${how(name)})`).join(', ')}`;
      if (outcome === 'dfu' || outcome === 'dfu-lost') return pass(observed, 'USB was detected first', FIRST, 'documented');
      return broken('fail', {
        observed,
        expected: 'no traffic for the ROM until the USB host has configured the device',
        because: 'the ROM stays with the interface that is addressed first, and switches USB off',
        source: FIRST,
        confidence: 'documented',
      });
    }
    const held = low(subject);
    if (held.length > 0)
      return broken('warn', {
        observed: `low at the entry: ${held.map((p) => nameOf(subject, p)).join(', ')}`,
        expected: 'RX lines high',
        because: 'the ROM may take a low line as a start bit',
        source: LOW,
        confidence: 'assumed',
      });
    return pass('all RX lines high', 'only USB addresses the ROM', FIRST, 'documented');
  },
  repair(subject) {
    const pins = [...new Set([...fell(subject), ...called(subject).flatMap((c) => c.pins), ...low(subject)])];
    if (pins.length === 0) return null;
    return {
      at: 'entry',
      what: `${pins.join(', ')} kept high after the entry`,
      fix: `/* on the board: pull up ${pins.join(', ')}, and keep whatever drives ${pins.length === 1 ? 'it' : 'them'} silent or in reset until DFU is done */`,
      apply: (target) => pins.forEach((pin) => target.holdPin?.(pin, 1)),
    };
  },
  explanation: [
    'The ROM polls all its interfaces (USART, I2C, SPI, CAN, USB) until one of them is addressed. It stays with that one and switches the others off. A GPS module that sends on the RX pin, or a line that goes low because another chip is reset, is enough to lose USB.',
    '`bootbench chips <chip>` lists the pins. Keep them high: add a pull-up if nothing drives the line, and keep whatever drives it silent or in reset until the host has found the DFU device. Your software cannot influence this once the ROM runs.',
    'On I2C, the ROM’s own address selects it (`bootbench chips <chip>`); on SPI, the byte 0x5A while NSS is low; on CAN, any frame. A master that scans its bus for devices, or traffic on the CAN bus, does this unintentionally.',
    'ST does not publish how its ROM distinguishes a start bit from a low line; the stand-in ROM uses a falling edge.',
  ].join('\n\n'),
};
