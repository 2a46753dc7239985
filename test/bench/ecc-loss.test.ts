/** RAM with ECC loses the last narrow store at a reset (RM0433 2.4): a request that was that store is told. */
import { expect, it } from 'vitest';
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
  ['and its other half', AXI, [...STORE, ...OTHER_HALF], true],
  ['and a dummy word elsewhere', AXI, [...STORE, ...DUMMY], false],
  ['a word in DTCM, 32 bits of ECC', DTCM, STORE, false],
] as const)('%s', async (_what, ram, store, lost) => {
  const result = await bench({
    chip: 'stm32h743zi',
    images: [{ path: 'app.bin@0x08000000', bytes: image(ram, store) }],
    scenario: { until: '20ms' },
  });
  expect(result.resets.map((r) => r.by)).toContain('software');
  expect(result.notes.filter((n) => n.kind === 'ecc').length).toBe(lost ? 1 : 0);
});
