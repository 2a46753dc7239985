/* bxCAN: 125 kbit/s (AN3154). It runs from the crystal (AN2606). */
#include "rom.h"
#include "can.h"
#include "cortex_m.h"
#include "interfaces.h"
#include "course.h"
#include "memory.h"
#include "rom_core.h"

#define PROTOCOL_VERSION 0x20u
#define SERVES_MEMORY 1

static const struct {
  uint32_t base;
  uint32_t filters; /* of CAN1, which CAN2 shares */
  struct {
    uint32_t address;
    uint32_t bits;
  } gate;
  struct pin_setup rx;
  struct pin_setup tx;
} CAN = { ROM_CAN };

#define MCR REG(CAN.base + 0x00u)
#define MCR_INRQ BIT(0)
#define MSR REG(CAN.base + 0x04u)
#define MSR_INAK BIT(0)
#define TSR REG(CAN.base + 0x08u)
#define TSR_TME0 BIT(26)
#define RF0R REG(CAN.base + 0x0Cu)
#define RF0R_FMP 3u
#define RF0R_RFOM BIT(5)
#define BTR REG(CAN.base + 0x1Cu)
#define TI0R REG(CAN.base + 0x180u)
#define TDT0R REG(CAN.base + 0x184u)
#define TDL0R REG(CAN.base + 0x188u)
#define TDH0R REG(CAN.base + 0x18Cu)
#define RI0R REG(CAN.base + 0x1B0u)
#define RDL0R REG(CAN.base + 0x1B8u)
#define RDH0R REG(CAN.base + 0x1BCu)
#define FMR REG(CAN.filters + 0x200u)
#define FMR_OWN(bank) ((bank) << 8 | BIT(0))
#define FS1R REG(CAN.filters + 0x20Cu)
#define FFA1R REG(CAN.filters + 0x214u)
#define FA1R REG(CAN.filters + 0x21Cu)
#define FILTER(n) REG(CAN.filters + 0x240u + 4u * (n))

/* 16 quanta a bit: 1, 13 and 2. */
#define BIT_TIME (1u << 20 | 12u << 16 | (ROM_MHZ / CAN_DIVIDER / 2u - 1u))
/* CAN2's begin at bank 14; a CAN without a second one has that bank too. */
#define BANK (CAN.base == CAN.filters ? 0u : 14u)

static void send_bytes(uint32_t id, uint32_t count, uint32_t low, uint32_t high)
{
  while (!(TSR & TSR_TME0))
    iwdg_refresh();
  TDT0R = count;
  TDL0R = low;
  TDH0R = high;
  TI0R = id << 21 | BIT(0);
}

/* The last frame has gone. */
static void sent(void)
{
  while (!(TSR & TSR_TME0))
    ;
}

static void receive(struct can_frame *frame)
{
  while (!(RF0R & RF0R_FMP))
    iwdg_refresh();
  frame->id = RI0R >> 21;
  can_words(frame, RDL0R, RDH0R);
  RF0R = RF0R_RFOM;
}

static void open(void)
{
  REG(CAN.gate.address) |= CAN.gate.bits;
  (void)REG(CAN.gate.address);
  MCR = MCR_INRQ;
  wait_for(&MSR, MSR_INAK, MSR_INAK);
  BTR = BIT_TIME;
  FMR = FMR_OWN(14u);
  FS1R = BIT(BANK);
  FFA1R = 0;
  FILTER(2u * BANK) = 0;
  FILTER(2u * BANK + 1u) = 0;
  FA1R = BIT(BANK);
  FMR = 14u << 8;
  pin_setup(&CAN.rx);
  pin_setup(&CAN.tx);
  MCR = 0;
  wait_for(&MSR, MSR_INAK, 0);
}

#include "can_protocol.h"
