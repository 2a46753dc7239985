/** `import()` of a file whose name is known at run time only. A thread's program is a script without it, and is lent one. */
export const IMPORT: { module: (href: string) => Promise<unknown> } = { module: (href) => import(href) };
