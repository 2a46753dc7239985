/** Several images of one chip: a loader and its application may each have a `main.c`, seen from their own compile folders. */
import { loadImage, type LoadedImage } from './image.ts';
import { fileName } from './source-path.ts';

export interface ImageFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** Where one name would mean two files, all are named as seen from the folder that holds the compile folders. */
export function loadImages(files: readonly ImageFile[]): LoadedImage[] {
  const images = files.map(({ bytes, path }) => loadImage(bytes, path));
  const seenFrom = haveNamesakes(images) ? folderOfAll(images.flatMap(({ lines }) => lines.compileFolders)) : null;
  return seenFrom === null ? images : files.map(({ bytes, path }) => loadImage(bytes, path, { seenFrom }));
}

function haveNamesakes(images: readonly LoadedImage[]): boolean {
  const built = images.filter(({ lines }) => lines.present);
  if (built.length < 2) return false;
  const named = new Map<string, readonly string[]>();
  let left = MOST_PLACES;
  for (const { lines, leftOut } of built) {
    const folders = lines.compileFolders;
    for (const name of lines.files) {
      const others = named.get(name);
      named.set(name, folders);
      if (others === undefined) continue;
      left -= others.length + folders.length;
      if (left < 0) {
        leftOut.add(`what is behind ${MOST_PLACES} places of files that two images have`);
        return false;
      }
      const places = new Set(placesOf(name, others));
      if (!placesOf(name, folders).some((place) => places.has(place))) return true;
    }
  }
  return false;
}
/** Places that are compared; the largest programs have some thousands. */
const MOST_PLACES = 2 ** 19;
const placesOf = (name: string, folders: readonly string[]): readonly string[] => folders.map((folder) => fileName(name, folder, null));

/** Null where the folders share the root only, as on two machines. */
function folderOfAll(folders: readonly string[]): string | null {
  const [first = [], ...others] = folders.map((folder) => folder.replaceAll('\\', '/').split('/'));
  const differs = first.findIndex((part, i) => others.some((other) => other[i] !== part));
  const common = differs < 0 ? first : first.slice(0, differs);
  return common.length < 2 ? null : common.join('/');
}
