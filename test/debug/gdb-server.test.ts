import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { frame } from '../../src/debug/packets.ts';
import { Thumb } from '../emu/thumb.ts';
import { Client, FLASH, hubOf, image } from './client.ts';

const START = FLASH + 0x200;
const COUNTER = 0x20000100;
const LOOP = START + 8;
/** Counts R0 up in RAM for ever, from LOOP on. */
const counting = (): Uint8Array =>
  image(new Thumb(START).constant(1, COUNTER).movs(0, 0).movs(2, 0).movs(3, 7).label('loop').adds(0, 1).str(0, 1).b('loop').bytes());
const PC = 15;
const session = (chip = 'stm32f405'): Client => new Client(hubOf(chip, counting()));
const hex = (n: number): string => n.toString(16);

describe('GDB server: stop and go', () => {
  it('waits in front of the first instruction', () => {
    const c = session();
    expect(c.ask('?')).toMatch(/^T02/);
    expect(c.register(PC)).toBe(START);
    expect(c.register(13)).toBe(0x20001000);
  });

  it('executes exactly one instruction a step, dual issue of the Cortex-M7 included', () => {
    for (const chip of ['stm32f072', 'stm32f405', 'stm32h533', 'stm32h745xi']) {
      const c = session(chip);
      const pcs = Array.from({ length: 8 }, () => (c.ask('s'), c.register(PC)));
      expect(pcs.map((pc) => pc - START)).toEqual([2, 4, 6, 8, 10, 12, 8, 10]);
    }
  });

  it('stops at a breakpoint each time, and no more when it is gone', () => {
    const c = session();
    expect(c.ask(`Z1,${hex(LOOP)},2`)).toBe('OK');
    for (let round = 0; round < 3; round++) {
      expect(c.ask('c')).toMatch(/^T05.*hwbreak/);
      expect([c.register(PC), c.register(0)]).toEqual([LOOP, round]);
    }
    expect(c.ask(`z1,${hex(LOOP)},2`)).toBe('OK');
    expect(c.ask('c', 3)).toBeNull();
    expect(c.interrupt()).toMatch(/^T02/);
    expect(c.word(COUNTER)).toBeGreaterThan(1000);
  });

  it('stops behind the store that a watchpoint is for, and names the address (DWT stops after the access)', () => {
    const c = session();
    expect(c.ask(`Z2,${hex(COUNTER)},4`)).toBe('OK');
    expect(c.ask('c')).toContain(`watch:${hex(COUNTER)};`);
    expect([c.register(PC), c.word(COUNTER)]).toEqual([LOOP + 4, 1]);
    expect(c.ask(`z2,${hex(COUNTER)},4`)).toBe('OK');
    expect(c.ask(`Z3,${hex(COUNTER)},4`)).toBe('OK');
    expect(c.ask('c', 3)).toBeNull();
  });

  it('goes on with the one thread that it has, and refuses another', () => {
    const c = session();
    const refused = ['vCont;c:99', 'vCont;s:2;s:99', 'vCont;', 'vCont;t', 'Hg99', 'Hc', 'T63', 'T'];
    expect(refused.filter((packet) => !/^E/.test(c.ask(packet) ?? 'ran'))).toEqual([]);
    expect(c.register(PC)).toBe(START);
    expect(['T1', 'Hg0', 'Hg1', 'Hc-1'].map((packet) => c.ask(packet))).toEqual(['OK', 'OK', 'OK', 'OK']);
    for (const packet of ['vCont;s:1;c', 'vCont;c:2;s', 'vCont;S05:-1', 'vCont;s']) expect(c.ask(packet)).toMatch(/^T05/);
    expect(c.register(PC)).toBe(START + 8);
  });

  it('stops at a BKPT of the firmware', () => {
    const c = new Client(hubOf('stm32f405', image(new Uint8Array([0x00, 0xbe]))));
    expect(c.ask('c')).toMatch(/^T05/);
    expect(c.register(PC)).toBe(START);
  });
});

