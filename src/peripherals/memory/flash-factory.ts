/** What ST puts into a part: the option bytes, changed by the board's parameters, and the identity area. */
import type { Layout, RegisterContext } from '../../emu/registers.ts';

/** Factory values of option fields, or the board's `option.<name>`, into the option registers by name. */
export function storeOptions(
  c: RegisterContext<object>,
  layout: Layout,
  options: Readonly<Record<string, { readonly field: string; readonly value: number }>>,
  stored: Record<string, number>,
): void {
  for (const [name, option] of Object.entries(options)) {
    const field = layout.field(option.field);
    const value = c.env.parameter(`option.${name}`) ?? option.value;
    const key = field.register.name;
    stored[key] = (((stored[key] ?? 0) & ~field.mask) | ((value << field.bit) & field.mask)) >>> 0;
  }
}

/** The unique ID, 96 bits from the parameters `uid.0` to `uid.2`, and the flash size in KiB, 16 bits. */
export function placeIdentity(
  c: RegisterContext<object>,
  memory: string,
  o: { readonly uidOffset: number; readonly sizeOffset: number; readonly flashKilobytes: number },
): void {
  const uid = new Uint8Array(12);
  for (let i = 0; i < 3; i++) new DataView(uid.buffer).setUint32(i * 4, c.env.parameter(`uid.${i}`) ?? 0, true);
  c.env.pokeMemory(memory, o.uidOffset, uid);
  c.env.pokeMemory(memory, o.sizeOffset, Uint8Array.of(o.flashKilobytes & 0xff, o.flashKilobytes >>> 8));
}
