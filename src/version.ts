/** Kept equal to package.json by a test, so that a browser build knows it without a file system. */
export const VERSION = '0.1.0';
