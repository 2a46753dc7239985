/* The serial interfaces beside USB as a table of the family: pins to set up, pins to watch, flags to watch. */
#ifndef ROM_INTERFACES_H
#define ROM_INTERFACES_H
#include <stdint.h>

enum pull { PULL_NONE = 0, PULL_UP = 1, PULL_DOWN = 2 };
enum pin_mode { PIN_INPUT, PIN_ALTERNATE, PIN_OPEN_DRAIN };

struct pin_setup {
  uint32_t port; /* base address */
  uint8_t pin;
  uint8_t mode;
  uint8_t function;
  uint8_t pull;
};
/* A falling edge on one of these selects the USART or the CAN behind it. */
struct rx_pin {
  uint32_t port;
  uint8_t pin;
};
/* The interface has been addressed while any of the bits is set. */
struct flag {
  uint32_t address;
  uint32_t mask;
};
struct interface_table {
  const struct pin_setup *pins;
  const struct rx_pin *rx;
  const struct flag *flags;
  uint8_t pin_count;
  uint8_t rx_count; /* at most 32 */
  uint8_t flag_count;
};
#define COUNT(array) (sizeof(array) / sizeof *(array))
extern const struct interface_table interface_table;

#if GPIO_V1 /* F1: four bits a pin in CRL and CRH */
#define GPIO_CR(port, high) REG((port) + 4u * (high))
#define GPIO_IDR(port) REG((port) + 0x08u)
#define GPIO_BSRR(port) REG((port) + 0x10u)
#else
#define GPIO_MODER(port) REG((port) + 0x00u)
#define GPIO_OTYPER(port) REG((port) + 0x04u)
#define GPIO_PUPDR(port) REG((port) + 0x0Cu)
#define GPIO_IDR(port) REG((port) + 0x10u)
#define GPIO_AFR(port, high) REG((port) + 0x20u + 4u * (high))
#endif

/* Entry of interface_table.rx whose line has fallen: SERIAL_COUNT USARTs, then CAN; -1 where entry `flag_chosen` of interface_table.flags was raised. */
extern int32_t rx_chosen;
extern uint32_t flag_chosen;

void pin_setup(const struct pin_setup *p);
/* interface_table.c: the blocks of the interfaces start from reset. */
void interfaces_reset(void);
/* And the clocks of blocks and ports go off. */
void interfaces_close(void);
#endif