describe('GDB server: a core that executes nothing', () => {
  const WFI = [0x30, 0xbf, 0xfe, 0xe7];
  const UNDEFINED = [0x00, 0xde];
  const SCR = 0xe000ed10;

  /** The code, and behind it a counter to go on with. */
  const goesOn = (chip: string, code: readonly number[], prepare: (c: Client) => void = () => undefined): void => {
    const c = new Client(hubOf(chip, image(new Uint8Array([...code, ...new Thumb(START).movs(0, 7).label('end').b('end').bytes()]))));
    prepare(c);
    c.ask('c', 5);
    c.interrupt();
    expect(c.register(0)).not.toBe(7);
    expect(c.ask(`Pf=${Buffer.from(new Uint32Array([START + code.length]).buffer).toString('hex')}`)).toBe('OK');
    expect(c.ask('s')).toMatch(/^T05/);
    expect([c.register(PC), c.register(0)]).toEqual([START + code.length + 2, 7]);
  };

  it('goes on where PC is set: out of WFI, out of Stop mode, out of lockup (debug entry ends them)', () => {
    for (const chip of ['stm32f072', 'stm32f405', 'stm32h745xi']) {
      goesOn(chip, WFI);
      goesOn(chip, UNDEFINED);
      goesOn(chip, WFI, (c) => expect(c.ask(`M${hex(SCR)},4:04000000`)).toBe('OK'));
    }
  });
});

describe('GDB server: back in time', () => {
  it('undoes instructions one by one: registers and memory are what they were', () => {
    const c = session();
    const seen: [number, number, number][] = [];
    const look = (): [number, number, number] => [c.register(PC), c.register(0), c.word(COUNTER)];
    for (let i = 0; i < 40; i++, c.ask('s')) seen.push(look());
    for (let i = 39; i >= 0; i--) {
      expect(c.ask('bs')).toMatch(/^T05/);
      expect(look()).toEqual(seen[i]);
    }
    expect(c.ask('bs')).toContain('replaylog:begin');
  });

  it('runs back from breakpoint to breakpoint, across a reset, up to the beginning', () => {
    const c = session('stm32h533');
    c.ask(`Z1,${hex(LOOP)},2`);
    for (let i = 0; i < 5; i++) c.ask('c');
    c.monitor('reset halt');
    for (let i = 0; i < 3; i++) c.ask('c');
    expect(c.register(0)).toBe(2);
    for (const r0 of [1, 0, 4, 3, 2, 1, 0]) {
      expect(c.ask('bc')).toMatch(/^T05.*hwbreak/);
      expect([c.register(PC), c.register(0)]).toEqual([LOOP, r0]);
    }
    expect(c.ask('bc')).toContain('replaylog:begin');
    expect(c.register(PC)).toBe(START);
  });

  it('a search backwards ends at Ctrl-C, where it began; when the client goes, too', () => {
    const c = session();
    c.ask('c', 40);
    c.interrupt();
    const before = c.ask('g');
    // far away, or never there: nothing comes in two turns
    expect(c.ask('bc', 2)).toBeNull();
    expect(c.interrupt()).toMatch(/^T02/);
    expect(c.ask('g')).toBe(before);
    expect(c.ask('bc', 2)).toBeNull();
    c.hub.disconnect(c.server);
    const next = new Client(c.hub);
    expect(next.ask('g')).toBe(before);
    expect(next.ask('bc', 4000)).toContain('replaylog:begin');
  });

  it('goes forward again as it did before', () => {
    const c = session();
    c.ask('c', 5);
    c.interrupt();
    const before = c.ask('g');
    for (let i = 0; i < 25; i++) c.ask('bs');
    for (let i = 0; i < 25; i++) c.ask('s');
    expect(c.ask('g')).toBe(before);
  });

  it('comes back to what GDB itself has changed, and past it to what was before', () => {
    const c = session();
    for (let i = 0; i < 6; i++) c.ask('s');
    c.ask('P0=78563412');
    expect(c.register(0)).toBe(0x12345678);
    c.ask('s');
    c.ask('s');
    c.ask('bs');
    c.ask('bs');
    expect(c.register(0)).toBe(0x12345678);
    c.ask('bs');
    expect(c.register(0)).toBe(1);
  });

  const changes = (c: Client, count: number): void => {
    for (let i = 0; i < count; i++) {
      expect(c.ask(`M20000200,1:${hex(i % 256).padStart(2, '0')}`)).toBe('OK');
      c.ask('s');
    }
  };
  const back = (c: Client, most: number): number => {
    for (let i = 0; i < most; i++) if (c.ask('bs')!.includes('replaylog:begin')) return i;
    return most;
  };
  it('holds no more than a bound: the oldest changes are dropped, the others are exact, and a sentence says so', () => {
    const c = new Client(hubOf('stm32f405', counting(), 4 << 20));
    changes(c, 20);
    expect(back(c, 100)).toBe(20);
    expect(c.console.join('')).toBe('');
    changes(c, 200);
    const steps = back(c, 400);
    expect(steps).toBeGreaterThan(20);
    expect(steps).toBeLessThan(150);
    expect(c.console).toEqual(['the history begins here: older positions were dropped, as all may hold 4 MB\n']);
    // the place in front of the first instruction that can still be undone: three of them count up by one
    expect(c.word(0x20000200) & 0xff).toBe(200 - steps);
    expect([START + 8, START + 10, START + 12]).toContain(c.register(PC));
    c.console.length = 0;
    expect(c.ask('bc')).toContain('replaylog:begin');
    expect(c.console.join('')).toContain('older positions were dropped');
  });
  it('ends with the last client: the next one has a past of its own', () => {
    const hub = hubOf('stm32f405', counting());
    const c = new Client(hub);
    changes(c, 10);
    const before = c.ask('g');
    hub.disconnect(c.server);
    const next = new Client(hub);
    expect(next.ask('bs')).toContain('replaylog:begin');
    expect(next.console.join('')).toBe('');
    next.ask('s');
    expect(back(next, 5)).toBe(1);
    expect(next.ask('g')).toBe(before);
  });
});

