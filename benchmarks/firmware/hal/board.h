/* What the fixtures' USB device (fixtures/common/usb) asks of its board. */
#ifndef BOARD_H
#define BOARD_H
#include "device.h"
#define BIT(n) (1u << (n))
#define USB_IRQ 67u
#endif
