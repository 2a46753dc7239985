/* USB of L432: as on F072, at another place. */
#ifndef USB_BLOCK_H
#define USB_BLOCK_H
#define USB_BASE 0x40006800u
#define USB_PMA 0x40006C00u
typedef uint16_t usb_reg_t;
#define USB_PMA_WORDS 0
#endif
