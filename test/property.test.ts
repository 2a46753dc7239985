/** `bootbench/property` on the stand-in ROM: many short cases from a fork, compared with the reference model. */
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DfuProperty } from '../src/bench/dfu/dfu-property.ts';
import { DfuTarget } from '../src/bench/dfu/dfu-target.ts';
import { judgedBy } from '../src/bench/dfu/measure.ts';
import { mainFlash } from '../src/bench/session/flash-image.ts';
import { HeldMachine } from '../src/bench/session/held-machine.ts';
import { jobInput } from '../src/bench/input/job.ts';
import { bench } from '../src/index.ts';
import { libraryJob } from '../src/library/options.ts';
import { DfuViolation, hostKind, openDfu, patternBytes, type DfuCommand, type DfuUnderTest } from '../src/property.ts';

const propertyOf = async (held: HeldMachine): Promise<DfuProperty> => {
  const target = new DfuTarget(held);
  return new DfuProperty(target, await judgedBy(target));
};
const ROM = { images: [], scenario: { board: { boot0: 1 as const } } };

// erased cells of L0 read 0x00; G4 and F4 have the other two controllers' ROMs
it.each(['stm32l072rz', 'stm32g431rb', 'stm32f405rg'])(
  '%s: requests and transfers in and out of order are as the reference model (property)',
  async (chip) => {
    const dfu = await openDfu({ chip, ...ROM });
    fc.assert(
      fc.property(dfu.commands({ disturbances: false }), (commands) => dfu.check(commands)),
      { numRuns: 12 },
    );
    dfu.close();
  },
);

describe.each(['stm32f072rb', 'stm32l476rg', 'stm32h533re'])('%s', (chip) => {
  let dfu: DfuUnderTest;
  beforeAll(async () => {
    dfu = await openDfu({ chip, ...ROM });
  });
  afterAll(() => dfu?.close());

  it('requests in and out of order, transfers, resets, unplugging and power cuts: as the reference model (property)', () => {
    fc.assert(
      fc.property(dfu.commands(), (commands) => dfu.check(commands)),
      { numRuns: 60 },
    );
  });
  it('the power may go at any time of an erase: the ROM is there again, and what it did not erase is as it was (property)', () => {
    const [from, to] = [0x08004000, 0x08005000];
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60_000 }), (afterUs) =>
        dfu.check([
          { do: 'download', address: from, length: 700, seed: 1 },
          { do: 'download', address: to + 0x3000, length: 300, seed: 2 },
          { do: 'powerCut', value: 0, data: [0x41, 0x00, 0x40, 0x00, 0x08], afterUs, ms: 20 },
          { do: 'upload', address: to + 0x3000, length: 300 },
        ]),
      ),
      { numRuns: 12 },
    );
  });
});

describe.each(['stm32f072rb', 'stm32l476rg', 'stm32h533re'])('%s on a bad cable', (chip) => {
  it('a packet or an ACK that is lost costs a repetition, never a byte (property)', async () => {
    const dfu = await openDfu({ chip, ...ROM });
    try {
      fc.assert(
        fc.property(
          fc.array(
            fc.tuple(fc.constantFrom('packet' as const, 'handshake' as const, 'token' as const, 'timeout' as const), fc.nat({ max: 90 })),
            { minLength: 4, maxLength: 8 },
          ),
          fc.integer({ min: 1, max: 2500 }),
          (errors, length) =>
            dfu.check([
              ...errors.flatMap(([kind, after], i): DfuCommand[] => [
                { do: 'busError', kind, after },
                { do: 'download', address: 0x08004000 + 0x2000 * (i % 4), length, seed: i },
                { do: 'busError', kind, after: after >> 1 },
                { do: 'upload', address: 0x08004000 + 0x2000 * (i % 4), length },
              ]),
            ]),
        ),
        { numRuns: 10 },
      );
    } finally {
      dfu.close();
    }
  });
});

it.each(['stm32f072rb', 'stm32l476rg', 'stm32h533re'])(
  '%s: the cable is pulled at a bit of a download: flash holds what was sent or what it held, and the next download is whole (property)',
  async (chip) => {
    const dfu = await openDfu({ chip, ...ROM });
    fc.assert(
      fc.property(fc.nat({ max: 620 }), fc.nat({ max: 90 }), (bit, after) =>
        dfu.check([
          { do: 'pull', bit, after, ms: 20 },
          { do: 'download', address: 0x08004000, length: 2300, seed: 3 },
          { do: 'babble', block: 0, data: null, length: 64 },
          { do: 'download', address: 0x08004000, length: 2300, seed: 4 },
          { do: 'upload', address: 0x08004000, length: 2300 },
        ]),
      ),
      { numRuns: 8 },
    );
    dfu.close();
  },
);

