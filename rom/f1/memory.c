/* The memories that DFU may reach. */
#include "rom.h"
#if HAS_USB
#include "regs.h"

#define UNIQUE_ID_WORD(i) REG(UID_BASE + 4u * (i))
#define UNPROTECTED_BYTE 0xA5u
#include "../common/memory_half_words.h"
#endif
