/** What goes wrong on the wire, at the ROM's device on each controller: the device sees it, the transfer survives it, a pulled cable ends it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as fc from 'fast-check';
import { DfuTarget } from '../../src/bench/dfu/dfu-target.ts';
import { HeldMachine } from '../../src/bench/session/held-machine.ts';
import { jobInput } from '../../src/bench/input/job.ts';
import type { UsbDevicePort, UsbLoss } from '../../src/emu/ports.ts';
import { MS } from '../../src/emu/time.ts';
import { libraryJob } from '../../src/library/options.ts';
import '../../src/property.ts';
import { setupPacket } from '../../src/usb-sim/descriptors.ts';
import type { BusFaultKind } from '../../src/usb-sim/types.ts';

const DATA = Uint8Array.from({ length: 100 }, (_, i) => i + 1);
const DNLOAD = setupPacket(0x21, 1, 2, 0, DATA.length);
const GETSTATE = setupPacket(0xa1, 5, 0, 0, 1);
const DESCRIPTOR = setupPacket(0x80, 6, 0x0200, 0, 9);
const CALLS = ['setup', 'out', 'in', 'inAcknowledged', 'lost'] as const;

describe.each(['stm32f072rb', 'stm32h533re', 'stm32l476rg'])('%s', (chip) => {
  let held: HeldMachine;
  let target: DfuTarget;
  /** Calls of the port, and whether the cable was in. */
  const seen: { call: string; cable: boolean; loss: UsbLoss | null }[] = [];
  beforeAll(async () => {
    held = new HeldMachine(jobInput(await libraryJob({ chip, images: [], scenario: { board: { boot0: 1 } } })));
    held.start();
    target = new DfuTarget(held);
    const port = held.usb.port as unknown as Record<(typeof CALLS)[number], (...args: unknown[]) => unknown>;
    for (const call of CALLS) {
      const own = port[call];
      port[call] = (...args) => {
        seen.push({ call, cable: held.usb.state.cable, loss: call === 'lost' ? (args[0] as UsbLoss) : null });
        return own.apply(port, args) as ReturnType<UsbDevicePort['in']>;
      };
    }
  });
  afterAll(() => held?.release());
  const begin = (): void => {
    target.restart();
    seen.length = 0;
  };
  const losses = (): string[] => seen.flatMap(({ loss }) => (loss ? [`${loss.how} ${loss.packet}${loss.setup ? ' of SETUP' : ''}`] : []));

  // transactions of a DNLOAD of 100 bytes: SETUP, OUT 64, OUT 36, IN; of a read: SETUP, IN, OUT
  it.each<[BusFaultKind, 'write' | 'read', number, string[]]>([
    ['packet', 'write', 0, ['crc data of SETUP']],
    ['token', 'write', 0, ['crc token of SETUP']],
    ['timeout', 'write', 1, ['timeout data']],
    ['packet', 'write', 2, ['crc data']],
    ['handshake', 'read', 1, ['timeout handshake']],
    ['packet', 'read', 1, ['timeout handshake']],
    ['token', 'read', 1, ['crc token']],
    ['timeout', 'read', 1, ['timeout handshake']],
  ])('%s in a %s, transaction %i: the device sees it, and the repetition goes well', (kind, what, after, expected) => {
    begin();
    held.usb.disturb(kind, after);
    const answer = what === 'write' ? target.controlNow(DNLOAD, DATA) : target.controlNow(DESCRIPTOR);
    expect(answer.status).toBe('ok');
    if (what === 'read') expect(answer.data.length).toBe(9);
    expect(losses()).toEqual(expected);
    expect(held.usb.state.fault).toBe(null);
    expect(target.controlNow(GETSTATE).data).toEqual(Uint8Array.of(what === 'write' ? 3 : 2));
  });
  it('a babble of the device ends the read, as the host sees it; the next request is answered', () => {
    begin();
    held.usb.disturb('babble');
    const id = held.usb.submitControl(DESCRIPTOR);
    target.run(20);
    expect(held.usb.takeResult(id)).toMatchObject({ status: 'babble' });
    expect(losses()).toEqual(['timeout handshake']);
    expect(target.controlNow(DESCRIPTOR)).toMatchObject({ status: 'ok' });
  });
  it('a babble of the host: FSDEV and DRD answer STALL (buffer overrun), DWC2 nothing; no byte of it is taken', () => {
    begin();
    held.usb.disturb('babble');
    const { status } = target.controlNow(DNLOAD, DATA);
    expect(status).toBe(chip === 'stm32l476rg' ? 'ok' : 'stall');
    expect(target.controlNow(GETSTATE).data).toEqual(Uint8Array.of(status === 'ok' ? 3 : 2));
  });

  it('the cable is pulled at any bit of any transaction: no packet is whole behind it, and the device comes back (property)', () => {
    fc.assert(
      fc.property(fc.nat({ max: 700 }), fc.nat({ max: 5 }), fc.boolean(), (bit, after, write) => {
        begin();
        const { usb, bus } = held;
        usb.unplugAt(bit, after);
        const id = write ? usb.submitControl(DNLOAD, DATA) : usb.submitControl(DESCRIPTOR);
        target.run(20);
        // a transfer may have fewer transactions
        if (usb.state.fault !== null) return;
        expect(usb.state.cable).toBe(false);
        expect(usb.sessions.at(-1)).toMatchObject({ endedBy: 'unplug' });
        expect(usb.takeResult(id)).not.toBe(null);
        expect(seen.filter((s) => !s.cable)).toEqual([]);
        for (const { loss } of seen) if (loss && loss.how === 'cut' && !loss.setup) expect(isPart(loss.data)).toBe(true);
        usb.plug();
        expect(bus.runUntil(() => usb.outsideReady, bus.now + 3000 * MS)).toBe(true);
        expect(target.controlNow(GETSTATE).data).toEqual(Uint8Array.of(2));
      }),
      { numRuns: 12 },
    );
  });
  it('each bit of a SETUP: the token is cut, the data is missing, the data is cut, and then it is whole', () => {
    const at = (bit: number): string => {
      begin();
      held.usb.unplugAt(bit);
      held.usb.submitControl(DNLOAD, DATA);
      target.run(1);
      const [first] = seen;
      if (!first) return 'nothing';
      const { call, loss } = first;
      return loss ? `${loss.how} ${loss.packet} ${loss.data.length}` : call;
    };
    // SYNC and PID of the data behind 35 bits of token and 2 of gap; 8 bytes and a CRC of 2 behind 16 more; EOP
    expect([0, 34, 35, 36, 37, 52, 60, 61, 116, 117, 136, 137].map(at)).toEqual([
      'nothing',
      'cut token 0',
      'timeout data 0',
      'timeout data 0',
      'cut data 0',
      'cut data 0',
      'cut data 0',
      'cut data 1',
      'cut data 7',
      'cut data 8',
      'cut data 8',
      'setup',
    ]);
  });
});

/** A prefix of one of the two packets. */
const isPart = (bytes: Uint8Array): boolean => [0, 64].some((from) => bytes.every((b, i) => b === DATA[from + i]));