describe('a case as a scenario', () => {
  it('does on the bus what the case does: each disturbance of the host stands in the log', async () => {
    const dfu = await openDfu({ chip: 'stm32f072rb', ...ROM });
    const scenario = dfu.scenario([
      { do: 'busError', kind: 'token', after: 0 },
      { do: 'busReset' },
      { do: 'suspend', ms: 20 },
      { do: 'request', request: 5, value: 0, data: null, length: 1 },
      { do: 'babble', block: 0, data: null, length: 4 },
      { do: 'pull', bit: 40, after: 0, ms: 20 },
      { do: 'request', request: 3, value: 0, data: null, length: 6 },
      { do: 'request', request: 5, value: 0, data: null, length: 1 },
    ]);
    dfu.close();
    const { usb } = await bench({ chip: 'stm32f072rb', images: [], scenario });
    const kinds = usb.log.filter((l) => Number(l.at) > 1).map((l) => `${l.kind} ${l.text.replace(/,? \d+ NAKs/, '')}`);
    for (const line of ['reset bus reset', 'suspend the bus is idle', 'no-answer DFU_UPLOAD(block 0, 4 bytes): babble', 'detach unplug'])
      expect(kinds).toContain(line);
    expect(usb.sessions).toHaveLength(2);
    expect(kinds.slice(-2)).toEqual(['request DFU_GETSTATE: 1 bytes', 'dfu request: done']);
  });
});

describe('a device that does not hold the invariants', () => {
  it('is shrunk to a script for people, and to a scenario that does the same', async () => {
    // the model is told of a protection that the device does not have
    const dfu = await openDfu({ chip: 'stm32f072rb', ...ROM, readProtected: true });
    const found = fc.check(
      fc.property(dfu.commands({ disturbances: false }), (commands) => dfu.check(commands)),
      { numRuns: 300, seed: 7 },
    );
    expect(found.failed).toBe(true);
    expect(found.errorInstance).toBeInstanceOf(DfuViolation);
    const { commands, message } = found.errorInstance as DfuViolation;
    expect(commands.length).toBeLessThanOrEqual(2);
    expect(message.split('\n')[1]).toMatch(/^1\. (upload|download|UPLOAD|DNLOAD) /);
    const result = await bench({ chip: 'stm32f072rb', images: [], scenario: dfu.scenario(commands) });
    expect(result.outcome).toBe('dfu');
    expect(result.usb.log.some((l) => /^DFU_(UPLOAD|DNLOAD)/.test(l.text))).toBe(true);
    dfu.close();
  });
  it('a single request of a scenario is made as it is, and the host does not ask for states by itself any more', async () => {
    const request = (n: number, more: object): object => ({ dfu: { request: { request: n, ...more } } });
    const steps = [
      { at: '2s', do: request(1, { value: 0, hex: '77' }) },
      { after: '1s', do: request(5, { length: 1 }) },
    ] as never;
    const result = await bench({ chip: 'stm32f072rb', images: [], scenario: { board: { boot0: 1 }, steps } });
    const log = result.usb.log.map((l) => l.text.replace(/, \d+ NAKs$/, ''));
    const at = log.findIndex((text) => text.startsWith('DFU_DNLOAD(block 0, 1 bytes)'));
    expect(log.slice(at).filter((text) => text.startsWith('DFU_'))).toEqual(['DFU_DNLOAD(block 0, 1 bytes): ok', 'DFU_GETSTATE: 1 bytes']);
  });
});

describe('NRST where the ROM clears the flag by which an erased flash leads to it (G0B1, C071)', () => {
  const NRST: DfuCommand[] = [
    { do: 'download', address: 0x08004000, length: 100, seed: 1 },
    { do: 'nrst', ms: 5 },
    { do: 'download', address: 0x08004000, length: 100, seed: 2 },
  ];
  it.each([
    ['stm32f072rb', true],
    ['stm32g0b1re', false],
    ['stm32c071rb', false],
  ])('%s: behind it the ROM is there again: %s; where it is not, the case is over and right so', async (chip, there) => {
    const held = new HeldMachine(jobInput(await libraryJob({ chip, ...ROM })));
    held.start();
    (await propertyOf(held)).run(NRST);
    const { base, bytes } = mainFlash(held.session.machine);
    expect(bytes.subarray(0x08004000 - base, 0x08004000 - base + 100)).toEqual(patternBytes(100, there ? 2 : 1));
    held.release();
  });
});

it('a ROM that names more flash than the part has (F105RB: 256 KB of 128): behind its end nothing is written, and the model says so', async () => {
  const dfu = await openDfu({ chip: 'stm32f105rb', ...ROM });
  expect(dfu.facts.layout.at(-1)!.end).toBe(0x08020000);
  const at = (address: number): DfuCommand[] => [{ do: 'download', address, length: 100, seed: 1 }];
  dfu.check(at(0x0801f800));
  dfu.check([{ do: 'request', request: 1, value: 0, data: [0x41, 0x00, 0x00, 0x02, 0x08], length: 0 }, { do: 'settle' }]);
  dfu.close();
});

