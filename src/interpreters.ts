/** Where the interpreter modules are that the build has made, by `moduleKey`; sources have none and make them on first use. The build replaces this file. */
export const INTERPRETERS: Readonly<Record<string, () => URL | Promise<URL>>> = {};