describe('GDB server: state', () => {
  it('reads and writes memory, flash by programming only, and says where nothing answers', () => {
    const c = session();
    expect(c.ask('M20000200,4:01020304')).toBe('OK');
    expect(c.ask('m20000201,2')).toBe('0203');
    expect(c.ask('m60000000,4')).toBe('E14');
    expect(c.ask('M60000000,1:00')).toBe('E14');
    expect(c.ask(`M${hex(FLASH)},4:00000000`)).toBe('E14');
    expect(c.ask(`vFlashErase:${hex(FLASH + 0x4000)},4000`)).toBe('OK');
    expect(c.ask(`vFlashWrite:${hex(FLASH + 0x4000)}:a}\x03b`)).toBe('OK');
    expect(c.ask('vFlashDone')).toBe('OK');
    expect(c.ask(`m${hex(FLASH + 0x4000)},4`)).toBe('617d0362');
    expect(c.ask('vFlashErase:20000000,400')).toBe('E03');
    expect(c.ask('vFlashWrite:20000000:a')).toBe('E.memtype');
  });

  it('executes what was programmed, not what was decoded before', () => {
    const c = session();
    c.ask('c', 3);
    c.interrupt();
    const page = counting();
    // MOVS R0, #0 in place of ADDS R0, #1
    page.set([0x00, 0x20], LOOP - FLASH);
    c.ask(`vFlashErase:${hex(FLASH)},400`);
    c.ask(`vFlashWrite:${hex(FLASH)}:${String.fromCharCode(...page)}`);
    c.ask('vFlashDone');
    for (let i = 0; i < 6; i++) c.ask('s');
    expect(c.word(COUNTER)).toBe(0);
  });

  it('has the registers of the core and no others', () => {
    const [m0, m33] = [session('stm32f072'), session('stm32h533')];
    expect(m0.ask('qXfer:features:read:target.xml:0,ffff')).not.toMatch(/basepri|fpscr|msplim/);
    for (const name of ['primask', 'basepri', 'msplim', 'd15', 'fpscr']) expect(m33.numberOf(name)).toBeGreaterThan(16);
    const primask = m33.numberOf('primask');
    expect(m33.ask(`P${hex(primask)}=01000000`)).toBe('OK');
    expect(m33.register(primask)).toBe(1);
    const d1 = m33.numberOf('d1');
    expect(m33.ask(`P${hex(d1)}=0102030405060708`)).toBe('OK');
    expect(m33.ask(`p${hex(d1)}`)).toBe('0102030405060708');
  });

  it('writes all registers at once as it reads them', () => {
    const c = session('stm32h533');
    for (let i = 0; i < 7; i++) c.ask('s');
    const other = `${'11223344'.repeat(13)}${c.ask('g')!.slice(13 * 8)}`;
    expect(c.ask(`G${other}`)).toBe('OK');
    expect(c.ask('g')).toBe(other);
    // without a value nothing is written, and nobody is told that it was
    expect(c.ask('G')).toBe('E02');
  });

  it('computes the checksum of compare-sections', () => {
    const c = session();
    c.ask('M20000200,9:313233343536373839');
    // CRC-32/MPEG-2 of "123456789"
    expect(c.ask('qCRC:20000200,9')).toBe('C0376e6e7');
  });
});

