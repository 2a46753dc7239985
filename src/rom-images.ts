/** Bytes of the stand-in ROMs. The build puts them in the place of this file, packed (tools/build.mjs): the library reads no files. */
export { romImage } from './cli/rom-image.ts';
