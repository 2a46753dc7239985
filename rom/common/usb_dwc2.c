/*
 * USB OTG_FS (Synopsys DWC2) in slave mode as a forced device with endpoint 0 only (AN2606: "forced device mode"; FIFOs are read and written
 * by the core). VBUS is not sensed: PA9 is a USART pin of the ROM. Suspend is not handled (ASSUMED: as in the siblings).
 * The receive FIFO holds a status word before each packet; SETUP data and OUT data are followed by words that only say "done", after which the
 * endpoint's interrupt rises. A SETUP is taken whatever the endpoint's state.
 */
#include "rom.h"
#include "cortex_m.h"
#include "rom_core.h"
#include "usb_device.h"
#include "usb_driver.h"

#define OTG(offset) REG(USB_BASE + (offset))
#define GOTGCTL OTG(0x000)
#define GOTGCTL_VBUS_FORCED (BIT(2) | BIT(3) | BIT(6) | BIT(7)) /* VBVALOEN, VBVALOVAL, BVALOEN, BVALOVAL */
#define GAHBCFG OTG(0x008)
#define GAHBCFG_GINT BIT(0)
#define GUSBCFG OTG(0x00C)
#define GUSBCFG_PHYSEL BIT(6)
#define GUSBCFG_TRDT(clocks) ((uint32_t)(clocks) << 10) /* turnaround, by the AHB clock */
#define GUSBCFG_FHMOD BIT(29)
#define GUSBCFG_FDMOD BIT(30)
#define GRSTCTL OTG(0x010)
#define GRSTCTL_CSRST BIT(0)
#define GRSTCTL_RXFFLSH BIT(4)
#define GRSTCTL_TXFFLSH BIT(5)
#define GRSTCTL_TXFNUM(n) ((uint32_t)(n) << 6)
#define TXFNUM_ALL 16u
#define GRSTCTL_AHBIDL BIT(31)
#define GINTSTS OTG(0x014)
#define GINTMSK OTG(0x018)
#define GINT_CMOD BIT(0)
#define GINT_RXFLVL BIT(4)
#define GINT_USBRST BIT(12)
#define GINT_ENUMDNE BIT(13)
#define GINT_IEPINT BIT(18)
#define GINT_OEPINT BIT(19)
#define GRXSTSP OTG(0x020)
#define RXSTS_EPNUM(v) ((v) & 15u)
#define RXSTS_BCNT(v) ((v) >> 4 & 0x7FFu)
#define RXSTS_PKTSTS(v) ((v) >> 17 & 15u)
#define PKTSTS_OUT_DATA 2u
#define PKTSTS_SETUP_DATA 6u
#define GRXFSIZ OTG(0x024)
#define DIEPTXF0 OTG(0x028)
#define GCCFG OTG(0x038)
#define DCFG OTG(0x800)
#define DCFG_DSPD_FS 3u
#define DCFG_DAD (0x7Fu << 4)
#define DCTL OTG(0x804)
#define DCTL_SDIS BIT(1)
#define DCTL_CGINAK BIT(8)
#define DIEPMSK OTG(0x810)
#define DOEPMSK OTG(0x814)
#define DAINTMSK OTG(0x81C)
#define DAINT_EP0 (BIT(0) | BIT(16))
#define DIEPCTL0 OTG(0x900)
#define DIEPINT0 OTG(0x908)
#define DIEPTSIZ0 OTG(0x910)
#define DOEPCTL0 OTG(0xB00)
#define DOEPINT0 OTG(0xB08)
#define DOEPTSIZ0 OTG(0xB10)
#define EPCTL_STALL BIT(21)
#define EPCTL_CNAK BIT(26)
#define EPCTL_SNAK BIT(27)
#define EPCTL_EPDIS BIT(30)
#define EPCTL_EPENA BIT(31)
#define EPINT_XFRC BIT(0)
#define EPINT_EPDISD BIT(1)
#define DOEPINT_STUP BIT(3)
#define TSIZ_PKTCNT_1 (1u << 19)
#define TSIZ_STUPCNT_3 (3u << 29)
#define PCGCCTL OTG(0xE00)
#define FIFO0 OTG(0x1000)

