/** Where the text of source files comes from. In a browser there are none; the command line looks for them beside the image. */

export interface SourceFile {
  /** Where it was found: for a patch relative to the folder that a patch is applied in. */
  readonly path: string;
  readonly lines: readonly string[];
  /** It was changed after the image was built, so that line numbers may be off. */
  readonly newer: boolean;
  /** It does not lie below the working folder: `path` begins at the root of the file system. */
  readonly elsewhere: boolean;
}
/** `file` as results name it. Null where it is not found. */
export type Sources = (file: string) => SourceFile | null;

export const NO_SOURCES: Sources = () => null;
