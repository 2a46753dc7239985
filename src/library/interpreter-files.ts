/** Interpreter modules that the build has left, where files are fetched. */
import { findChip } from '../chips/index.ts';
import { moduleKey, PREBUILT } from '../emu/core/interpreter/prebuilt.ts';

const WASM_MAGIC = 0x6d736100;

/**
 * Loads the interpreters of a chip's cores; one that cannot be loaded is made.
 * @param files where they are, by `moduleKey`
 */
export async function loadInterpreters(name: string, files: Readonly<Record<string, () => URL | Promise<URL>>>): Promise<void> {
  const keys = (findChip(name)?.cores ?? []).map(moduleKey);
  await Promise.all(
    keys.map(async (key) => {
      const at = await files[key]?.();
      if (at === undefined || PREBUILT.has(key)) return;
      try {
        const bytes = new Uint8Array(await (await fetch(at)).arrayBuffer());
        // a server may answer with a page where the file is missing
        if (bytes.length > 8 && new DataView(bytes.buffer).getUint32(0, true) === WASM_MAGIC) PREBUILT.set(key, bytes);
      } catch {
        // it is made on first use
      }
    }),
  );
}
