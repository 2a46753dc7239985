/** A handler that was compiled as C++ and has a mangled name, so that the vector table still uses the weak default handler. */
import { blocksOfLine, exceptionName, FIRST_IRQ } from '../../checks/core-registers.ts';
import type { ChipDescription } from '../../emu/chip.ts';
import type { LoadedImage } from '../../image/image.ts';

/** A function without parameters in no namespace, static or not (Itanium C++ ABI 5.1). */
const MANGLED = /^_ZL?\d+([A-Za-z]\w*Handler)v$/;

/** Possible beginnings of the name of a handler in CMSIS start-up files. */
function beginnings(chip: ChipDescription, exception: number): string[] {
  if (exception >= FIRST_IRQ) return blocksOfLine(chip, exception - FIRST_IRQ);
  return [`${exceptionName(chip, exception).replace('SVCall', 'SVC').replace('DebugMonitor', 'DebugMon')}_`];
}

/** A note for an exception that went to the default handler; null if the program has no such function (the linker may have removed it). */
export function mangledHandler(chip: ChipDescription, images: readonly LoadedImage[], exception: number): string | null {
  const wanted = beginnings(chip, exception);
  for (const { symbols, functions } of images)
    for (const name of [...symbols.all.map((s) => s.name), ...functions.linkageNames()]) {
      const plain = MANGLED.exec(name)?.[1];
      if (plain !== undefined && wanted.some((begins) => plain.startsWith(begins)))
        return `${plain}() exists, but was compiled as C++ without extern "C": its symbol is ${name}, so the vector table still uses the weak default handler`;
    }
  return null;
}
