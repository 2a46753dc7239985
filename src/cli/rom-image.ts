/** Bytes of the stand-in ROMs. The build puts them in the place of this file, packed (tools/build.mjs). */
import { readFileSync } from 'node:fs';
import { packageFile } from './package.ts';

export const romImage = (image: string): Uint8Array => new Uint8Array(readFileSync(packageFile(`rom/images/${image}.bin`)));
