#ifndef BOOTLOADER_H
#define BOOTLOADER_H

/* Leaves for ST's bootloader at once. */
__attribute__((noreturn)) void bootloader_jump(void);

/* Leaves for ST's bootloader by a reset: nothing of the running program is left then. */
__attribute__((noreturn)) void bootloader_reset(void);

/* Called first in main(): goes on into the bootloader if bootloader_reset() asked for it. */
void bootloader_check(void);

#endif
