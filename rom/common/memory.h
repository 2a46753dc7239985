/* DFU's view of the memories: areas from a table of the family, the flash through the family's functions. */
#ifndef ROM_MEMORY_H
#define ROM_MEMORY_H
#include "dfu.h"

/*
 * MEMORY_FLASH: erased by page or sector. MEMORY_PLAIN: read byte by byte. MEMORY_WORDS: read in aligned words, between words_begin and words_end.
 * MEMORY_FEATURE: "Device Feature", no memory at all.
 */
enum memory_kind { MEMORY_FLASH, MEMORY_PLAIN, MEMORY_WORDS, MEMORY_FEATURE };
struct memory_area {
  uint32_t base;
  uint32_t size;
  enum memory_kind kind;
  enum dfu_status (*write)(uint32_t address, const uint8_t *data, uint32_t length); /* 0: read-only */
};

#define FEATURE_BASE 0xFFFF0000u
#define FEATURE_SIZE 4u

/* Given by the family. */
extern const struct memory_area memory_areas[];
extern const uint32_t memory_area_count;
enum dfu_status flash_erase_page(uint32_t address);

/* Given by a family that defines HAS_SECTOR_TABLE: where the sector with this number begins. */
uint32_t chip_sector_address(uint32_t sector);

/* Given by the family: the FLASH ready for commands, as it is between two steps of a download. */
void flash_unlock(void);
/* A store to flash without PG: the controller is locked, and has an error flag set where the family has one for that. */
void flash_provoke_error(void);

/* For tables of areas: RAM. */
enum dfu_status memory_write_ram(uint32_t address, const uint8_t *data, uint32_t length);
/* The option word at `at`: its bytes from the data where they reach, else those of `old`. */
uint32_t memory_option(uint32_t at, uint32_t bytes, uint32_t old, uint32_t address, const uint8_t *data, uint32_t length);

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
