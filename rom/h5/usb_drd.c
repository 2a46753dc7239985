/*
 * USB_DRD_FS as a device with endpoint 0 only. The buffer table is at offset 0 of the packet memory: two words per endpoint,
 * TXBD = COUNT[25:16] | ADDR[15:0], RXBD = BLSIZE[31] | NUM_BLOCK[30:26] | COUNT[25:16] | ADDR[15:0].
 * In CHEPnR a 1 toggles STAT and DTOG, a 0 clears VTRX and VTTX, the rest is plain. Suspend is not handled (ASSUMED: the DFU device is
 * self-powered, and a sleeping bus needs nothing from it).
 */
#include "../common/options.h"
#include "../common/usb_device.h"
#include "../common/usb_driver.h"
#include "regs.h"
#include "rom.h"

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

void usb_drd_interrupt(void)
{
  if (USB_ISTR & ISTR_RST_DCON) {
    USB_ISTR = ~ISTR_RST_DCON;
    usb_bus_reset();
    open_endpoint();
  }
  while (USB_ISTR & ISTR_CTR) {
    if (USB_ISTR & ISTR_IDN)
      return; /* no other endpoint is open */
    endpoint_event();
  }
}

/* DM PA11, DP PA12: alternate function, no pull (AN2606 Table 124). */
static void pins(void)
{
  GPIO_PUPDR(GPIOA) &= ~(15u << 22);
  GPIO_AFR(GPIOA, 1) = (GPIO_AFR(GPIOA, 1) & ~(0xFFu << 12)) | 0xAAu << 12;
  GPIO_MODER(GPIOA) = (GPIO_MODER(GPIOA) & ~(15u << 22)) | 10u << 22;
}

void usb_start(void)
{
  if (!(PWR_USBSCR & USBSCR_USB33SV) && rom_option(OPTION_USB_SUPPLY) == SETS_0)
    PWR_USBSCR |= USBSCR_USB33SV;
  pins();
  RCC_APB2ENR |= APB2_USB;
  (void)RCC_APB2ENR;
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
  RCC_APB2RSTR |= APB2_USB;
  RCC_APB2RSTR &= ~APB2_USB;
  RCC_APB2ENR &= ~APB2_USB;
  NVIC_ICPR(USB_IRQ / 32u) = BIT(USB_IRQ % 32u);
}
