/**
 * Which parts most boards have. Where an image fits several parts equally well, the commonest of them is the likeliest; it stays a guess, and says so.
 */

/**
 * Parts by how common their boards are, within a family the commonest first; assumed from what is sold: the parts of ST's Nucleo and Discovery boards (by the user manuals
 * of the boards), and of the boards that many makers build (Blue Pill, Black Pill, boards with Ethernet for F107).
 */
const COMMON: readonly string[] = [
  ...[
    'STM32F103C8',
    'STM32F103RB',
    'STM32F407VG',
    'STM32F411CE',
    'STM32F401RE',
    'STM32F411RE',
    'STM32F446RE',
    'STM32F401CC',
    'STM32F429ZI',
  ],
  ...[
    'STM32F405RG',
    'STM32F412ZG',
    'STM32F413ZH',
    'STM32F469NI',
    'STM32F303VC',
    'STM32F303RE',
    'STM32F303K8',
    'STM32F334R8',
    'STM32F302R8',
  ],
  ...['STM32F072RB', 'STM32F030R8', 'STM32F051R8', 'STM32F030F4', 'STM32F042K6', 'STM32F031K6', 'STM32F070RB', 'STM32F091RC'],
  ...['STM32F107VC', 'STM32F105RC', 'STM32F207ZG', 'STM32F767ZI', 'STM32F746ZG', 'STM32F746NG', 'STM32F722ZE', 'STM32F769NI'],
  ...['STM32L476RG', 'STM32L432KC', 'STM32L452RE', 'STM32L496ZG', 'STM32L433RC', 'STM32L412KB', 'STM32L4R5ZI', 'STM32L475VG'],
  ...[
    'STM32L152RE',
    'STM32L152RB',
    'STM32L152RC',
    'STM32L073RZ',
    'STM32L072CZ',
    'STM32L053R8',
    'STM32L071CZ',
    'STM32G071RB',
    'STM32G0B1RE',
    'STM32G070RB',
  ],
  ...['STM32G030F6', 'STM32G031K8'],
  ...[
    'STM32G431KB',
    'STM32G431RB',
    'STM32G474RE',
    'STM32G491RE',
    'STM32H743ZI',
    'STM32H723ZG',
    'STM32H745ZI',
    'STM32H755ZI',
    'STM32H750VB',
  ],
  ...['STM32H563ZI', 'STM32H503RB', 'STM32H533RE', 'STM32U575ZI', 'STM32U585AI', 'STM32WB55RG', 'STM32C071RB'],
];
const RANKS = new Map(COMMON.map((part, rank) => [part, rank]));
/** How common the part's boards are: 0 for the commonest, Infinity for one that no usual board has. */
export const rankOf = (part: string): number => RANKS.get(part.slice(0, 'STM32F407VG'.length)) ?? Infinity;
/** The commonest first; those that no usual board has keep their order behind them. */
export const byCommonness = <T>(items: readonly T[], nameOf: (item: T) => string): readonly T[] => {
  const rank = (item: T): number => Math.min(rankOf(nameOf(item)), Number.MAX_SAFE_INTEGER);
  return [...items].sort((a, b) => rank(a) - rank(b));
};
