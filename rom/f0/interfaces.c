/* AN2606 Tables 35 (I2C without pulls) and 41; the other chips' stand in their generated configuration. TX stays an input until its USART is chosen (ASSUMED: the table's alternate function would cut off SWD on PA14 at once). */
#include "rom.h"
#if !HAS_TABLES
#include "../common/interfaces.h"
#include "../common/rom_core.h"
#include "regs.h"

#if defined CHIP_F042
#define I2C_PULL PULL_NONE
#else
#define I2C_PULL PULL_UP
#endif

static const struct pin_setup PINS[] = {
  { GPIOA, 10, PIN_INPUT, 0, PULL_UP },                                                 /* USART1 RX */
  { GPIOA, 15, PIN_INPUT, 0, PULL_UP },                                                 /* USART2 RX */
  { GPIOB, 6, PIN_OPEN_DRAIN, 1, I2C_PULL }, { GPIOB, 7, PIN_OPEN_DRAIN, 1, I2C_PULL }, /* I2C1 SCL, SDA */
};
static const struct rx_pin RX[] = { { GPIOA, 10 }, { GPIOA, 15 } };
static const struct flag FLAGS[] = { { I2C1 + I2C_ISR, I2C_ISR_ADDR } };
const struct interface_table interface_table = { PINS, RX, FLAGS, COUNT(PINS), COUNT(RX), COUNT(FLAGS) };

void interfaces_open(void)
{
  RCC_AHBENR |= AHB_GPIOA | AHB_GPIOB;
  RCC_APB1ENR |= APB1_I2C1;
  (void)RCC_APB1ENR;
  I2C_OAR1(I2C1) = I2C_OAR1_OA1EN | OWN_ADDRESS << 1;
  I2C_CR1(I2C1) = I2C_CR1_PE;
}
#endif
