/**
 * STM32H742, H743, H750 and H753: the die of H745 with one core. Rows and registers are H745's without what belongs to the second core (RM0433 and RM0399
 * describe the same blocks at the same places); names of RCC_RSR as RM0433 has them. Data only.
 */
import type { BlockRow, ChipDescription, OptionByteRow, ResetFlagRow } from '../emu/chip.ts';
import { RESET_CAUSES } from '../emu/component.ts';
import { loadFacts, withFacts, type GeneratedFacts } from './facts.ts';
import generated from './generated/stm32h745.json' with { type: 'json' };
import { lazyChip } from './lazy.ts';
import { OTG_FS_H745, OTG_HS_H745 } from './otg-fs.ts';
import { withRam, type PartSize } from './parts.ts';
import { known, sourcesOf, withOptions } from './rows.ts';
import { STM32H745XI } from './stm32h745.ts';

const HEADER = 'STMicroelectronics/cmsis_device_h7:Include/stm32h743xx.h';
const CORE = 'cm7';

/** Flags of one core in RCC_RSR. */
const oneCore = (code: string): string =>
  code
    .split(';')
    .map((register) => {
      if (!/^(C[12]_)?RSR /.test(register)) return register;
      return register
        .replace('C1RSTF', 'CPURSTF')
        .replace('SFT1RSTF', 'SFTRSTF')
        .replace('LPWR1RSTF', 'LPWRRSTF')
        .replace(/,(C2|SFT2|IWDG2|WWDG2|LPWR2)RSTF:\d+:1/g, '');
    })
    .join(';');
/** PWR_CR3 of a part without SMPS: in place of its bits SCUEN, which the first write locks (RM0433 6.8.4, RM0468 6.8.4). */
const withoutSmps = (code: string): string =>
  code.replace(
    /CR3 c 4 6 \S+ [^;]*/,
    'CR3 c 4 6 3000303 BYPASS:0:1,LDOEN:1:1,SCUEN:2:1,VBE:8:1,VBRS:9:1,USB33DEN:24:1,USBREGEN:25:1,USB33RDY:26:1',
  );
/** H745's, with the names of one core. */
export const h743Facts = (smps = false): GeneratedFacts => {
  const { RCC, PWR, ...blocks } = generated.blocks;
  return { ...generated, blocks: { ...blocks, RCC: oneCore(RCC), PWR: smps ? PWR : withoutSmps(PWR) } };
};

const RSR = (name: string, raisedBy: ResetFlagRow['raisedBy']): ResetFlagRow => ({ field: `RCC.RSR.${name}`, raisedBy });
const RESET_FLAGS: readonly ResetFlagRow[] = [
  RSR('CPURSTF', RESET_CAUSES),
  RSR('D1RSTF', ['power']),
  RSR('D2RSTF', ['power']),
  RSR('BORRSTF', ['power', 'brownout']),
  RSR('PINRSTF', RESET_CAUSES),
  RSR('PORRSTF', ['power']),
  RSR('SFTRSTF', ['software', 'debugger', 'core']),
  RSR('IWDG1RSTF', ['iwdg']),
  RSR('WWDG1RSTF', ['wwdg']),
  RSR('LPWRRSTF', ['low-power']),
];
const RENAMED: Readonly<Record<string, string>> = { BOOT_CM7_ADD0: 'BOOT_ADD0', BOOT_CM7_ADD1: 'BOOT_ADD1' };
const SECOND_CORE = ['IWDG2_SW', 'BCM4', 'BCM7', 'NRST_STOP_D2', 'NRST_STBY_D2', 'BOOT_CM4_ADD0', 'BOOT_CM4_ADD1'];
const options = (): Readonly<Record<string, OptionByteRow>> =>
  Object.fromEntries(
    Object.entries(STM32H745XI.optionBytes!).flatMap(([name, row]) => (SECOND_CORE.includes(name) ? [] : [[RENAMED[name] ?? name, row]])),
  );

/** The same row for one core and this part's flash. */
function row(b: BlockRow, part: PartSize): readonly BlockRow[] {
  if (b.core === 'cm4' || b.name === 'ART') return [];
  const kilobytes = part.flashKilobytes;
  switch (b.name) {
    case 'EXTI':
      return [withOptions(b, 'exti-h7', { cores: [CORE], sev: [] })];
    case 'PWR':
      return [withOptions(b, 'pwr-h7', { cores: 1 })];
    case 'HSEM':
      return [withOptions(b, 'hsem', { cores: [{ id: 3, name: CORE }] })];
    case 'FLASH': {
      // Parts of 128 KB have one bank of one sector.
      const banks = kilobytes <= 128 ? 1 : 2;
      return [withOptions(b, 'flash-h7', { bankBytes: (kilobytes * 1024) / banks, banks, flashKilobytes: kilobytes })];
    }
    default:
      return [b];
  }
}

export const h743Chip = (part: PartSize): ChipDescription =>
  lazyChip(part.name, 'STM32H7', () => {
    const like = STM32H745XI;
    const { quantum: _quantum, ...rest } = like;
    return {
      ...rest,
      cores: [like.cores[0]!],
      sources: sourcesOf(HEADER, `ST SVD ${generated.svd}: H745's, names of RCC_RSR as in RM0433`),
      memories: withRam(
        like.memories.map((m) => (m.name === 'flash' ? { ...m, size: part.flashKilobytes * 1024 } : m)),
        part.ram,
      ),
      blocks: like.blocks.flatMap((b) => row(b, part)),
      facts: withFacts(loadFacts(h743Facts()), { OTG_FS: OTG_FS_H745, OTG_HS: OTG_HS_H745 }),
      parameters: {
        ...like.parameters,
        'hse.hz': known(8_000_000, 'NUCLEO-H743ZI: MCO of the ST-LINK, 8 MHz; other boards have 25 MHz', 'reported'),
      },
      // BCM7 does not exist: the core always starts.
      boot: like.boot!.filter((r) => r.core === CORE && r.boots !== 'held').map(({ core: _core, ...r }) => r),
      optionBytes: options(),
      resetFlags: { clear: 'RCC.RSR.RMVF', flags: RESET_FLAGS },
    };
  });
