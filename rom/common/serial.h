/* The USART protocol (AN3155) of an interface that has been chosen by an edge on its RX pin. */
#ifndef ROM_SERIAL_H
#define ROM_SERIAL_H
#include <stdint.h>

/* Serves the USART behind entry `index` of interface_table.rx for good, or until Go. */
void serial_serve(uint32_t index) __attribute__((noreturn));
/* The same for a host on I2C or SPI (bus.c). */
void serial_serve_bus(uint32_t flag) __attribute__((noreturn));
/* Product ID. */
uint32_t serial_pid(void);
#endif
