/* A host on I2C or SPI: bytes to and from it, for the commands of serial.c. */
#ifndef ROM_BUS_H
#define ROM_BUS_H
#include <stdbool.h>
#include <stdint.h>

/* The host that raised entry `flag` of interface_table.flags. */
void bus_open(uint32_t flag);
uint8_t bus_get(void);
void bus_put(uint8_t byte);
/* ACK or NACK. */
void bus_answer(uint8_t code);
/* First byte of a command. */
uint8_t bus_command(void);
/* Bytes of data follow. */
void bus_data(void);
/* interfaces.c: a byte has come on SPI; it is the one by which a host is recognised. */
bool bus_synchronised(uint32_t flag);
#endif
