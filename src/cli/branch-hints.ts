/** V8 before 13.7 (Node 20 to 24) reads the branch hints of a WebAssembly module only if it is told to; later ones do so themselves. */
import { setFlagsFromString } from 'node:v8';

const [major, minor] = process.versions.v8.split('.').map(Number) as [number, number];
if (major < 13 || (major === 13 && minor < 7)) setFlagsFromString('--experimental-wasm-branch-hinting');
