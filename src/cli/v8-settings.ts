/** V8's settings for whatever runs machines. */
const [major, minor] = process.versions.v8.split('.').map(Number) as [number, number];
/** V8 reads the branch hints of a WebAssembly module under this setting; V8 13.7 and later (behind Node 24) need none. */
export const BRANCH_HINTS: readonly string[] = major < 13 || (major === 13 && minor < 7) ? ['--experimental-wasm-branch-hinting'] : [];
/**
 * For workers that run thousands of forks: old objects are collected when there are a fifth as many more. A fork leaves 14 kB that two small
 * collections take for old; V8's own choice waits for four times as many objects and holds 70 MB more, for no time that could be measured.
 */
export const WORKER_SETTINGS: readonly string[] = [...BRANCH_HINTS, '--heap-growing-percent=20'];
