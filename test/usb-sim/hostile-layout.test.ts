/** A device names what memory it likes: the kits judge what the chip has of it, and say so where it has nothing. */
import { describe, expect, it } from 'vitest';
import { openDfu } from '../../src/property.ts';
import { parseDfuseLayout } from '../../src/usb-sim/descriptors.ts';
import { conform, planted } from '../../tools/planted/kits.ts';
import { plantedImage } from '../../tools/planted/firmware.ts';

const OWN = '/0x08000000/08*002Ka,56*002Kg';
/** The planted loader with another layout, as long as its own. */
function naming(layout: string): ReturnType<typeof planted> {
  const image = plantedImage('dfuse-f072', null);
  const bytes = Uint8Array.from(image.bytes);
  const at = Buffer.from(bytes.buffer).indexOf(`Internal Flash  ${OWN}`);
  if (at < 0 || layout.length > OWN.length) throw new Error('the planted loader has another layout');
  Buffer.from(bytes.buffer).write(layout.padEnd(OWN.length), at + 'Internal Flash  '.length, 'latin1');
  return planted('dfuse-f072', { ...image, bytes });
}

describe('a layout that is none', () => {
  it.each(['/0x20000000/1*1Kg', '/0x08000000/0*0Kg', '/0x08000000/9999*999Mg,9*9Mg'])('%s: conform judges the rest', async (layout) => {
    const { results, fell } = await conform(naming(layout));
    expect(fell).toBeNull();
    expect(results.length).toBeGreaterThan(100);
  });
  it.each(['/0x20000000/1*1Kg', '/0x08000000/0*0Kg', '/0x08000000/9999*999Mg,9*9Mg'])('%s: property says so', async (layout) => {
    await expect(openDfu(naming(layout))).rejects.toThrow(/UM0424|names no flash of the chip/);
  });
  it('costs no memory for what the chip has not: 3 GB behind its flash', async () => {
    const dfu = await openDfu(naming('/0x08000000/3*999Mg,1*1Kg'));
    expect(dfu.memory.map((s) => [s.start, s.end])).toEqual([[0x08000000, 0x08020000]]);
    dfu.close();
  });
  it('has segments with an address and a length alone', () => {
    expect(parseDfuseLayout('@F /0x08000000/0*0Kg,2*1Kg,3*0 g')).toHaveLength(1);
    expect(parseDfuseLayout('@F /0x08000000/99999*9999Mg')).toEqual([]);
  });
});
