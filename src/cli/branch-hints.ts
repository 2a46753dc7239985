/** V8's setting under which it reads the branch hints of a WebAssembly module; V8 13.7 and later (behind Node 24) need none. */
const [major, minor] = process.versions.v8.split('.').map(Number) as [number, number];
export const BRANCH_HINTS: readonly string[] = major < 13 || (major === 13 && minor < 7) ? ['--experimental-wasm-branch-hinting'] : [];
