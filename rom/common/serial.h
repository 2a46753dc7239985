/* The USART protocol (AN3155) of an interface that has been chosen by an edge on its RX pin. */
#ifndef ROM_SERIAL_H
#define ROM_SERIAL_H
#include <stdbool.h>
#include <stdint.h>

#if SERVES_CAN
/* What a host sends or gets at once. */
extern uint8_t serial_buffer[256];
/* Erases pages by their numbers, one or two bytes each. */
bool serial_erase(const uint8_t *pages, uint32_t count, uint32_t width);
#define SHARED_WITH_CAN
#else
#define SHARED_WITH_CAN static
#endif

/* Serves the USART behind entry `index` of interface_table.rx for good, or until Go. */
void serial_serve(uint32_t index) __attribute__((noreturn));
/* The same for a host on I2C or SPI (bus.c). */
void serial_serve_bus(uint32_t flag) __attribute__((noreturn));
/* Product ID. */
uint32_t serial_pid(void);
#endif
