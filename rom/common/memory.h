/* DFU's view of the memories: areas from a table of the family, the flash through the family's functions. */
#ifndef ROM_MEMORY_H
#define ROM_MEMORY_H
#include "dfu.h"

/* MEMORY_WORDS: read-only, in aligned words, between words_begin and words_end. */
enum memory_kind { MEMORY_FLASH, MEMORY_RAM, MEMORY_READ_ONLY, MEMORY_WORDS };
struct memory_area {
  uint32_t base;
  uint32_t size;
  enum memory_kind kind;
};

/* Given by the family. */
extern const struct memory_area memory_areas[];
extern const uint32_t memory_area_count;
enum dfu_status flash_erase_page(uint32_t address);
enum dfu_status flash_write(uint32_t address, const uint8_t *data, uint32_t length);

/* Given by the family: the FLASH ready for commands, as it is between two steps of a download. */
void flash_unlock(void);
/* A store to flash without PG: the controller is locked, and has an error flag set where the family has one for that. */
void flash_provoke_error(void);

/* Given by a family that defines HAS_WORD_AREAS: makes such areas readable, and undoes it. */
bool words_begin(void);
void words_end(bool was);

/* Set by whoever opens the FLASH. */
extern bool memory_flash_was_opened;

/* Waits until none of the bits is set, feeding the watchdog. */
bool memory_flash_idle(volatile uint32_t *status, uint32_t busy);
/* One programming unit: the data that lie in it, 0xFF around them. */
void memory_unit(uint8_t *unit, uint32_t at, uint32_t size, uint32_t address, const uint8_t *data, uint32_t length);
#endif
