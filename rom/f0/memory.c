/* The memories that DFU may reach: 2 KB pages. */
#include "rom.h"
#include "regs.h"

/* Reported: every board shows the serial number FFFFFFFEFFFF, which is what erased words give instead of the UID. */
#define UNIQUE_ID_WORD(i) 0xFFFFFFFFu
#define UNPROTECTED_BYTE 0xAAu
#include "../common/memory_half_words.h"
