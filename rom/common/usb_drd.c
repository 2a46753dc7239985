/*
 * USB_DRD_FS as a device with endpoint 0 only. The buffer table is at offset 0 of the packet memory: two words per endpoint,
 * TXBD = COUNT[25:16] | ADDR[15:0], RXBD = BLSIZE[31] | NUM_BLOCK[30:26] | COUNT[25:16] | ADDR[15:0].
 * In CHEPnR a 1 toggles STAT and DTOG, a 0 clears VTRX and VTTX, the rest is plain. Suspend is not handled (ASSUMED: the DFU device is
 * self-powered, and a sleeping bus needs nothing from it).
 */
#include "rom.h"
#include "cortex_m.h"
#include "rom_core.h"
#include "usb_device.h"
#include "usb_driver.h"

/* Registers and packet memory take 32-bit accesses only. */
#define USB_CHEP0R REG(USB_BASE)
#define CHEP_EA 0xFu
#define CHEP_STATTX (3u << 4)
#define CHEP_DTOGTX BIT(6)
#define CHEP_VTTX BIT(7)
#define CHEP_EPKIND BIT(8)
#define CHEP_UTYPE (3u << 9)
#define CHEP_UTYPE_CONTROL (1u << 9)
#define CHEP_SETUP BIT(11)
#define CHEP_STATRX (3u << 12)
#define CHEP_DTOGRX BIT(14)
#define CHEP_VTRX BIT(15)
#define CHEP_TX_STALL (1u << 4)
#define CHEP_TX_NAK (2u << 4)
#define CHEP_TX_VALID (3u << 4)
#define CHEP_RX_STALL (1u << 12)
#define CHEP_RX_NAK (2u << 12)
#define CHEP_RX_VALID (3u << 12)
#define USB_CNTR REG(USB_BASE + 0x40u)
#define CNTR_USBRST BIT(0)
#define CNTR_PDWN BIT(1)
#define CNTR_RST_DCONM BIT(10)
#define CNTR_CTRM BIT(15)
#define USB_ISTR REG(USB_BASE + 0x44u)
#define ISTR_RST_DCON BIT(10)
#define ISTR_CTR BIT(15)
#define ISTR_IDN 0xFu
#define USB_DADDR REG(USB_BASE + 0x4Cu)
#define DADDR_EF BIT(7)
#define USB_BCDR REG(USB_BASE + 0x58u)
#define BCDR_DPPU BIT(15)
#define USB_PMA(offset) REG(USB_PMA_BASE + (offset))

#define TXBD_0 0x00u
#define RXBD_0 0x04u
#define TX_BUFFER 0x40u
#define RX_BUFFER 0x80u
#define RXBD_64_BYTES (BIT(31) | 1u << 26) /* 32-byte blocks, two of them */
#define CHEP_PLAIN (CHEP_EA | CHEP_EPKIND | CHEP_UTYPE)

/* Moves the STAT field that `mask` covers to `value`; VTRX and VTTX are left alone. */
static void set_stat(uint32_t mask, uint32_t value)
{
  uint32_t now = USB_CHEP0R;
  USB_CHEP0R = (now & CHEP_PLAIN) | CHEP_VTRX | CHEP_VTTX | ((now ^ value) & mask);
}

static void clear_flag(uint32_t flag)
{
  USB_CHEP0R = (USB_CHEP0R & CHEP_PLAIN) | ((CHEP_VTRX | CHEP_VTTX) & ~flag);
}

void usb_driver_transmit(const uint8_t *data, uint32_t length)
{
  for (uint32_t i = 0; i < length; i += 4) {
    uint32_t word = 0;
    for (uint32_t k = 0; k < 4 && i + k < length; k++)
      word |= (uint32_t)data[i + k] << 8 * k;
    USB_PMA(TX_BUFFER + i) = word;
  }
  USB_PMA(TXBD_0) = length << 16 | TX_BUFFER;
  set_stat(CHEP_STATTX, CHEP_TX_VALID);
}

void usb_driver_receive(void)
{
  USB_PMA(RXBD_0) = RXBD_64_BYTES | RX_BUFFER;
  set_stat(CHEP_STATRX, CHEP_RX_VALID);
}

void usb_driver_stall(void)
{
  set_stat(CHEP_STATTX | CHEP_STATRX, CHEP_TX_STALL | CHEP_RX_STALL);
}

void usb_driver_set_address(uint8_t address)
{
  USB_DADDR = DADDR_EF | address;
}

static uint32_t fetch(uint8_t *to)
{
  uint32_t length = USB_PMA(RXBD_0) >> 16 & 0x3FFu;
  if (length > EP0_PACKET)
    length = EP0_PACKET;
  for (uint32_t i = 0; i < length; i += 4) {
    uint32_t word = USB_PMA(RX_BUFFER + i);
    for (uint32_t k = 0; k < 4 && i + k < length; k++)
      to[i + k] = (uint8_t)(word >> 8 * k);
  }
  return length;
}

/* A bus reset has cleared the endpoint registers and the address. */
static void open_endpoint(void)
{
  USB_PMA(TXBD_0) = TX_BUFFER;
  USB_PMA(RXBD_0) = RXBD_64_BYTES | RX_BUFFER;
  uint32_t now = USB_CHEP0R;
  USB_CHEP0R = CHEP_UTYPE_CONTROL | ((now ^ (CHEP_RX_VALID | CHEP_TX_NAK)) & (CHEP_STATRX | CHEP_STATTX)) |
               (now & (CHEP_DTOGRX | CHEP_DTOGTX));
  USB_DADDR = DADDR_EF;
}

static void endpoint_event(void)
{
  uint8_t packet[EP0_PACKET];
  uint32_t event = USB_CHEP0R;
  /* An acknowledged IN comes first: it ended the stage that the received packet follows. */
  if (event & CHEP_VTTX) {
    clear_flag(CHEP_VTTX);
    usb_in_done();
  }
  if (event & CHEP_VTRX) {
    uint32_t length = fetch(packet);
    clear_flag(CHEP_VTRX);
    if (!(event & CHEP_SETUP))
      usb_out(packet, length);
    else if (length == 8)
      usb_setup(packet);
  }
}

void usb_interrupt(void)
{
  if (USB_ISTR & ISTR_RST_DCON) {
    USB_ISTR = ~ISTR_RST_DCON;
    usb_bus_reset();
    open_endpoint();
    usb_enumeration_done = true;
  }
  while (USB_ISTR & ISTR_CTR) {
    if (USB_ISTR & ISTR_IDN)
      return; /* no other endpoint is open */
    endpoint_event();
  }
}

void usb_start(void)
{
  usb_block_on();
  USB_CNTR = CNTR_USBRST; /* transceiver on, controller held; a device, not a host */
  USB_CNTR = 0;
  USB_ISTR = 0;
  usb_bus_reset();
  open_endpoint();
  USB_CNTR = CNTR_CTRM | CNTR_RST_DCONM;
  NVIC_ISER(USB_IRQ / 32u) = BIT(USB_IRQ % 32u); /* the priority stays as it was found */
  USB_BCDR = BCDR_DPPU;
}

void usb_stop(void)
{
  NVIC_ICER(USB_IRQ / 32u) = BIT(USB_IRQ % 32u);
  USB_BCDR = 0; /* soft disconnect */
  USB_CNTR = CNTR_USBRST | CNTR_PDWN;
  usb_block_off();
  NVIC_ICPR(USB_IRQ / 32u) = BIT(USB_IRQ % 32u);
}
