/** Names of parts as people type them, of every line. */
import { describe, expect, it } from 'vitest';
import { existsUnmodelled, findChip, LINES, nearestChip, partInBoardName, partsOf, suggestChips } from '../../src/chips/index.ts';

/** A name with one mistake in its last letters. */
function mistyped(name: string, at: number): string[] {
  const [before, letter, after] = [name.slice(0, at), name[at]!, name.slice(at + 1)];
  const other = /\d/.test(letter) ? String((Number(letter) + 1) % 10) : 'Q';
  return [before + after, before + other + after, before + letter + letter + after, before + after.slice(0, 1) + letter + after.slice(1)];
}

describe.each(LINES.map(({ name, bare }) => [name, bare]))('%s', (name, bare) => {
  const full = `${name}${bare}`;
  const short = name.slice('STM32'.length);

  it('is found by its name, in any case, with package and temperature, with x for what is left open', () => {
    const written = [
      full,
      full.toLowerCase(),
      `${full}T6`,
      `${short}${bare}`.toLowerCase(),
      `${short}${bare}tx`.toLowerCase(),
      name,
      `${name}x${bare[1]}`,
    ];
    expect(written.map((w) => findChip(w)?.line)).toEqual(written.map(() => name));
    expect(findChip(full)!.name).toBe(full);
  });

  it('is not found by what nobody sells, and is among what is suggested', () => {
    expect(findChip(`${full}!`)).toBeUndefined();
    expect(suggestChips(`${full}!`)).toContain(full);
  });

  it('mistyped in one place is another part that exists, or none', () => {
    for (let at = 5; at < full.length; at++)
      for (const wrong of mistyped(full, at)) {
        const found = findChip(wrong);
        if (found === undefined) continue;
        const alike = new RegExp(`^${wrong.replace(/X/gi, '.')}`, 'i');
        expect(found.name, wrong).toSatisfy(
          (n: string) => alike.test(n) || wrong.toUpperCase().startsWith(n) || partsOf(found.line).includes(n),
        );
      }
  });

  it('is found in the name of a board', () => {
    expect(findChip(partInBoardName(`nucleo-${short}${bare}`) ?? '')?.line).toBe(name);
  });

  it('has parts that are all its own', () => {
    const parts = partsOf(name);
    expect(parts).toContain(full);
    expect(parts.filter((part) => findChip(part)?.line !== name || findChip(part)?.name !== part)).toEqual([]);
  });
});

it.each([
  'STM32MP157C',
  'N657X0',
  'H7RS',
  'U083RC',
  'wb09ke',
  'U385RG',
  'stm32l552ze',
  'WBA52CG',
  'STM32C562',
  'wl55jc',
  'U031G8',
  'F373CC',
  'L011K4',
  'f100rb',
])('%s exists, and is not modelled', (name) => {
  expect([findChip(name), existsUnmodelled(name)]).toEqual([undefined, true]);
  expect(findChip(nearestChip(name)!)).toBeDefined();
});
it.each(['', 'STM32', 'stm32h', 'esp32-c3', 'GD32F103CB', 'at32f403a', 'nrf52840'])('"%s" is no part of ST', (name) => {
  expect([findChip(name), existsUnmodelled(name)]).toEqual([undefined, false]);
});
