/** A handler that C++ compiled under a name of its own: the vector table goes on naming the weak default one. */
import { blocksOfLine, exceptionName, FIRST_IRQ } from '../../checks/core-registers.ts';
import type { ChipDescription } from '../../emu/chip.ts';
import type { LoadedImage } from '../../image/image.ts';

/** A function without parameters in no namespace, static or not (Itanium C++ ABI 5.1). */
const MANGLED = /^_ZL?\d+([A-Za-z]\w*Handler)v$/;

/** Names of the CMSIS start-up files begin so. */
function beginnings(chip: ChipDescription, exception: number): string[] {
  if (exception >= FIRST_IRQ) return blocksOfLine(chip, exception - FIRST_IRQ);
  return [`${exceptionName(chip, exception).replace('SVCall', 'SVC').replace('DebugMonitor', 'DebugMon')}_`];
}

/** What to tell of an exception that the default handler took; null where the program has no such function, which the linker may have left out. */
export function mangledHandler(chip: ChipDescription, images: readonly LoadedImage[], exception: number): string | null {
  const wanted = beginnings(chip, exception);
  for (const { symbols, functions } of images)
    for (const name of [...symbols.all.map((s) => s.name), ...functions.linkageNames()]) {
      const plain = MANGLED.exec(name)?.[1];
      if (plain !== undefined && wanted.some((begins) => plain.startsWith(begins)))
        return `${plain}() is there, compiled as C++ without extern "C": it is called ${name}, and the vector table goes on naming the weak default`;
    }
  return null;
}
