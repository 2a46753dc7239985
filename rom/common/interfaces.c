/*
 * Detection on the serial interfaces beside USB (AN2606, configuration tables and selection figures): a start bit on a USART's RX, a start of frame on that of CAN or
 * FDCAN, our address on I2C, the byte 0x5A on SPI.
 * ASSUMED: a falling edge on RX is enough; ST's ROM may want a whole 0x7F. A line that is low from the start is no start bit.
 */
#include "rom.h"
#include "bus.h"
#include "cortex_m.h"
#include "interfaces.h"
#include "rom_core.h"

#if GPIO_V1
#define INPUT_FLOATING 4u
#define INPUT_PULLED 8u
#define ALTERNATE_50MHZ 11u
void pin_setup(const struct pin_setup *p)
{
  uint32_t shift = 4u * (p->pin & 7u);
  uint32_t input = p->pull == PULL_NONE ? INPUT_FLOATING : INPUT_PULLED;
  volatile uint32_t *cr = &GPIO_CR(p->port, p->pin >> 3);
  if (p->pull != PULL_NONE)
    GPIO_BSRR(p->port) = BIT(p->pin) << (p->pull == PULL_UP ? 0 : 16);
  *cr = (*cr & ~(15u << shift)) | (p->mode == PIN_INPUT ? input : ALTERNATE_50MHZ) << shift;
}
#else
void pin_setup(const struct pin_setup *p)
{
  uint32_t shift = 4u * (p->pin & 7u);
  uint32_t two = 2u * p->pin;
  if (p->mode != PIN_INPUT)
    GPIO_AFR(p->port, p->pin >> 3) = (GPIO_AFR(p->port, p->pin >> 3) & ~(15u << shift)) | (uint32_t)p->function << shift;
  GPIO_PUPDR(p->port) = (GPIO_PUPDR(p->port) & ~(3u << two)) | (uint32_t)p->pull << two;
  GPIO_OTYPER(p->port) = (GPIO_OTYPER(p->port) & ~BIT(p->pin)) | (uint32_t)(p->mode == PIN_OPEN_DRAIN) << p->pin;
  GPIO_MODER(p->port) = (GPIO_MODER(p->port) & ~(3u << two)) | (p->mode == PIN_INPUT ? 0u : 2u) << two;
}
#endif

int32_t rx_chosen;
uint32_t flag_chosen;
static uint32_t rx_high; /* RX pins seen high so far, a bit each */

static uint32_t rx_levels(void)
{
  uint32_t levels = 0;
  for (uint32_t i = 0; i < interface_table.rx_count; i++)
    levels |= (GPIO_IDR(interface_table.rx[i].port) >> interface_table.rx[i].pin & 1u) << i;
  return levels;
}

void interfaces_init(void)
{
  interfaces_open();
  for (uint32_t i = 0; i < interface_table.pin_count; i++)
    pin_setup(&interface_table.pins[i]);
  rx_high = rx_levels();
}

bool interfaces_poll(void)
{
  uint32_t levels = rx_levels();
  uint32_t fallen = rx_high & ~levels;
  if (fallen) {
    for (rx_chosen = 0; !(fallen & 1u); fallen >>= 1)
      rx_chosen++;
    return true;
  }
  if (levels & ~rx_high) /* written only on a change: an idle loop leaves no trace */
    rx_high |= levels;
  for (uint32_t i = 0; i < interface_table.flag_count; i++)
    if (REG(interface_table.flags[i].address) & interface_table.flags[i].mask) {
#if SERVES_SPI
      if (!bus_synchronised(i))
        continue;
#endif
      rx_chosen = -1;
      flag_chosen = i;
      return true;
    }
  return false;
}
