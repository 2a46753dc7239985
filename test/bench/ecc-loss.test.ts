/** RAM with ECC loses the last narrow store at a reset (RM0433 2.4): a request that was that store is lost. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { WriteBuffer } from '../../src/bench/slice/ecc-loss.ts';
import { bench } from '../../src/index.ts';

/**
 * Looks for 0xCAFEB00F at an address of RAM; if it is not there, stores it and resets.
 *   movw/movt r0, address; movw/movt r1, 0xcafeb00f; ldr r2, [r0]; cmp r2, r1; beq app; <store>; dsb; AIRCR = 0x05fa0004; b .; app: str r5, [r0]; b .
 */
const image = (ram: number, store: readonly number[]): Uint8Array => {
  const upper = { 0x20: [0xc2, 0xf2, 0x00, 0x00], 0x24: [0xc2, 0xf2, 0x00, 0x40] }[ram >>> 24]!;
  const look = [0x40, 0xf2, 0x00, 0x00, ...upper, 0x4b, 0xf2, 0x0f, 0x01, 0xcc, 0xf6, 0xfe, 0x21, 0x02, 0x68, 0x8a, 0x42];
  const reset = [
    0xbf, 0xf3, 0x4f, 0x8f, 0x4e, 0xf6, 0x0c, 0x53, 0xce, 0xf2, 0x00, 0x03, 0x40, 0xf2, 0x04, 0x04, 0xc0, 0xf2, 0xfa, 0x54, 0x1c, 0x60,
    0xfe, 0xe7,
  ];
  const branch = [(store.length + reset.length - 2) / 2, 0xd0];
  return Uint8Array.from([
    0x00,
    0x10,
    0x00,
    0x20,
    0x09,
    0,
    0,
    0x08,
    ...look,
    ...branch,
    ...store,
    ...reset,
    0x00,
    0x25,
    0x05,
    0x60,
    0xfe,
    0xe7,
  ]);
};
const STORE = [0x01, 0x60];
/** str r1, [r0, #4]: the other half of the ECC word; str r1, [r0, #8]: another one. */
const [OTHER_HALF, DUMMY] = [
  [0x41, 0x60],
  [0x81, 0x60],
];
const AXI = 0x24000000;
const DTCM = 0x20000000;

it.each([
  ['a word in AXI SRAM, 64 bits of ECC', AXI, STORE, true],
  ['and its other half, which make a whole', AXI, [...STORE, ...OTHER_HALF], false],
  ['and a dummy word elsewhere', AXI, [...STORE, ...DUMMY], false],
  ['a word in DTCM, 32 bits of ECC', DTCM, STORE, false],
] as const)('%s', async (_what, ram, store, lost) => {
  const result = await bench({
    chip: 'stm32h743zi',
    images: [{ path: 'app.bin@0x08000000', bytes: image(ram, store) }],
    scenario: { until: '20ms' },
  });
  // without the request it is stored again, and lost again
  expect(result.resets.filter((r) => r.by === 'software').length > 1).toBe(lost);
  expect(result.notes.filter((n) => n.kind === 'ecc').length).toBe(lost ? 1 : 0);
});

it('holds back what a RAM of whole words with one more word for the rest would hold back', () => {
  const store = fc.record({ word: fc.nat(3), size: fc.constantFrom(1, 2, 4, 8), at: fc.nat(7) });
  fc.assert(
    fc.property(fc.constantFrom(4, 8), fc.array(store, { maxLength: 40 }), (width, stores) => {
      const seen = new Uint8Array(32);
      // by the text of the manual: what is in the RAM, and the unfinished word beside it
      const ram = new Uint8Array(32);
      let rest: { word: number; bytes: Map<number, number> } | null = null;
      const buffer = new WriteBuffer(width);
      const core = { arm: { ccr: 0 }, peekBehindCache: (address: number) => seen[address]! } as unknown as Parameters<
        WriteBuffer['store']
      >[0];
      stores.forEach(({ word, size: wanted, at }, n) => {
        const size = Math.min(wanted, width);
        const address = word * width + Math.floor((at % width) / size) * size;
        buffer.store(core, address, size);
        if (size === width) {
          for (let i = 0; i < size; i++) ram[address + i] = n + 1;
          if (rest?.word === word) rest = null;
        } else {
          if (rest !== null && rest.word !== word) {
            for (const [to, byte] of rest.bytes) ram[to] = byte;
            rest = null;
          }
          rest ??= { word, bytes: new Map() };
          for (let i = 0; i < size; i++) rest.bytes.set(address + i, n + 1);
          if (rest.bytes.size === width) {
            for (const [to, byte] of rest.bytes) ram[to] = byte;
            rest = null;
          }
        }
        for (let i = 0; i < size; i++) seen[address + i] = n + 1;
      });
      const lost = seen.slice();
      if (buffer.held !== null) lost.set(buffer.held.bytes, buffer.held.address);
      expect([...lost]).toEqual([...ram]);
    }),
  );
});