/* Words. The sum is far below the 320 of the smallest of these controllers. */
#define RX_FIFO_WORDS 128u
#define TX_FIFO_WORDS 64u

enum { REQUEST_SET_ADDRESS = 5 };

static struct {
  uint32_t setup[2];
  uint32_t out[EP0_PACKET / 4];
  uint32_t out_length;
} received;

/* SETUP packets are taken always; room for three in a row, as the controller wants it said. */
static void prepare_out(void)
{
  DOEPTSIZ0 = TSIZ_STUPCNT_3 | TSIZ_PKTCNT_1 | EP0_PACKET;
}

static void flush_tx(uint32_t fifo)
{
  GRSTCTL = GRSTCTL_TXFNUM(fifo) | GRSTCTL_TXFFLSH;
  wait_for(&GRSTCTL, GRSTCTL_TXFFLSH, 0);
}

void usb_driver_transmit(const uint8_t *data, uint32_t length)
{
  DIEPTSIZ0 = TSIZ_PKTCNT_1 | length;
  DIEPCTL0 |= EPCTL_EPENA | EPCTL_CNAK;
  /* The FIFO holds four packets and only one is ever under way: there is room. */
  for (uint32_t i = 0; i < length; i += 4) {
    uint32_t word = 0;
    for (uint32_t k = 0; k < 4 && i + k < length; k++)
      word |= (uint32_t)data[i + k] << 8 * k;
    FIFO0 = word;
  }
}

void usb_driver_receive(void)
{
  prepare_out();
  DOEPCTL0 |= EPCTL_EPENA | EPCTL_CNAK;
}

void usb_driver_stall(void)
{
  DIEPCTL0 |= EPCTL_STALL;
  DOEPCTL0 |= EPCTL_STALL;
  prepare_out();
}

void usb_driver_set_address(uint8_t address)
{
  (void)address; /* this controller wants it before the status stage: setup_arrived has written it */
}

static void setup_arrived(void)
{
  const uint8_t *packet = (const uint8_t *)received.setup;
  /* The host may have given up the last answer half-way. */
  if (DIEPCTL0 & EPCTL_EPENA) {
    DIEPCTL0 |= EPCTL_SNAK | EPCTL_EPDIS;
    wait_for(&DIEPINT0, EPINT_EPDISD, EPINT_EPDISD);
    DIEPINT0 = EPINT_EPDISD;
    flush_tx(0);
  }
  prepare_out();
  if (packet[0] == 0 && packet[1] == REQUEST_SET_ADDRESS)
    DCFG = (DCFG & ~DCFG_DAD) | (uint32_t)(packet[2] & 0x7Fu) << 4;
  usb_setup(packet);
}

static void read_words(uint32_t *to, uint32_t room, uint32_t length)
{
  for (uint32_t i = 0; i < (length + 3u) / 4u; i++) {
    uint32_t word = FIFO0;
    if (i < room)
      to[i] = word;
  }
}

static void drain_rx(void)
{
  while (GINTSTS & GINT_RXFLVL) {
    uint32_t status = GRXSTSP;
    uint32_t length = RXSTS_BCNT(status);
    if (RXSTS_PKTSTS(status) == PKTSTS_SETUP_DATA) {
      read_words(received.setup, 2, length);
    } else if (RXSTS_PKTSTS(status) == PKTSTS_OUT_DATA) {
      read_words(received.out, EP0_PACKET / 4, length);
      received.out_length = length < EP0_PACKET ? length : EP0_PACKET;
    }
  }
}

static void bus_reset(void)
{
  DCFG &= ~DCFG_DAD;
  DOEPCTL0 |= EPCTL_SNAK;
  flush_tx(TXFNUM_ALL);
  DIEPINT0 = 0xFFu;
  DOEPINT0 = 0xFFu;
  DAINTMSK = DAINT_EP0;
  DIEPMSK = EPINT_XFRC;
  DOEPMSK = EPINT_XFRC | DOEPINT_STUP;
  received.out_length = 0;
  prepare_out();
  usb_bus_reset();
}

