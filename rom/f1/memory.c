/* The memories that DFU and AN3155 may reach. */
#include "rom.h"
#include "regs.h"

#define UNIQUE_ID_WORD(i) REG(UID_BASE + 4u * (i))
#define UNPROTECTED_BYTE 0xA5u
#include "../common/memory_half_words.h"
