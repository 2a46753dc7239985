/** Files of the page, in a worker. The page fetches what a run needs while the worker loads, and brings it. */
interface Coming {
  readonly bytes: Promise<Uint8Array | null>;
  readonly bring: (bytes: Uint8Array | null) => void;
}
const COMING = new Map<string, Coming>();

/** These will be brought. */
export function expectFiles(names: readonly string[]): void {
  for (const name of names) {
    if (COMING.has(name)) continue;
    let bring: Coming['bring'] = () => undefined;
    const bytes = new Promise<Uint8Array | null>((resolve) => (bring = resolve));
    COMING.set(name, { bytes, bring });
  }
}
/** @param bytes null: the page could not have it */
export function bringFile(name: string, bytes: Uint8Array | null): void {
  COMING.get(name)?.bring(bytes);
  if (bytes === null) COMING.delete(name);
}
export async function fetched(name: string): Promise<Response> {
  const bytes = await COMING.get(name)?.bytes;
  return bytes ? new Response(new Uint8Array(bytes)) : fetch(new URL(name, import.meta.url));
}
/** Where a file of this name is. */
export async function addressOf(name: string): Promise<URL> {
  const bytes = await COMING.get(name)?.bytes;
  return new URL(bytes ? URL.createObjectURL(new Blob([new Uint8Array(bytes)])) : name, import.meta.url);
}