static void out_event(void)
{
  uint32_t event = DOEPINT0;
  DOEPINT0 = event;
  if (event & EPINT_XFRC) {
    uint32_t length = received.out_length;
    received.out_length = 0;
    /* Some of these controllers raise XFRC for a SETUP too. */
    if (!(event & DOEPINT_STUP))
      usb_out((const uint8_t *)received.out, length);
  }
  if (event & DOEPINT_STUP)
    setup_arrived();
}

static void in_event(void)
{
  uint32_t event = DIEPINT0;
  DIEPINT0 = event & EPINT_XFRC;
  if (event & EPINT_XFRC)
    usb_in_done();
}

void usb_interrupt(void)
{
  uint32_t status = GINTSTS & GINTMSK;
  if (status & GINT_USBRST) {
    GINTSTS = GINT_USBRST;
    bus_reset();
  }
  if (status & GINT_ENUMDNE) {
    GINTSTS = GINT_ENUMDNE;
    GUSBCFG = (GUSBCFG & ~GUSBCFG_TRDT(15)) | GUSBCFG_TRDT(USB_TRDT);
    DIEPCTL0 &= ~3u; /* 64-byte packets */
    DCTL |= DCTL_CGINAK;
    usb_enumeration_done = true;
  }
  drain_rx();
  /* An acknowledged IN comes first: it ended the stage that the received packet follows. */
  if (GINTSTS & GINT_IEPINT)
    in_event();
  if (GINTSTS & GINT_OEPINT)
    out_event();
}

void usb_start(void)
{
  usb_block_on();
  GAHBCFG = 0;
  GUSBCFG |= GUSBCFG_PHYSEL;
  wait_for(&GRSTCTL, GRSTCTL_AHBIDL, GRSTCTL_AHBIDL);
  GRSTCTL |= GRSTCTL_CSRST;
  wait_for(&GRSTCTL, GRSTCTL_CSRST, 0);
  wait_for(&GRSTCTL, GRSTCTL_AHBIDL, GRSTCTL_AHBIDL);
  GCCFG = USB_GCCFG;
  GUSBCFG = (GUSBCFG & ~GUSBCFG_FHMOD) | GUSBCFG_FDMOD | GUSBCFG_PHYSEL;
  wait_for(&GINTSTS, GINT_CMOD, 0);
#if !USB_VBUS_SENSE_OFF_IN_GCCFG
  GOTGCTL |= GOTGCTL_VBUS_FORCED;
#endif
  PCGCCTL = 0;
  DCTL |= DCTL_SDIS;
  DCFG = (DCFG & ~DCFG_DAD) | DCFG_DSPD_FS;
  GRXFSIZ = RX_FIFO_WORDS;
  DIEPTXF0 = TX_FIFO_WORDS << 16 | RX_FIFO_WORDS;
  flush_tx(TXFNUM_ALL);
  GRSTCTL = GRSTCTL_RXFFLSH;
  wait_for(&GRSTCTL, GRSTCTL_RXFFLSH, 0);
  GINTSTS = 0xBFFFFFFFu;
  usb_bus_reset();
  GINTMSK = GINT_USBRST | GINT_ENUMDNE | GINT_RXFLVL | GINT_IEPINT | GINT_OEPINT;
  GAHBCFG = GAHBCFG_GINT;
  NVIC_ISER(USB_IRQ / 32u) = BIT(USB_IRQ % 32u); /* the priority stays as it was found */
  DCTL &= ~DCTL_SDIS;
}

void usb_stop(void)
{
  NVIC_ICER(USB_IRQ / 32u) = BIT(USB_IRQ % 32u);
  DCTL |= DCTL_SDIS; /* soft disconnect */
  GAHBCFG = 0;
  GCCFG = 0;
  usb_block_off();
  NVIC_ICPR(USB_IRQ / 32u) = BIT(USB_IRQ % 32u);
}
