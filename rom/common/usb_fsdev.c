/*
 * USB full-speed device (FSDEV) with endpoint 0 only; registers are 16 bits wide, 4 bytes apart. The buffer table is at offset 0 of the packet
 * memory, which is one array of half-words (two half-words per word, as F0, L0 and later have it; one with USB_SCATTERED): ADDR_TX, COUNT_TX, ADDR_RX, COUNT_RX.
 * In EPnR a 1 toggles STAT and DTOG, a 0 clears CTR_RX and CTR_TX, the rest is plain. Suspend is not handled (ASSUMED: the DFU device is
 * self-powered, and a sleeping bus needs nothing from it).
 */
#include "rom.h"
#include "cortex_m.h"
#include "rom_core.h"
#include "usb_device.h"
#include "usb_driver.h"

#define EP0R REG16(USB_BASE)
#define EP_EA 0xFu
#define EP_STAT_TX (3u << 4)
#define EP_DTOG_TX BIT(6)
#define EP_CTR_TX BIT(7)
#define EP_KIND BIT(8)
#define EP_TYPE (3u << 9)
#define EP_TYPE_CONTROL (1u << 9)
#define EP_SETUP BIT(11)
#define EP_STAT_RX (3u << 12)
#define EP_DTOG_RX BIT(14)
#define EP_CTR_RX BIT(15)
#define EP_TX_STALL (1u << 4)
#define EP_TX_NAK (2u << 4)
#define EP_TX_VALID (3u << 4)
#define EP_RX_STALL (1u << 12)
#define EP_RX_VALID (3u << 12)
#define EP_PLAIN (EP_EA | EP_KIND | EP_TYPE)
#define CNTR REG16(USB_BASE + 0x40u)
#define CNTR_FRES BIT(0)
#define CNTR_PDWN BIT(1)
#define CNTR_RESETM BIT(10)
#define CNTR_CTRM BIT(15)
#define ISTR REG16(USB_BASE + 0x44u)
#define ISTR_RESET BIT(10)
#define ISTR_CTR BIT(15)
#define ISTR_EP_ID 0xFu
#define DADDR REG16(USB_BASE + 0x4Cu)
#define DADDR_EF BIT(7)
#define BTABLE REG16(USB_BASE + 0x50u)
#define BCDR REG16(USB_BASE + 0x58u)
#define BCDR_DPPU BIT(15)
#if USB_SCATTERED
#define PMA(offset) REG16(USB_PMA_BASE + 2u * (offset)) /* a half-word in each word */
#else
#define PMA(offset) REG16(USB_PMA_BASE + (offset))
#endif

#define ADDR_TX 0u
#define COUNT_TX 2u
#define ADDR_RX 4u
#define COUNT_RX 6u
#define COUNT_RX_64_BYTES (BIT(15) | 1u << 10) /* 32-byte blocks, two of them */
#define TX_BUFFER 0x40u
#define RX_BUFFER 0x80u

/* Moves the STAT fields that `mask` covers to `value`; CTR_RX and CTR_TX are left alone. */
static void set_stat(uint32_t mask, uint32_t value)
{
  uint32_t now = EP0R;
  EP0R = (uint16_t)((now & EP_PLAIN) | EP_CTR_RX | EP_CTR_TX | ((now ^ value) & mask));
}

static void clear_flag(uint32_t flag)
{
  EP0R = (uint16_t)((EP0R & EP_PLAIN) | ((EP_CTR_RX | EP_CTR_TX) & ~flag));
}

void usb_driver_transmit(const uint8_t *data, uint32_t length)
{
  for (uint32_t i = 0; i < length; i += 2)
    PMA(TX_BUFFER + i) = (uint16_t)(data[i] | (i + 1 < length ? data[i + 1] << 8 : 0));
  PMA(COUNT_TX) = (uint16_t)length;
  set_stat(EP_STAT_TX, EP_TX_VALID);
}

void usb_driver_receive(void)
{
  set_stat(EP_STAT_RX, EP_RX_VALID);
}

void usb_driver_stall(void)
{
  set_stat(EP_STAT_TX | EP_STAT_RX, EP_TX_STALL | EP_RX_STALL);
}

void usb_driver_set_address(uint8_t address)
{
  DADDR = (uint16_t)(DADDR_EF | address);
}

static uint32_t fetch(uint8_t *to)
{
  uint32_t length = PMA(COUNT_RX) & 0x3FFu;
  if (length > EP0_PACKET)
    length = EP0_PACKET;
  for (uint32_t i = 0; i < length; i += 2) {
    uint32_t half = PMA(RX_BUFFER + i);
    to[i] = (uint8_t)half;
    if (i + 1 < length)
      to[i + 1] = (uint8_t)(half >> 8);
  }
  return length;
}

/* A bus reset has cleared the endpoint registers and the address. */
static void open_endpoint(void)
{
  BTABLE = 0;
  PMA(ADDR_TX) = TX_BUFFER;
  PMA(COUNT_TX) = 0;
  PMA(ADDR_RX) = RX_BUFFER;
  PMA(COUNT_RX) = COUNT_RX_64_BYTES;
  uint32_t now = EP0R;
  EP0R = (uint16_t)(EP_TYPE_CONTROL | ((now ^ (EP_RX_VALID | EP_TX_NAK)) & (EP_STAT_RX | EP_STAT_TX)) | (now & (EP_DTOG_RX | EP_DTOG_TX)));
  DADDR = DADDR_EF;
}

static void endpoint_event(void)
{
  uint8_t packet[EP0_PACKET];
  uint32_t event = EP0R;
  /* An acknowledged IN comes first: it ended the stage that the received packet follows. */
  if (event & EP_CTR_TX) {
    clear_flag(EP_CTR_TX);
    usb_in_done();
  }
  if (event & EP_CTR_RX) {
    uint32_t length = fetch(packet);
    clear_flag(EP_CTR_RX);
    if (!(event & EP_SETUP))
      usb_out(packet, length);
    else if (length == 8)
      usb_setup(packet);
  }
}

void usb_interrupt(void)
{
  if (ISTR & ISTR_RESET) {
    ISTR = (uint16_t)~ISTR_RESET;
    usb_bus_reset();
    open_endpoint();
    usb_enumeration_done = true;
  }
  while (ISTR & ISTR_CTR) {
    if (ISTR & ISTR_EP_ID)
      return; /* no other endpoint is open */
    endpoint_event();
  }
}

void usb_start(void)
{
  usb_block_on();
  CNTR = CNTR_FRES; /* transceiver on, controller held */
  CNTR = 0;
  ISTR = 0;
  usb_bus_reset();
  open_endpoint();
  CNTR = CNTR_CTRM | CNTR_RESETM;
  NVIC_ISER(USB_IRQ / 32u) = BIT(USB_IRQ % 32u); /* the priority stays as it was found */
#if !USB_PULL_UP_OUTSIDE
  BCDR = BCDR_DPPU;
#endif
}

void usb_stop(void)
{
  NVIC_ICER(USB_IRQ / 32u) = BIT(USB_IRQ % 32u);
#if !USB_PULL_UP_OUTSIDE
  BCDR = 0; /* soft disconnect */
#endif
  CNTR = CNTR_FRES | CNTR_PDWN;
  usb_block_off();
  NVIC_ICPR(USB_IRQ / 32u) = BIT(USB_IRQ % 32u);
}
