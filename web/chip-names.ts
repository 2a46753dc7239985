/** Chips for the page's list. The build puts them here: the page itself holds no description of a chip. */
export const CHIP_NAMES: readonly string[] = [];
