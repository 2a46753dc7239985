/** The configuration of pins stays locked until the next reset, of the chip or of the port (reference manuals, GPIOx_LCKR). */
export const isLock = (what: string): boolean => /^GPIO[A-Z]\.LCKR\b/.test(what);
