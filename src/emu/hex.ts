/** An address or a register, as people write it. */
export const hex = (n: number): string => `0x${(n >>> 0).toString(16).padStart(8, '0')}`;
