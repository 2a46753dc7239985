/* DFU 1.1 in DFU mode with ST's extension DfuSe (AN3156), and what it needs from the chip. */
#ifndef ROM_DFU_H
#define ROM_DFU_H
#include <stdbool.h>
#include <stdint.h>

enum dfu_state {
  dfuIDLE = 2,
  dfuDNLOAD_SYNC = 3,
  dfuDNBUSY = 4,
  dfuDNLOAD_IDLE = 5,
  dfuMANIFEST_SYNC = 6,
  dfuMANIFEST = 7,
  dfuUPLOAD_IDLE = 9,
  dfuERROR = 10
};

enum dfu_status {
  DFU_OK = 0x00,
  errTARGET = 0x01,
  errWRITE = 0x03,
  errERASE = 0x04,
  errVENDOR = 0x0B,
  errUNKNOWN = 0x0E,
  errSTALLEDPKT = 0x0F
};

/* How this ROM differs from its siblings; times in ms are what bwPollTimeout announces. */
struct dfu_profile {
  uint32_t default_pointer;        /* AN2662: before any Set Address Pointer */
  uint16_t transfer_size;          /* wTransferSize; also the block multiplier */
  bool clear_status_stalls;        /* CLRSTATUS outside dfuERROR: STALL, else dfuERROR/errUNKNOWN */
  uint16_t set_address_ms;
  uint16_t erase_page_ms;
  uint16_t mass_erase_ms;
  uint16_t write_ms;
};
extern const struct dfu_profile dfu_profile;

#define DFU_TRANSFER_MAX 2048u

/* Given by the chip. */
bool chip_read_protected(void);
bool chip_address_known(uint32_t address);
/* Copies up to `length` bytes; the answer is how many could be read, 0 = nothing readable there. */
uint32_t chip_read(uint32_t address, uint8_t *to, uint32_t length);
enum dfu_status chip_write(uint32_t address, const uint8_t *data, uint32_t length);
enum dfu_status chip_erase_page(uint32_t address);
enum dfu_status chip_mass_erase(void);
/* AN2662: erases and resets; returns only if it could not. */
enum dfu_status chip_read_unprotect(void);
/* The host has asked to leave: the main loop jumps to *pointer, outside of any interrupt. */
bool dfu_leave_requested(uint32_t *pointer);
#endif
