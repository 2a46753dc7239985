/** Requests over a reset by value flow, the slice of a failure, and repairs that leave a write out, each on a machine that runs a fixture. */
import { fileURLToPath } from 'node:url';
import { describe, expect, it, vi } from 'vitest';
import { jobInput } from '../../src/bench/input/job.ts';
import { pathInterceptor, type NamedRepair } from '../../src/bench/proof/repairs.ts';
import type { RunResult } from '../../src/bench/documents/result.ts';
import type { ResetRecord } from '../../src/emu/history.ts';
import { runBench } from '../../src/bench/run.ts';
import { resetToTrace, traceRequests } from '../../src/bench/slice/requests.ts';
import { Session } from '../../src/bench/session/session.ts';
import { storesOf } from '../../src/bench/slice/stores.ts';
import { traceFailure } from '../../src/bench/slice/failure.ts';
import { failureInWords } from '../../src/bench/slice/words.ts';
import { loadJob } from '../../src/cli/inputs.ts';
import { SymbolTable } from '../../src/image/symbols.ts';
import { Thumb } from '../emu/thumb.ts';
import { placeIn } from '../fixtures/place.ts';
import { plainJob } from './plain-job.ts';
import { imageOf, RAM } from './rounds-firmware.ts';

const fixture = (path: string): string => fileURLToPath(new URL(`../../fixtures/${path}`, import.meta.url));
const open = async (name: string): Promise<Session> =>
  new Session(jobInput(await loadJob([], { scenario: fixture(`${name}/scenario.json`) }, fixture(''))));