describe('GDB server: monitor', () => {
  it('resets and halts, judges the checks, tells of USB', () => {
    const c = session();
    for (let i = 0; i < 9; i++) c.ask('s');
    c.monitor('reset halt');
    expect(c.register(PC)).toBe(START);
    expect(c.monitor('usb')).toContain('nothing has been on the bus');
    expect(c.monitor('checks')).toMatch(/boot-selection/);
    expect(c.monitor('time')).toContain('instructions');
    expect(c.monitor('nonsense')).toContain('there is no command "nonsense"');
    expect(c.monitor('reset sideways')).toContain('halt, init or run');
  });

  it('resets and lets a halted core run, as OpenOCD does', () => {
    for (const line of ['reset', 'reset run']) {
      const c = session();
      expect(c.monitor(line)).toBe('');
      c.hub.advance();
      expect(c.word(COUNTER)).toBeGreaterThan(100);
    }
  });

  it('takes what IDEs tell other servers in passing, and refuses words too many', () => {
    const c = session();
    for (const line of ['init', 'gdb_sync', 'sleep 1000', 'delay 3000', 'gdb_breakpoint_override hard']) expect(c.monitor(line)).toBe('');
    expect(c.monitor('arm semihosting enable')).toContain('semihosting is on');
    expect(c.monitor('reset halt now')).toContain('too many words; it is reset [halt|init|run]');
    expect(c.monitor('time flies')).toContain('too many words');
  });

  it('stops in front of the first instruction in system memory on request', () => {
    const jump = new Thumb(START).constant(0, 0x20001000).movSp(0).constant(1, 0x1fff0004).ldr(0, 1).bx(0).bytes();
    const c = new Client(hubOf('stm32f405', image(jump)));
    c.monitor('catch entry');
    c.console.length = 0;
    expect(c.ask('c')).toMatch(/^T05/);
    expect(c.console.join('')).toBe('caught: entry\n');
    expect(c.register(PC) >>> 16).toBe(0x1fff);
    expect(c.monitor('checks')).toMatch(/pass +entry-address/);
    expect(c.ask('bs')).toMatch(/^T05/);
    expect(c.register(PC)).toBe(START + 8);
  });
});

describe('GDB server: extended-remote', () => {
  it('stays behind kill and begins anew at run, without the breakpoints of before', () => {
    const c = session();
    expect(c.ask('!')).toBe('OK');
    expect(c.ask(`Z1,${hex(LOOP)},2`)).toBe('OK');
    expect(c.ask('c')).toMatch(/^T05/);
    expect(c.ask('vKill;1')).toBe('OK');
    expect(c.server.closed).toBe(false);
    expect(c.ask('vRun;')).toMatch(/^T02/);
    expect(c.register(PC)).toBe(START);
    expect(c.ask('c', 3)).toBeNull();
  });
});

describe('GDB server: whatever comes in', () => {
  it('is answered or dropped, never thrown', () => {
    const rest = fc.stringMatching(/^[0-9a-f,:;=]{0,24}$/);
    const packets = fc.oneof(
      fc.string({ unit: 'binary-ascii' }),
      fc
        .tuple(fc.constantFrom(...'gGpPmMXZzscbHTvqQR', 'vCont;', 'vFlashWrite:', 'qXfer:features:read:', 'qRcmd,'), rest)
        .map((x) => x.join('')),
    );
    const c = session();
    fc.assert(
      fc.property(packets, (text) => {
        if (/^(D|k|vKill)/.test(text)) return;
        c.ask(text, 1);
        c.interrupt();
      }),
      { numRuns: 400 },
    );
    while (c.wait(1) !== null);
    expect(c.ask('?')).toMatch(/^T/);
  });

  it('half a packet is dropped when another begins', () => {
    const c = session();
    c.bytes(frame('g').slice(0, 2));
    expect(c.ask('?')).toMatch(/^T/);
  });

  it('a wrong checksum is asked for again, and the last answer repeated on request', () => {
    const c = session();
    c.bytes(Uint8Array.from('$g#00', (x) => x.charCodeAt(0)));
    expect(c.raw.at(-1)).toBe(0x2d);
    const first = c.ask('?');
    c.bytes(Uint8Array.from([0x2d]));
    expect(c.wait()).toBe(first);
  });
});

describe('GDB servers of two cores', () => {
  it('take one client a core; a core that nobody holds goes along with the other', () => {
    const hub = hubOf('stm32h745xi', counting());
    const cm7 = new Client(hub);
    expect(hub.connect(hub.cores[0]!, () => undefined)).toBeNull();
    cm7.ask(`Z1,${hex(LOOP)},2`);
    expect(cm7.ask('c')).toMatch(/^T05/);
    expect(hub.target.isHalted(hub.cores[1]!)).toBe(true);
    const cm4 = new Client(hub, 1);
    expect(cm4.ask('?')).toMatch(/^T/);
    expect(cm7.ask('c')).toMatch(/^T05/);
    expect(cm7.register(0)).toBe(1);
    expect(hub.target.isHalted(hub.cores[1]!)).toBe(true);
  });
});
