/** A run to hand on: a link that has the file in it, and the picture as a file. Nothing is sent anywhere. */
import { joined } from '../src/rom/pieces.ts';

/** Characters of a link that forums and mail still take whole. */
const LONGEST_LINK = 60_000;

const piped = async (bytes: Uint8Array, through: GenericTransformStream): Promise<Uint8Array> =>
  new Uint8Array(await new Response(new Blob([new Uint8Array(bytes)]).stream().pipeThrough(through)).arrayBuffer());

/** A file as text for a link; null where it is too large for one. */
export async function packed(bytes: Uint8Array): Promise<string | null> {
  const small = await piped(bytes, new CompressionStream('deflate-raw'));
  if (small.length > LONGEST_LINK) return null;
  const text = btoa(Array.from(small, (byte) => String.fromCharCode(byte)).join(''));
  const url = text.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
  return url.length > LONGEST_LINK ? null : url;
}
/** Larger than any firmware of these chips: what a short text swells to is not taken. */
const LARGEST = 16 << 20;
/** Bytes that are unpacked at once: each may become a thousand. */
const AT_ONCE = 4096;
/** Null where the text is no file, or another one than the link says: it was cut or changed on its way. */
export async function fileIn(text: string, sha256: string): Promise<Uint8Array | null> {
  try {
    const [bytes, image] = await Promise.all([unpacked(text), import('../src/image/sha256.ts')]);
    return image.sha256(bytes) === sha256 ? bytes : null;
  } catch {
    return null;
  }
}
/** Throws where the text is no file. */
export async function unpacked(text: string): Promise<Uint8Array> {
  const small = Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (char) => char.charCodeAt(0));
  const { readable, writable } = new DecompressionStream('deflate-raw');
  const reader = readable.getReader();
  const written = write(small, writable.getWriter());
  // told by the reader
  written.catch(() => undefined);
  const parts: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.length;
    if (length > LARGEST) {
      await reader.cancel();
      throw new Error('the file in this link is too large');
    }
    parts.push(value);
  }
  await written;
  return joined(parts);
}
/** In pieces, and no faster than they are read. */
async function write(bytes: Uint8Array<ArrayBuffer>, to: WritableStreamDefaultWriter<BufferSource>): Promise<void> {
  for (let at = 0; at < bytes.length; at += AT_ONCE) {
    await to.ready;
    await to.write(bytes.subarray(at, at + AT_ONCE));
  }
  await to.close();
}

export const svgFile = (svg: string): Blob => new Blob([svg], { type: 'image/svg+xml' });
/** Twice as large as on the page: it is read on a phone, too. */
const SCALE = 2;
export async function pngFile(svg: string): Promise<Blob> {
  const url = URL.createObjectURL(svgFile(svg));
  try {
    const image = new Image();
    image.src = url;
    await image.decode();
    const canvas = document.createElement('canvas');
    canvas.width = image.width * SCALE;
    canvas.height = image.height * SCALE;
    canvas.getContext('2d')!.drawImage(image, 0, 0, canvas.width, canvas.height);
    return await new Promise((resolve, reject) =>
      canvas.toBlob((blob) => (blob === null ? reject(new Error('this browser makes no PNG of it')) : resolve(blob)), 'image/png'),
    );
  } finally {
    URL.revokeObjectURL(url);
  }
}