describe('a request that has to outlive a reset', () => {
  it.each([
    [
      'f405-request-byte-bss',
      {
        wanted: 0xa5,
        read: 0,
        comparedWith: 0xa5,
        variable: {
          name: 'dfu_wanted',
          bytes: 1,
          section: '.bss',
          declared: placeIn('f405-request-byte-bss', 'static volatile REQUEST_TYPE dfu_wanted;'),
        },
      },
    ],
    [
      'f405-request-bss-delayed',
      {
        wanted: 0xdeadbeef,
        read: 0,
        variable: {
          name: 'dfu_wanted',
          bytes: 4,
          section: '.bss',
          declared: placeIn('f405-request-bss-delayed', 'static volatile REQUEST_TYPE dfu_wanted;'),
        },
      },
    ],
    ['f405-request-under-stack', { address: 0x2001fffc, wanted: 0xdeadbeef, variable: null }],
    // SRAM2 behind SRAM1: its second address
    ['l432-request-in-cleared-sram2', { address: 0x2000c010, wanted: 0xb007104d, read: 0 }],
    ['f405-backup-no-dbp', { wanted: 0xdeadbeef, atReset: 0, read: 0, overwrittenBy: null }],
    ['f405-request-over-iwdg', { wanted: 0xb007a11e, read: 0, comparedWith: 0xb007a11e }],
    ['l433-request-over-standby', { wanted: 0x5ca1ab1e, comparedWith: 0x5ca1ab1e, lostSupply: true }],
    ['h745-magic-dcache', { inDirtyLine: true }],
    [
      'f072-backup-domain-reset-first',
      { address: 0x40002850, wanted: 0x64667521, atReset: 0, lostBefore: true, overwriter: expect.stringMatching(/:\d+ \(/) },
    ],
    ['l072-request-in-locked-eeprom', { address: 0x08080000, wanted: 0x64667521, atReset: 0, overwrittenBy: null }],
    ['f405-request-byte-order', { wanted: 0xefbeadde, read: 0xefbeadde, comparedWith: 0xdeadbeef }],
    [
      'l476-request-cleared-at-power-on',
      { wanted: 0xb0070001, read: 0, comparedWith: 0xb0070001, becauseOf: { flags: ['RCC.CSR.BORRSTF'], stale: true } },
    ],
    ['l496-request-never-read', { read: null, reader: null }],
  ])('%s', async (name, expected) => {
    const session = await open(name);
    const powerOn = session.save();
    session.run();
    expect(traceRequests(session, powerOn)).toEqual(expect.arrayContaining([expect.objectContaining(expected)]));
    session.release();
  });
});

it('the end of Standby is traced where no other reset came that may carry a request', () => {
  const reset = (by: ResetRecord['by'], fromPc: number | null, external = false): ResetRecord => ({
    at: 0,
    by,
    flags: [],
    fromPc,
    core: 0,
    external,
  });
  const [on, woken] = [reset('power', null), reset('power', 0x08000100)];
  expect(resetToTrace([on])).toBe(-1);
  expect(resetToTrace([on, woken])).toBe(1);
  expect(resetToTrace([on, reset('power', 0x08000100, true)])).toBe(-1);
  expect(resetToTrace([on, woken, reset('software', 0x08000200)])).toBe(2);
});

it('of a request of several words, what lies behind the first lost one is looked at too', async () => {
  const session = await open('f405-request-two-words');
  const powerOn = session.save();
  session.run();
  const words = traceRequests(session, powerOn).map(({ wanted, read, comparedWith }) => ({ wanted, read, comparedWith }));
  session.release();
  expect(words).toEqual([
    { wanted: 0x5a5af00d, read: 0, comparedWith: 0x5a5af00d },
    { wanted: 0xa5a50ff2, read: 0, comparedWith: 0xa5a50ff2 },
  ]);
});

it('stores to several words are found as for each alone, in one look', async () => {
  const session = await open('f405-request-two-words');
  const powerOn = session.save();
  session.run();
  const until = session.machine.history.resets.at(-1)!.at;
  const of = traceRequests(session, powerOn).map(({ address }) => ({ address, size: 4 }));
  expect(of).toHaveLength(2);
  const restore = vi.spyOn(session, 'restore');
  const alone = of.map((o) => storesOf(session, powerOn, [o], until)[0]);
  const looks = restore.mock.calls.length;
  restore.mockClear();
  expect(storesOf(session, powerOn, of, until)).toEqual(alone);
  expect(alone.every((store) => store !== null && store !== 'too long')).toBe(true);
  expect(restore.mock.calls.length).toBeLessThan(looks);
  session.release();
});

it.each([
  ['by CMP', (t: Thumb, magic: number) => t.constant(2, magic).ldr(1, 6).cmpRegister(1, 2)],
  // ADD R1, R8 with the constant's complement; NEGS R4, R1; ADCS R1, R4; CMP R1, #1
  [
    'as a truth value',
    (t: Thumb, magic: number) =>
      t
        .constant(2, magic)
        .constant(0, -magic >>> 0)
        .put(0x4680)
        .ldr(1, 6)
        .put(0x4441, 0x424c, 0x4161)
        .cmp(1, 1),
  ],
] as const)('a request is found that is looked for long after other words of RAM have been read: %s', (_how, compares) => {
  // prettier-ignore
  const [COUNT, REQUEST, MAGIC] = [RAM, RAM + 0x100, 0xb007a11e];
  // clears both, counts 8000 rounds in RAM, looks for the request; if it is not there, asks for it and resets
  const main = new Thumb(0x08000200).constant(7, COUNT).constant(6, REQUEST).movs(0, 0).str(0, 7).str(0, 6).constant(3, 8000);
  main.label('wait').ldr(0, 7).adds(0, 1).str(0, 7).cmpRegister(0, 3).bne('wait');
  compares(main, MAGIC).beq('found').str(2, 6);
  main.constant(1, 0xe000ed0c).constant(0, 0x05fa0004).str(0, 1).label('found').b('found');
  const bytes = imageOf(main, new Thumb(0x08000400).bxLr());
  const session = new Session(jobInput(plainJob('stm32l476', [{ path: 'app.bin@0x8000000', bytes }])));
  const powerOn = session.save();
  session.run();
  const words = traceRequests(session, powerOn);
  session.release();
  expect(words).toContainEqual(expect.objectContaining({ address: REQUEST, wanted: MAGIC, read: 0, comparedWith: MAGIC }));
});

it('a local variable that a frame pointer leads to, through which the request goes, is no request itself', () => {
  const [REQUEST, MAGIC, TAKE, SET] = [RAM + 0x100, 0xb007a11e, 0x08000400, 0x08000480];
  // PUSH {R7}; SUB SP, #12; MOV R7, SP: as GCC does without optimisation
  const framed = (at: number, body: (t: Thumb) => Thumb): Uint8Array =>
    body(new Thumb(at).put(0xb480, 0xb083, 0x466f))
      .put(0xb003, 0xbc80)
      .bxLr()
      .bytes();
  const take = framed(TAKE, (t) => t.ldr(1, 6).str(1, 7, 4).ldr(1, 7, 4));
  const set = framed(SET, (t) => t.str(2, 7, 4).ldr(1, 7, 4).str(1, 6));
  const main = new Thumb(0x08000200).constant(6, REQUEST).movs(0, 0).str(0, 6).constant(2, MAGIC);
  main
    .constant(0, TAKE + 1)
    .blx(0)
    .cmpRegister(1, 2)
    .beq('found')
    .constant(0, SET + 1)
    .blx(0);
  main.constant(1, 0xe000ed0c).constant(0, 0x05fa0004).str(0, 1).label('found').b('found');
  const bytes = imageOf(main, new Thumb(TAKE).bxLr());
  bytes.set(take, TAKE - 0x08000000);
  bytes.set(set, SET - 0x08000000);
  const session = new Session(jobInput(plainJob('stm32l476', [{ path: 'app.bin@0x8000000', bytes }])));
  const powerOn = session.save();
  session.run();
  const words = traceRequests(session, powerOn);
  session.release();
  expect(words.map(({ address }) => address)).toEqual([REQUEST]);
});
it.each([
  ['popped again', (t: Thumb) => t.pop(1 << 3).cmpRegister(3, 5)],
  ['read by its address', (t: Thumb) => t.cmpRegister(3, 5).pop(1 << 3)],
] as const)('a word of the stack, where registers are saved before the reset and behind it, is no request: %s', (_how, compares) => {
  const [REQUEST, MAGIC, LEFT] = [RAM + 0x100, 0xb007a11e, 0x2001fff8];
  const main = new Thumb(0x08000200).constant(6, REQUEST).movs(0, 0).str(0, 6).constant(2, MAGIC).constant(5, LEFT).constant(4, 0x12345);
  // MOV R1, SP
  compares(
    main
      .push(1 << 4)
      .put(0x4669)
      .ldr(3, 1),
  )
    .beq('look')
    .label('look');
  main
    .ldr(3, 6)
    .cmpRegister(3, 2)
    .beq('found')
    .str(2, 6)
    .push(1 << 5);
  main.constant(1, 0xe000ed0c).constant(0, 0x05fa0004).str(0, 1).label('found').b('found');
  const bytes = imageOf(main, new Thumb(0x08000400).bxLr());
  const session = new Session(jobInput(plainJob('stm32l476', [{ path: 'app.bin@0x8000000', bytes }])));
  const powerOn = session.save();
  session.run();
  const words = traceRequests(session, powerOn);
  session.release();
  expect(words.map(({ address }) => address)).toEqual([REQUEST]);
});

describe('of words that were lost, the proved fix keeps', () => {
  const [REQUEST, OTHER, MAGIC, VALUE, TABLE] = [RAM + 0x100, RAM + 0x200, 0xb007a11e, 0x5ca1ab1e, 0x1fff0000];
  /** Clears both words, as start-up code does, looks for both, and jumps if they are there. */
  const caused = (needsBoth: boolean): RunResult['diagnosis']['causes'] => {
    const main = new Thumb(0x08000200);
    for (const [register, value] of [[0x40021060, 1], [0x40010000, 1]] as const) main.constant(1, register).constant(0, value).str(0, 1); // prettier-ignore
    main.constant(6, REQUEST).constant(7, OTHER).constant(2, MAGIC).constant(5, VALUE).movs(0, 0).str(0, 6).str(0, 7);
    main
      .ldr(1, 7)
      .cmpRegister(1, 5)
      .bne(needsBoth ? 'ask' : 'look')
      .label('look')
      .ldr(1, 6)
      .cmpRegister(1, 2)
      .beq('jump');
    main.label('ask').str(2, 6).str(5, 7).constant(1, 0xe000ed0c).constant(0, 0x05fa0004).str(0, 1).label('on').b('on');
    main.label('jump').constant(3, TABLE).ldr(0, 3, 4).bx(0);
    const bytes = imageOf(main, new Thumb(0x08000400).bxLr());
    return runBench(jobInput(plainJob('stm32l476rg', [{ path: 'app.bin@0x8000000', bytes }]))).diagnosis.causes;
  };
  it('that without which the program does not jump, and no other', () => {
    expect(caused(false)).toMatchObject([{ id: 'magic-survives', proved: true }]);
    expect(String(caused(false)[0]?.repair)).toBe('0x20000100 keeps 0xb007a11e until it is read');
  });
  it('both, under a name each, where the program asks for both', () => {
    const [cause] = caused(true);
    expect(cause).toMatchObject({ id: 'magic-survives', proved: true });
    expect(String(cause?.repair)).toBe('0x20000200 keeps 0x5ca1ab1e, 0x20000100 keeps 0xb007a11e until they are read');
    expect(String(cause?.fix).match(/\bdfu_request\w*(?=;)/g)).toEqual(['dfu_request', 'dfu_request_2']);
  });
});
it('a request in the first word of the stack, where start-up code saves registers before main() looks: the stack is the cause', () => {
  const [REQUEST, MAGIC, TABLE] = [RAM + 0xffc, 0xb007a11e, 0x1fff0000];
  const main = new Thumb(0x08000200);
  for (const [register, value] of [[0x40021060, 1], [0x40010000, 1]] as const) main.constant(1, register).constant(0, value).str(0, 1); // prettier-ignore
  // two functions, one behind the other: both have to return
  for (const name of ['init', 'look']) main.constant(0, 0x08000401 + (name === 'init' ? 0 : 0x80)).blx(0);
  main.constant(6, REQUEST).constant(2, MAGIC).str(2, 6).constant(1, 0xe000ed0c).constant(0, 0x05fa0004).str(0, 1).label('on').b('on');
  const init = new Thumb(0x08000400).push(1 << 7, true).pop(1 << 7, true);
  const look = new Thumb(0x08000480)
    .push(1 << 7, true)
    .constant(6, REQUEST)
    .constant(2, MAGIC)
    .ldr(1, 6)
    .cmpRegister(1, 2)
    .bne('not');
  look
    .constant(3, TABLE)
    .ldr(0, 3, 4)
    .bx(0)
    .label('not')
    .pop(1 << 7, true);
  const bytes = imageOf(main, init);
  bytes.set(look.bytes(), 0x480);
  const result = runBench(jobInput(plainJob('stm32l476rg', [{ path: 'app.bin@0x8000000', bytes }])));
  expect(result.outcome).toBe('reset-loop');
  expect(result.diagnosis?.causes).toMatchObject([{ id: 'magic-survives', proved: true }]);
  expect(result.checks.find(({ id }) => id === 'magic-survives')?.because).toBe(
    'the request was overwritten after the reset, before the firmware read it: the stack uses this word',
  );
});

it('of a request that the stack takes, the lines that write and read it are told, beside that of the stack', async () => {
  const fixtures = fileURLToPath(new URL('../../fixtures/', import.meta.url));
  const { checks } = runBench(jobInput(await loadJob([], { scenario: `${fixtures}f405-request-under-stack/scenario.json` }, fixtures)));
  expect(checks.find(({ id }) => id === 'magic-survives')?.because).toMatch(
    /: the stack uses this word \(written at [\w-]+\.c:\d+, read at [\w-]+\.c:\d+\)$/,
  );
});

describe('a program that clears its request for a reset flag', () => {
  const [REQUEST, MAGIC] = [RAM + 0x100, 0xb007a11e];
  const RCC_CSR = 0x40021094;
  /** Looks for the request, and asks for it if it is not there. */
  const asks = (main: Thumb, address: number): unknown => {
    main.label('kept').ldr(3, 6).cmpRegister(3, 2).beq('found').str(2, 6);
    main.constant(1, 0xe000ed0c).constant(0, 0x05fa0004).str(0, 1).label('found').b('found');
    const bytes = imageOf(main, new Thumb(0x08000400).bxLr());
    const session = new Session(jobInput(plainJob('stm32l476', [{ path: 'app.bin@0x8000000', bytes }])));
    const powerOn = session.save();
    session.run();
    const words = traceRequests(session, powerOn);
    session.release();
    return words.find((w) => w.address === address);
  };
  /** Clears the request if the flag is set. */
  const traced = (flag: number, rmvf: boolean): unknown => {
    const main = new Thumb(0x08000200).constant(6, REQUEST).constant(2, MAGIC).movs(0, 0);
    main.constant(1, RCC_CSR).ldr(3, 1).constant(4, flag).tst(3, 4).beq('kept').str(0, 6);
    if (rmvf) main.constant(4, 1 << 23).str(4, 1);
    return asks(main, REQUEST);
  };
  /** The same in a backup register, which a reset of the backup domain clears; null: each time. */
  const tracedBackup = (flag: number | null): unknown => {
    const [BKP1R, RCC_BDCR, BDRST] = [0x40002854, 0x40021090, 1 << 16];
    const main = new Thumb(0x08000200);
    for (const [address, value] of [[0x40021058, 1 << 28], [0x40007000, 1 << 8]] as const) main.constant(1, address).constant(0, value).str(0, 1); // prettier-ignore
    main.constant(6, BKP1R).constant(2, MAGIC);
    if (flag !== null) main.constant(1, RCC_CSR).ldr(3, 1).constant(4, flag).tst(3, 4).beq('kept');
    return asks(main.constant(1, RCC_BDCR).constant(0, BDRST).str(0, 1).movs(0, 0).str(0, 1), BKP1R);
  };
  const [PINRSTF, BORRSTF, SFTRSTF] = [1 << 26, 1 << 27, 1 << 28];
  it.each([
    ['PINRSTF', PINRSTF, false, { read: 0, becauseOf: { flags: ['RCC.CSR.PINRSTF'], stale: false } }],
    ['BORRSTF', BORRSTF, false, { read: 0, becauseOf: { flags: ['RCC.CSR.BORRSTF'], stale: true } }],
    ['BORRSTF, which it clears', BORRSTF, true, { read: MAGIC }],
  ])('%s', (_name, flag, rmvf, expected) => expect(traced(flag, rmvf)).toMatchObject(expected));
  it('of a flag of the very reset nothing is said: the program may mean it', () =>
    expect(traced(SFTRSTF, false)).not.toHaveProperty('becauseOf'));
  it('by a reset of the backup domain for a flag', () =>
    expect(tracedBackup(BORRSTF)).toMatchObject({ read: 0, becauseOf: { flags: ['RCC.CSR.BORRSTF'], stale: true } }));
  it('by a reset of the backup domain each time: no flag is to blame', () => {
    expect(tracedBackup(null)).toMatchObject({ wanted: MAGIC, read: 0 });
    expect(tracedBackup(null)).not.toHaveProperty('becauseOf');
  });
});

describe('the slice of a failure', () => {
  const told = async (name: string): Promise<string[]> => {
    const session = await open(name);
    const powerOn = session.save();
    session.run();
    const failure = traceFailure(session, powerOn, session.machine.state.firstFault, null, 0);
    const lines = failureInWords(session, failure!);
    session.release();
    return lines;
  };
  it('goes back to the constant of a wrong address', async () => {
    const lines = await told('f446-wrong-family');
    expect(lines[0]).toContain('the read of 0x1ff00004');
    expect(lines.at(-1)).toContain('is a constant, at 0x0800');
  });
  it('goes through memory to whoever stored the word, start-up code too', async () => {
    const lines = await told('f405-null-callback');
    expect(lines[1]).toMatch(/was loaded from usb\+4/);
    expect(lines[2]).toMatch(/startup\.c:\d+ \(Reset_Handler\): 0x00000000 was stored to usb\+4/);
  });
  it('tells the rounds of a loop once', async () => {
    const lines = await told('h533-handler-resets');
    expect(lines.filter((l) => l.includes('was computed')).length).toBe(1);
    expect(lines.find((l) => l.startsWith('the same '))).toMatch(/16 more times, back to 0x0bf8f000/);
  });
});

describe('a loop of the program itself', () => {
  const result = (main: Thumb): RunResult =>
    runBench(jobInput(plainJob('stm32l476rg', [{ path: 'app.bin@0x8000000', bytes: imageOf(main, new Thumb(0x08000400).bxLr()) }])));
  const told = ({ notes }: RunResult, kind: string): string[] => notes.filter((n) => n.kind === kind).map((n) => String(n.text));

  it('that reads a word which a transfer has overwritten: the transfer and its address are told', () => {
    const [RCC_AHB1ENR, CCR1, BUFFER] = [0x40021048, 0x40020008, RAM + 0x100];
    // one word too many, from the vector table to the buffer and to what is behind it
    const main = new Thumb(0x08000200).constant(1, RCC_AHB1ENR).movs(0, 1).str(0, 1).constant(1, CCR1);
    main.constant(0, 0x08000000).str(0, 1, 8).constant(0, BUFFER).str(0, 1, 12).movs(0, 5).str(0, 1, 4);
    main
      .constant(0, 0x4ac1)
      .str(0, 1)
      .constant(6, BUFFER + 16)
      .label('loop')
      .ldr(0, 6)
      .cmp(0, 1)
      .bne('loop')
      .label('out')
      .b('out');
    const found = result(main);
    expect(found.outcome).toBe('stuck');
    expect(told(found, 'wait')[0]).toMatch(
      /^the loop reads 0x20000110, which DMA1 \(CMAR1 = 0x20000100, set at 0x08000\w+; CCR1 last written at 0x08000\w+\) wrote last: 0x08000401$/,
    );
  });

  it('that waits for a port to have sent waits for nothing from outside, and a port without its clock reads as 0', () => {
    const main = new Thumb(0x08000200)
      .constant(1, 0x4000441c)
      .movs(2, 0x80)
      .label('loop')
      .ldr(0, 1)
      .put(0xf010, 0x0f80)
      .beq('loop')
      .label('out')
      .b('out');
    const found = result(main);
    expect(found.outcome).toBe('stuck');
    expect(told(found, 'not-triggered')).toEqual([]);
    expect(found.stuck).toMatchObject({ register: 'USART2.ISR', value: '0x00000000' });
  });
});

it('the mask of a read is that of the first branch behind it, not that of another test in the same loop', () => {
  // TST.W R3, #32; BNE out; TST.W R3, #8; BEQ loop
  const main = new Thumb(0x08000200).label('loop').put(0xf013, 0x0f20).bne('out').put(0xf013, 0x0f08).beq('loop').label('out').b('out');
  const session = new Session(
    jobInput(plainJob('stm32l476', [{ path: 'app.bin@0x8000000', bytes: imageOf(main, new Thumb(0x08000400).bxLr()) }])),
  );
  const masks = [0x08000200, 0x08000206].map((pc) => session.machine.bootCore.testedMask(pc));
  session.release();
  expect(masks).toEqual([32, 8]);
});

it.each([
  ['shifted there, as Armv6-M needs it', 'movs r3, #128; lsls r3, r3, #6; ands r3, r2', [0x2380, 0x019b, 0x4013], 1 << 13],
  ['with the operands the other way round', 'movs r3, #128; lsls r3, r3, #6; ands r2, r3', [0x2380, 0x019b, 0x401a], 1 << 13],
  ['from the literal pool', 'ldr r3, [pc, #4]; tst r2, r3', [0x4b01, 0x421a], 0x02000000],
  ['overwritten on the way: nobody knows', 'movs r3, #128; mov r3, r1; ands r3, r2', [0x2380, 0x460b, 0x4013], null],
  ['behind a shift by what a register holds: nobody knows', 'lsr.w r3, r2, r1; and.w r3, r3, #1', [0xfa22, 0xf301, 0xf003, 0x0301], null],
  ['of a shift of the word itself', 'lsls r3, r2, #18; bpl', [0x0493, 0xd5f0], 1 << 13],
  ['of a shift, by its sign', 'lsls r3, r2, #28; bpl', [0x0713, 0xd5f0], 8],
  ['of a shift, by whether anything is left', 'lsls r3, r2, #28; bne', [0x0713, 0xd1f0], 15],
  ['of a shift, by whether its only bit is left', 'lsls r3, r2, #31; beq', [0x07d3, 0xd0f0], 1],
  ['behind a shift to the right', 'lsrs r0, r2, #5; and.w r0, r0, #31', [0x0950, 0xf000, 0x001f], 31 << 5],
  [
    'behind another word and its mask',
    'ldr r1, [r4]; lsrs r1, r1, #5; and.w r1, r1, #31; lsrs r2, r2, #7; and.w r2, r2, #16; orrs r1, r2',
    [0x6821, 0x0949, 0xf001, 0x011f, 0x09d2, 0xf002, 0x0210, 0x4311],
    1 << 11,
  ],
  [
    'in front of another word and its mask',
    'and.w r2, r2, #2; ldr r1, [r4]; and.w r1, r1, #16',
    [0xf002, 0x0202, 0x6821, 0xf001, 0x0110],
    2,
  ],
  ['of a bit field', 'ubfx r3, r2, #4, #1', [0xf3c2, 0x1300], 1 << 4],
  ['of a bit field, as Armv6-M takes it', 'lsls r3, r2, #22; lsrs r3, r3, #27', [0x0593, 0x0edb], 31 << 5],
])('the mask of a read that stands in a register, %s (%s)', (_what, _code, words, expected) => {
  // LDR R2, [R0]; the test; BNE to the read; NOPs up to the literal
  const main = new Thumb(0x08000200)
    .label('loop')
    .ldr(2, 0)
    .put(...words);
  main.bne('loop').put(0x0000, 0x0200);
  const session = new Session(
    jobInput(plainJob('stm32l476', [{ path: 'app.bin@0x8000000', bytes: imageOf(main, new Thumb(0x08000400).bxLr()) }])),
  );
  const mask = session.machine.bootCore.testedMask(0x08000200);
  session.release();
  expect(mask).toBe(expected);
});

it('a repair that leaves one write to a block out leaves no later one out', async () => {
  const session = await open('f405-bare-jump');
  const { machine } = session;
  const number = machine.history.seq + 3;
  const repair = { at: 'before-write', what: '', fix: '', seq: number, value: null } as const;
  const watch = pathInterceptor(machine, [{ id: 'x', repair, subject: null as never } satisfies NamedRepair], 0)!;
  // as the machine does: each write that goes through counts one more
  const through = Array.from({ length: 6 }, (_, i) => {
    const value = watch.write!(machine.bootCore, 0x40000000, 4, i);
    if (value !== null) machine.history.seq++;
    return value;
  });
  expect(through).toEqual([0, 1, null, 3, 4, 5]);
  session.release();
});

describe('code that fills a table in front of the request, and goes one word too far', () => {
  const [TABLE, WORDS, MAGIC] = [RAM + 0x100, 3, 0xb007a11e];
  const REQUEST = TABLE + 4 * WORDS;
  /** @param from the first word that it writes */
  const traced = (name: string, from: number): unknown => {
    const main = new Thumb(0x08000200).constant(6, REQUEST).constant(5, from).constant(2, MAGIC).movs(0, 0);
    main.label('fill').str(0, 5).adds(5, 4).cmpRegister(5, 6).put(0xd9fb);
    main.ldr(3, 6).cmpRegister(3, 2).beq('found').str(2, 6);
    main.constant(1, 0xe000ed0c).constant(0, 0x05fa0004).str(0, 1).label('found').b('found');
    const bytes = imageOf(main, new Thumb(0x08000400).bxLr());
    const input = jobInput(plainJob('stm32l476', [{ path: 'app.bin@0x8000000', bytes }]));
    const symbol = { name, address: 0x08000200, size: 0x200, kind: 'function', binding: 'global' } as const;
    const images = input.images.map((image) => ({ ...image, symbols: new SymbolTable([symbol], () => 0x08000400) }));
    const session = new Session({ ...input, images });
    const powerOn = session.save();
    session.run();
    const words = traceRequests(session, powerOn);
    session.release();
    return words.find(({ address }) => address === REQUEST);
  };
  it('is told with the first of these words', () =>
    expect(traced('main', TABLE)).toMatchObject({ wanted: MAGIC, read: 0, atRunTime: { caller: null, row: TABLE } }));
  it('is told as a store where it writes no other word', () =>
    expect(traced('main', REQUEST)).toMatchObject({ wanted: MAGIC, read: 0, atRunTime: { caller: null, row: null } }));
  it('is start-up code before main()', () => {
    const word = traced('Reset_Handler', TABLE);
    expect(word).toMatchObject({ wanted: MAGIC, read: 0 });
    expect(word).not.toHaveProperty('atRunTime');
  });
});