describe('a host that gives up on a ROM which erases 128 KB for a second (F405)', () => {
  it('finds it once more behind the erase: no fault of the ROM that the cable was pulled', async () => {
    const dfu = await openDfu({ chip: 'stm32f405rg', ...ROM });
    dfu.check([
      { do: 'request', request: 1, value: 0, data: [0x41, 0xc0, 0x9e, 0x0d, 0x08], length: 0 },
      { do: 'pull', bit: 22, after: 9, ms: 9 },
      { do: 'request', request: 3, value: 0, data: null, length: 6 },
    ]);
    dfu.close();
  });
});

describe('a device with a report of conform as its baseline', () => {
  const LEAVE = { id: 'state.dfuIDLE.DNLOAD-0', verdict: 'dialect', name: 'leave-from-idle:dfuIDLE.DNLOAD-0' };
  const leaving: DfuCommand[] = [{ do: 'request', request: 1, value: 0, data: [], length: 0 }];
  const openWith = (requirements: readonly object[]): Promise<DfuUnderTest> =>
    openDfu({ chip: 'stm32f072rb', ...ROM, baseline: { schema: 'bootbench/conformance@1', requirements } });
  it('may differ as it did then', async () => {
    const dfu = await openWith([LEAVE]);
    expect(() => dfu.check(leaving)).not.toThrow();
    dfu.close();
  });
  it('and in nothing else', async () => {
    const dfu = await openWith([{ ...LEAVE, verdict: 'pass', name: null }]);
    expect(() => dfu.check(leaving)).toThrow(/acknowledged in dfuIDLE; asked for: STALL, then dfuERROR \(DFU 1\.1 §A\.2\.3\)/);
    dfu.close();
  });
});

describe('standard requests and the leave of a case', () => {
  it('are asked of the device, and stand in the scenario', async () => {
    const dfu = await openDfu({ chip: 'stm32f072rb', ...ROM });
    const commands: DfuCommand[] = [
      { do: 'standard', type: 0x80, request: 6, value: 0x0100, index: 0, length: 8 },
      { do: 'standard', type: 0x80, request: 6, value: 0x7700, index: 0, length: 64 },
      { do: 'standard', type: 1, request: 11, value: 1, index: 0, length: 0 },
    ];
    expect(() => dfu.check(commands)).not.toThrow();
    const { usb } = await bench({ chip: 'stm32f072rb', images: [], scenario: dfu.scenario(commands) });
    const said = usb.log.map((l) => l.text);
    expect(
      said.filter((text) => /^(GET_DESCRIPTOR\(DEVICE, 8\)|GET_DESCRIPTOR\(0x77, 64\): STALL|SET_INTERFACE\(1\))/.test(text)).length,
    ).toBeGreaterThan(2);
    dfu.close();
  });
  it('a device that is told to leave has to go', async () => {
    const dfu = await openDfu({ chip: 'stm32f072rb', ...ROM });
    // the pointer is not where a program lies: the ROM starts what is there, and is gone
    expect(() =>
      dfu.check([
        { do: 'request', request: 1, value: 2, data: [], length: 0 },
        { do: 'settle' },
        { do: 'request', request: 5, value: 0, data: null, length: 1 },
      ]),
    ).not.toThrow();
    dfu.close();
  });
});

describe('host kinds', () => {
  it('each of them enumerates the ROM (property)', async () => {
    await fc.assert(
      fc.asyncProperty(hostKind(), async (kind) => {
        const result = await bench({ chip: 'stm32h533re', images: [], scenario: { board: { boot0: 1 }, host: { kind } } });
        expect(result.outcome).toBe('dfu');
      }),
      { examples: [['linux'], ['windows'], ['macos']], numRuns: 3 },
    );
  });
});

describe('patternBytes', () => {
  it('differs between neighbouring blocks and seeds', () => {
    const whole = patternBytes(2048, 1);
    expect(whole.slice(0, 1024)).not.toEqual(whole.slice(1024));
    expect(patternBytes(16, 2)).not.toEqual(patternBytes(16, 1));
  });
});

describe('a download of a case', () => {
  it('is carried out: flash holds what was sent', async () => {
    const job = await libraryJob({ chip: 'stm32f072rb', ...ROM });
    const held = new HeldMachine(jobInput(job));
    held.start();
    (await propertyOf(held)).run([{ do: 'download', address: 0x08004000, length: 2500, seed: 9 }]);
    const { base, bytes } = mainFlash(held.session.machine);
    expect(bytes.subarray(0x08004000 - base, 0x08004000 - base + 2500)).toEqual(patternBytes(2500, 9));
    held.release();
  });
});
