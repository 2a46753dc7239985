/* AN2606 Tables 75 (F405 V9.x; LEFT OUT: CAN2 on PB5/PB13) and 83 (F411). TX stays an input until its USART is chosen. */
#include "rom.h"
#include "../common/interfaces.h"
#include "../common/rom_core.h"
#include "regs.h"

static const struct pin_setup PINS[] = {
  { GPIOA, 10, PIN_INPUT, 0, PULL_NONE },                                                   /* USART1 RX */
  { GPIOB, 6, PIN_OPEN_DRAIN, 4, PULL_NONE }, { GPIOB, 7, PIN_OPEN_DRAIN, 4, PULL_NONE },   /* I2C1 SCL, SDA */
  { GPIOA, 4, PIN_ALTERNATE, 5, PULL_DOWN }, { GPIOA, 5, PIN_ALTERNATE, 5, PULL_DOWN },     /* SPI1 NSS, SCK, MISO, MOSI */
  { GPIOA, 6, PIN_ALTERNATE, 5, PULL_DOWN }, { GPIOA, 7, PIN_ALTERNATE, 5, PULL_DOWN },
  { GPIOA, 8, PIN_OPEN_DRAIN, 4, PULL_NONE },                                               /* I2C3 SCL */
#if defined CHIP_F405
  { GPIOB, 11, PIN_INPUT, 0, PULL_UP }, { GPIOC, 11, PIN_INPUT, 0, PULL_UP },               /* USART3 RX, two places */
  { GPIOF, 1, PIN_OPEN_DRAIN, 4, PULL_NONE }, { GPIOF, 0, PIN_OPEN_DRAIN, 4, PULL_NONE },   /* I2C2 */
  { GPIOC, 9, PIN_OPEN_DRAIN, 4, PULL_NONE },                                               /* I2C3 SDA */
  { GPIOI, 0, PIN_ALTERNATE, 5, PULL_DOWN }, { GPIOI, 1, PIN_ALTERNATE, 5, PULL_DOWN },     /* SPI2 */
  { GPIOI, 2, PIN_ALTERNATE, 5, PULL_DOWN }, { GPIOI, 3, PIN_ALTERNATE, 5, PULL_DOWN },
#else
  { GPIOD, 6, PIN_INPUT, 0, PULL_UP },                                                      /* USART2 RX */
  { GPIOB, 10, PIN_OPEN_DRAIN, 4, PULL_NONE }, { GPIOB, 3, PIN_OPEN_DRAIN, 9, PULL_NONE },  /* I2C2 */
  { GPIOB, 4, PIN_OPEN_DRAIN, 9, PULL_NONE },                                               /* I2C3 SDA */
  { GPIOB, 12, PIN_ALTERNATE, 5, PULL_DOWN }, { GPIOB, 13, PIN_ALTERNATE, 5, PULL_DOWN },   /* SPI2 */
  { GPIOB, 14, PIN_ALTERNATE, 5, PULL_DOWN }, { GPIOB, 15, PIN_ALTERNATE, 5, PULL_DOWN },
  { GPIOA, 15, PIN_ALTERNATE, 6, PULL_DOWN }, { GPIOC, 10, PIN_ALTERNATE, 6, PULL_DOWN },   /* SPI3 */
  { GPIOC, 11, PIN_ALTERNATE, 6, PULL_DOWN }, { GPIOC, 12, PIN_ALTERNATE, 6, PULL_DOWN },
#endif
};

#if defined CHIP_F405
static const struct rx_pin RX[] = { { GPIOA, 10 }, { GPIOB, 11 }, { GPIOC, 11 } };
static const uint32_t SPI[] = { SPI1, SPI2 };
#define PORTS (AHB1_GPIOA | AHB1_GPIOB | AHB1_GPIOC | AHB1_GPIOF | AHB1_GPIOI)
#define APB1_SPI APB1_SPI2
#else
static const struct rx_pin RX[] = { { GPIOA, 10 }, { GPIOD, 6 } };
static const uint32_t SPI[] = { SPI1, SPI2, SPI3 };
#define PORTS (AHB1_GPIOA | AHB1_GPIOB | AHB1_GPIOC | AHB1_GPIOD)
#define APB1_SPI (APB1_SPI2 | APB1_SPI3)
#endif

static const struct flag FLAGS[] = {
  { I2C1 + I2C_SR1, I2C_SR1_ADDR },
  { I2C2 + I2C_SR1, I2C_SR1_ADDR },
  { I2C3 + I2C_SR1, I2C_SR1_ADDR },
  { SPI1 + SPI_SR, SPI_SR_RXNE },
  { SPI2 + SPI_SR, SPI_SR_RXNE },
#if defined CHIP_F411
  { SPI3 + SPI_SR, SPI_SR_RXNE },
#endif
};
const struct interface_table interface_table = { PINS, RX, FLAGS, COUNT(PINS), COUNT(RX), COUNT(FLAGS) };

void interfaces_open(void)
{
  static const uint32_t I2C[] = { I2C1, I2C2, I2C3 };
  RCC_AHB1ENR |= PORTS;
  RCC_APB1ENR |= APB1_I2C1 | APB1_I2C2 | APB1_I2C3 | APB1_SPI;
  RCC_APB2ENR |= APB2_SPI1;
  (void)RCC_APB2ENR;
  for (uint32_t i = 0; i < COUNT(I2C); i++) {
    I2C_CR2(I2C[i]) = 30u; /* MHz of APB1 */
    I2C_OAR1(I2C[i]) = I2C_OAR1_BIT14 | OWN_ADDRESS << 1;
    I2C_CR1(I2C[i]) = I2C_CR1_PE;
    I2C_CR1(I2C[i]) = I2C_CR1_PE | I2C_CR1_ACK;
  }
  for (uint32_t i = 0; i < COUNT(SPI); i++)
    SPI_CR1(SPI[i]) = SPI_CR1_SPE; /* slave, 8 bits, mode 0, NSS by hardware */
}
