/**
 * What each name comes to, beside what it came to (each-row/names.txt, which `BOOTBENCH_GOLDEN=write` writes anew): parts as people type them and mistype them, of lines that are modelled and of those that are not.
 */
import { expect, it } from 'vitest';
import { existsUnmodelled, findChip, LINES, nearestChip, partInBoardName, partsOf, suggestChips } from '../../src/chips/index.ts';
import { expectAsBefore } from '../emu/core/golden-file.ts';

/** A name with one mistake in the line's number or behind it. */
function mistyped(name: string, at: number): string[] {
  const [before, letter, after] = [name.slice(0, at), name[at]!, name.slice(at + 1)];
  const other = /\d/.test(letter) ? String((Number(letter) + 1) % 10) : 'Q';
  return [before + after, before + other + after, before + letter + letter + after, before + after.slice(0, 1) + letter + after.slice(1)];
}
/** Lines of ST's that are not modelled, families, and other makers' parts. */
const OTHERS = ['STM32MP157C', 'N657X0', 'h7s3l8', 'H7RS', 'h7b3zi', 'U083RC', 'wb09ke', 'U385RG', 'stm32l552ze', 'WBA52CG', 'STM32C562', 'wl55jc', 'G031K8', 'STM32G050F6', 'g041', 'STM32F373CC', 'stm32f378', 'L011K4', 'f100rb', 'F102C8', 'STM32W108', 'stm32n6', 'stm32f4', 'STM32F4xx', 'stm32h', 'STM32', '', 'esp32-c3', 'GD32F103CB', 'at32f403a', 'nrf52840', 'F4xx', 'L4X', 'U5', 'STM32H7xxx']; // prettier-ignore

const said = (name: string): string => {
  const chip = findChip(name);
  const found = chip === undefined ? `no; exists ${existsUnmodelled(name)}, nearest ${nearestChip(name)}` : chip.name;
  const row = chip?.package === undefined ? '' : `, ${chip.package.name}`;
  return `${name}: ${found}${row}; like ${suggestChips(name).join(' ')}`;
};

it('each name comes to the part that it came to', () => {
  const lines = LINES.flatMap(({ name, bare }, i) => {
    const full = `${name}${bare}`;
    const at = 5 + (i % (full.length - 5));
    const short = name.slice('STM32'.length).toLowerCase();
    return [
      name,
      `${full}T6`,
      `${short}${bare.toLowerCase()}tx`,
      `${name}x${bare[1]}`,
      `${name}${bare[0]}X`,
      `${full}!`,
      ...mistyped(full, at),
    ];
  });
  const boards = LINES.flatMap(({ name, bare }) => `nucleo-${name.slice('STM32'.length)}${bare}`).map(
    (board) => `${board}: ${partInBoardName(board) ?? 'no part'}`,
  );
  const parts = LINES.map(({ name }) => `parts of ${name}: ${partsOf(name).join(' ')}`);
  const all = [...lines, ...OTHERS].map(said);
  expect(new Set(all).size).toBeGreaterThan(400);
  expectAsBefore([...all, ...boards, ...parts], new URL('./each-row/names.txt', import.meta.url));
});
