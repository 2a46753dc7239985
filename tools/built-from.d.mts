/** Of the project at `root`. */
export declare function builtFrom(root: string): string;
