/* What a USB controller driver does for the control endpoint (down), and what it tells the device (up). EP0 has 64-byte packets. */
#ifndef ROM_USB_DRIVER_H
#define ROM_USB_DRIVER_H
#include <stdint.h>

#define EP0_PACKET 64u

/* Down. Offers one IN packet; `usb_in_done` follows when the host has acknowledged it. */
void usb_driver_transmit(const uint8_t *data, uint32_t length);
/* Down. Accepts one OUT packet; `usb_out` follows. */
void usb_driver_receive(void);
/* Down. Answers STALL to IN and OUT until the next SETUP, which is always accepted. */
void usb_driver_stall(void);
void usb_driver_set_address(uint8_t address);

/* Up. */
void usb_bus_reset(void);
void usb_setup(const uint8_t packet[8]);
void usb_out(const uint8_t *data, uint32_t length);
void usb_in_done(void);
#endif
