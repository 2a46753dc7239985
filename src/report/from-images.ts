/** What images tell about their sources: whether these use CMSIS, which files their code comes from, and what they call interrupts. */
import { isElf } from '../image/elf.ts';
import { lineAt, wordAt, type LoadedImage } from '../image/image.ts';
import { loadImages, type ImageFile } from '../image/images.ts';
import type { Sources } from './source-lines.ts';

const CMSIS_TYPES = ['SCB_Type', 'NVIC_Type', 'SysTick_Type', 'RCC_TypeDef', 'GPIO_TypeDef', 'IRQn_Type'];
const asText = (bytes: Uint8Array): string => new TextDecoder('latin1').decode(bytes);

/** Whether debug data have types of CMSIS; null where there are no debug data. Names stand in them as they are; compressed ones say nothing. */
function usesCmsis(images: readonly Uint8Array[]): boolean | null {
  const texts = images.map(asText).filter((text) => text.includes('.debug_info'));
  if (texts.some((text) => CMSIS_TYPES.some((name) => text.includes(name)))) return true;
  return texts.length > 0 && texts.every((text) => text.includes('int\0')) ? false : null;
}

/** The images are read when somebody asks. */
export function toldByImages(images: () => readonly ImageFile[]): Required<Pick<Sources, 'usesCmsis' | 'codeFiles' | 'lineNames'>> {
  let cmsis: boolean | null | undefined;
  let loaded: readonly LoadedImage[] | undefined;
  let code: readonly string[] | undefined;
  const elfs = (): readonly LoadedImage[] => (loaded ??= loadImages(images().filter(({ bytes }) => isElf(bytes))));
  return {
    usesCmsis: () => (cmsis === undefined ? (cmsis = usesCmsis(images().map(({ bytes }) => bytes))) : cmsis),
    codeFiles: () => (code ??= codeFilesOf(elfs())),
    lineNames: (line) => lineNamesOf(elfs(), line),
  };
}

/** Files that functions of the images begin in. */
function codeFilesOf(images: readonly LoadedImage[]): readonly string[] {
  const found = images.flatMap((image) =>
    image.symbols.all.flatMap((s) => (s.kind === 'function' ? (lineAt([image], s.address)?.file ?? []) : [])),
  );
  return [...new Set(found)];
}

const VECTORS_OF_SYSTEM = 16;
const HANDLER = /^(\w+)_IRQHandler$/;
/** What CMSIS may call a line of the NVIC, by the handlers that the images' vector tables have for it: `EXTI0_IRQn` for `EXTI0_IRQHandler`. A default handler has the names of many lines. */
function lineNamesOf(images: readonly LoadedImage[], line: number): readonly string[] {
  const found = images.flatMap((image) => {
    const vector = wordAt([image], (image.chunks[0]?.address ?? 0) + 4 * (VECTORS_OF_SYSTEM + line));
    const handlers = vector === null ? [] : image.symbols.all.filter(({ address }) => address === (vector & ~1) >>> 0);
    return handlers.flatMap(({ name }) => HANDLER.exec(name)?.[1] ?? []);
  });
  return [...new Set(found)].map((name) => `${name}_IRQn`);
}
