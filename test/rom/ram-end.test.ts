/** The ROM takes an application's stack in any RAM that lies together, so also in CCM behind SRAM2: every start-up file of ST puts it at that end. */
import { expect, it } from 'vitest';
import { findChip } from '../../src/chips/index.ts';
import { G431, G474, G491 } from '../../src/rom/profiles-l4-class.ts';

it.each([
  ['stm32g431rb', G431],
  ['stm32g474re', G474],
  ['stm32g491re', G491],
] as const)('%s', (name, rom) => {
  const ram = findChip(name)!.memories.filter((m) => m.kind === 'ram');
  const spans = ram.flatMap((m) => [m.base, ...(m.aliases ?? [])].map((base) => [base, base + m.size] as const));
  let end = 0x20000000;
  for (let more = true; more;) {
    const next = spans.find(([base]) => base === end);
    more = next !== undefined;
    end = next?.[1] ?? end;
  }
  expect(rom.build.defines.find(([key]) => key === 'SRAM1_END')?.[1]).toBe(`0x${end.toString(16).toUpperCase().padStart(8, '0')}u`);
});
