/** What images tell about their sources: whether these use CMSIS, and which files their code comes from. */
import { isElf } from '../image/elf.ts';
import { lineAt } from '../image/image.ts';
import { loadImages } from '../image/images.ts';

const CMSIS_TYPES = ['SCB_Type', 'NVIC_Type', 'SysTick_Type', 'RCC_TypeDef', 'GPIO_TypeDef', 'IRQn_Type'];
const asText = (bytes: Uint8Array): string => new TextDecoder('latin1').decode(bytes);

/** Whether debug data have types of CMSIS; null where there are no debug data. Names stand in them as they are; compressed ones say nothing. */
export function usesCmsis(images: readonly Uint8Array[]): boolean | null {
  const texts = images.map(asText).filter((text) => text.includes('.debug_info'));
  if (texts.some((text) => CMSIS_TYPES.some((name) => text.includes(name)))) return true;
  return texts.length > 0 && texts.every((text) => text.includes('int\0')) ? false : null;
}

/** Files that functions of the images begin in. */
export function codeFilesOf(images: readonly { readonly path: string; readonly bytes: Uint8Array }[]): readonly string[] {
  const found = loadImages(images.filter(({ bytes }) => isElf(bytes))).flatMap((image) =>
    image.symbols.all.flatMap((s) => (s.kind === 'function' ? (lineAt([image], s.address)?.file ?? []) : [])),
  );
  return [...new Set(found)];
}
