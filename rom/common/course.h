/* The ways out, for those who decide to take them. */
#ifndef ROM_COURSE_H
#define ROM_COURSE_H
#include <stdint.h>

/* DFU's leave: USB off, what the ROM puts back, the jump to the program whose vector table is at `vectors`. */
void leave_to(uint32_t vectors) __attribute__((noreturn));
#endif
