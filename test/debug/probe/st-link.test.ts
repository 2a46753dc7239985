import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DebugPort } from '../../../src/debug/probe/debug-port.ts';
import { StLink, StLinkConnection } from '../../../src/debug/probe/st-link.ts';
import { Thumb } from '../../emu/thumb.ts';
import { FLASH, hubOf, image } from '../client.ts';

const START = FLASH + 0x200;
const [DHCSR, DCRSR, DCRDR, DEMCR, AIRCR] = [0xe000edf0, 0xe000edf4, 0xe000edf8, 0xe000edfc, 0xe000ed0c];
const [DEBUGEN, HALT, STEP] = [0xa05f0001, 0xa05f0003, 0xa05f0005];
const LOOP = new Thumb(START).movs(0, 0).label('loop').adds(0, 1).b('loop').bytes();

function portOf(chip = 'stm32f405'): DebugPort {
  return new DebugPort(hubOf(chip, image(LOOP)).target);
}
const word = (p: DebugPort, address: number): number => {
  const r = p.read(0, address, 4);
  if (!r.ok) throw new Error(`no answer at ${address.toString(16)}`);
  return r.value;
};
const register = (p: DebugPort, n: number): number => (p.write(0, DCRSR, 4, n), word(p, DCRDR));

describe('debug registers of the emulated core', () => {
  it('nothing halts before C_DEBUGEN; DHCSR needs its key', () => {
    const p = portOf();
    expect(p.advance()).toBe(true);
    p.write(0, DHCSR, 4, 3);
    expect(word(p, DHCSR) & (1 << 17)).toBe(0);
    p.write(0, DHCSR, 4, HALT);
    expect(word(p, DHCSR) & (1 << 17)).not.toBe(0);
    expect(p.advance()).toBe(false);
    p.write(0, DHCSR, 4, DEBUGEN);
    expect(p.advance()).toBe(true);
  });

  it('VC_CORERESET stops in front of the first instruction; S_RESET_ST reads once', () => {
    const p = portOf();
    p.advance();
    p.write(0, DHCSR, 4, HALT);
    p.write(0, DEMCR, 4, 1);
    word(p, DHCSR);
    p.writeBlock(0, AIRCR, Uint8Array.of(4, 0, 0xfa, 5), 4);
    expect(word(p, DHCSR) & (1 << 25)).not.toBe(0);
    expect(word(p, DHCSR) & (1 << 25)).toBe(0);
    expect(register(p, 15)).toBe(START);
    p.write(0, DHCSR, 4, STEP);
    expect(register(p, 15)).toBe(START + 2);
  });

  it('a core that is released on a breakpoint stops there again, as OpenOCD counts on when it steps', () => {
    const p = portOf();
    p.write(0, DHCSR, 4, HALT);
    p.write(0, 0xe0002008, 4, (START & 0x1ffffffc) | 0x40000001);
    p.write(0, 0xe0002000, 4, 3);
    expect(register(p, 15)).toBe(START);
    p.write(0, DHCSR, 4, DEBUGEN);
    expect(word(p, DHCSR) & (1 << 17)).not.toBe(0);
    expect(register(p, 15)).toBe(START);
    expect(word(p, 0xe000ed30) & 2).toBe(2);
    p.write(0, DHCSR, 4, STEP);
    expect(register(p, 15)).toBe(START + 2);
  });

  it('SysTick stands while the core is halted, and nothing pends meanwhile', () => {
    const p = portOf();
    p.write(0, DHCSR, 4, HALT);
    p.write(0, 0xe000e014, 4, 5000);
    p.write(0, 0xe000e018, 4, 0);
    p.write(0, 0xe000e010, 4, 7);
    p.write(0, DHCSR, 4, STEP);
    const [before, pc] = [word(p, 0xe000e018), register(p, 15)];
    expect(before).toBeGreaterThan(4990);
    // some milliseconds: many periods of 5001 cycles
    for (let i = 0; i < 20; i++) p.spend();
    expect(word(p, 0xe000e018)).toBe(before);
    expect(word(p, 0xe000ed04) & (1 << 26)).toBe(0);
    p.write(0, DHCSR, 4, STEP);
    expect(before - word(p, 0xe000e018)).toBeLessThan(10);
    expect(register(p, 15)).not.toBe(pc);
    p.write(0, DHCSR, 4, DEBUGEN);
    p.spend();
    p.write(0, DHCSR, 4, HALT);
    // it goes on when the core does
    expect(word(p, 0xe000e018)).not.toBe(before);
  });

  it('DCRSR writes registers, PRIMASK and CONTROL in their word', () => {
    const p = portOf();
    p.write(0, DHCSR, 4, HALT);
    p.write(0, DCRDR, 4, 0x01000001);
    p.write(0, DCRSR, 4, 0x10014);
    expect(register(p, 0x14)).toBe(0x01000001);
    p.write(0, DCRDR, 4, 0xdeadbeef);
    p.write(0, DCRSR, 4, 0x10003);
    expect(register(p, 3)).toBe(0xdeadbeef);
  });

  it('a comparator of the FPB stops the core, DFSR says why', () => {
    const p = portOf();
    p.write(0, DHCSR, 4, HALT);
    p.write(0, 0xe0002008, 4, ((START + 2) & 0x1ffffffc) | 0x80000001);
    p.write(0, 0xe0002000, 4, 3);
    p.write(0, DHCSR, 4, DEBUGEN);
    while (p.advance());
    expect(register(p, 15)).toBe(START + 2);
    expect(word(p, 0xe000ed30) & 2).toBe(2);
  });

  it('a place where nothing answers is a fault of the port, which sticks until it is cleared', () => {
    const p = portOf();
    p.writeAp(0, 4, 0x60000000);
    expect(p.readAp(0, 0xc).ok).toBe(false);
    const ctrl = p.readDp(4);
    expect(ctrl.ok && ctrl.value & 0x20).toBe(0x20);
    p.writeDp(0, 4);
    const after = p.readDp(4);
    expect(after.ok && after.value & 0x20).toBe(0);
  });

  it('TAR wraps at 4 KB on the M4, at 1 KB on the M0', () => {
    const tarAfter = (chip: string): number => {
      const p = portOf(chip);
      p.writeAp(0, 0, 0x12);
      p.writeAp(0, 4, 0x200003fc);
      p.readAp(0, 0xc);
      const r = p.readAp(0, 4);
      return r.ok ? r.value : -1;
    };
    expect(tarAfter('stm32f405')).toBe(0x20000400);
    expect(tarAfter('stm32f072')).toBe(0x20000000);
  });
});

describe('the server protocol', () => {
  it('answers whatever comes in, or says that it does not know it', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 80 }), { maxLength: 8 }), (pieces) => {
        let sent = 0;
        const c = new StLinkConnection(new StLink(shared), (bytes) => (sent += bytes.length));
        for (const piece of pieces) if (!c.broken) c.receive(piece);
        expect(sent).toBeLessThan(200_000);
      }),
      { numRuns: 150 },
    );
  });
  const shared = portOf();

  it('carries commands in pieces as in one', () => {
    const replies: number[][] = [[], []];
    const request = new Uint8Array(32);
    request.set([5, 0, 0, 0, 1, 0, 0, 0, 0xf1]);
    request.set([1], 24);
    request.set([6], 28);
    const whole = new StLinkConnection(new StLink(shared), (b) => replies[0]!.push(...b));
    whole.receive(request);
    const split = new StLinkConnection(new StLink(shared), (b) => replies[1]!.push(...b));
    for (const byte of request) split.receive(Uint8Array.of(byte));
    expect(replies[1]).toEqual(replies[0]);
    expect(replies[0]!.slice(0, 4)).toEqual([1, 0, 0, 0]);
    expect(replies[0]!.length).toBe(10);
  });
});
