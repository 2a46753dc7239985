#include "rom.h"
#include "cortex_m.h"
#include "memory.h"
#include "rom_core.h"

bool memory_flash_was_opened;

void flash_provoke_error(void)
{
  REG(memory_areas[0].base) = 0xFFFFFFFFu;
}

#if defined FLASH_SIZE_PLAIN
#define size_of(area) ((area)->size)
#else
uint32_t flash_bytes(void)
{
#if HAS_WORD_AREAS
  bool was = words_begin();
#endif
  uint32_t bytes = REG16(FLASH_SIZE_AT) * 1024u;
#if HAS_WORD_AREAS
  words_end(was);
#endif
  return bytes - 1u < FLASH_SIZE ? bytes : FLASH_SIZE;
}

static uint32_t size_of(const struct memory_area *area)
{
  return area->kind == MEMORY_FLASH ? flash_bytes() : area->size;
}
#endif

static const struct memory_area *area_of(uint32_t address)
{
  for (uint32_t i = 0; i < memory_area_count; i++)
    if (address - memory_areas[i].base < size_of(&memory_areas[i]))
      return &memory_areas[i];
  return 0;
}

bool chip_address_known(uint32_t address)
{
  return area_of(address) != 0;
}

#if HAS_WORD_AREAS
static void read_words(uint32_t address, uint8_t *to, uint32_t length)
{
  bool was = words_begin();
  for (uint32_t i = 0; i < length; i++)
    to[i] = (uint8_t)(REG((address + i) & ~3u) >> 8 * ((address + i) & 3u));
  words_end(was);
}
#else
static void read_words(uint32_t address, uint8_t *to, uint32_t length)
{
  (void)address, (void)to, (void)length;
}
#endif

#if HAS_FEATURE
/* Reported: hosts read the ID code of the die there. */
static void read_feature(uint32_t address, uint8_t *to, uint32_t length)
{
  for (uint32_t i = 0; i < length; i++)
    to[i] = (uint8_t)(DBGMCU_IDCODE >> 8 * ((address + i) & 3u));
}
#else
static void read_feature(uint32_t address, uint8_t *to, uint32_t length)
{
  (void)address, (void)to, (void)length;
}
#endif

uint32_t chip_read(uint32_t address, uint8_t *to, uint32_t length)
{
  const struct memory_area *area = area_of(address);
  if (!area)
    return 0;
  uint32_t left = size_of(area) - (address - area->base);
  if (length > left)
    length = left;
  if (area->kind == MEMORY_WORDS)
    read_words(address, to, length);
  else if (area->kind == MEMORY_FEATURE)
    read_feature(address, to, length);
  else
    for (uint32_t i = 0; i < length; i++)
      to[i] = *(const volatile uint8_t *)(address + i);
  return length;
}

enum dfu_status chip_erase_page(uint32_t address)
{
  const struct memory_area *area = area_of(address);
  return area && area->kind == MEMORY_FLASH ? flash_erase_page(address) : errTARGET;
}

enum dfu_status chip_write(uint32_t address, const uint8_t *data, uint32_t length)
{
  const struct memory_area *area = area_of(address);
  if (!area || !area->write || length > size_of(area) - (address - area->base))
    return errTARGET;
  return area->write(address, data, length);
}

enum dfu_status memory_write_ram(uint32_t address, const uint8_t *data, uint32_t length)
{
  for (uint32_t i = 0; i < length; i++)
    *(volatile uint8_t *)(address + i) = data[i];
  return DFU_OK;
}

uint32_t memory_option(uint32_t at, uint32_t bytes, uint32_t old, uint32_t address, const uint8_t *data, uint32_t length)
{
  uint32_t value = 0;
  for (uint32_t i = 0; i < bytes; i++)
    value |= (at + i - address < length ? data[at + i - address] : old >> 8 * i & 0xFFu) << 8 * i;
  return value;
}

/* ASSUMED limit: ST's is not known. It is longer than the mass erase of every chip here. */
bool memory_flash_idle(volatile uint32_t *status, uint32_t busy)
{
  for (uint32_t rounds = 0; rounds < 30000u; rounds++) {
    iwdg_refresh();
    for (uint32_t i = 0; i < 10000u; i++)
      if (!(*status & busy))
        return true;
  }
  return false;
}

void memory_unit(uint8_t *unit, uint32_t at, uint32_t size, uint32_t address, const uint8_t *data, uint32_t length)
{
  for (uint32_t i = 0; i < size; i++)
    unit[i] = at + i >= address && at + i < address + length ? data[at + i - address] : 0xFF;
}
