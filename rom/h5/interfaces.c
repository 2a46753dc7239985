/*
 * The serial interfaces beside USB (AN2606 Table 124), as far as detection goes: a start bit on a USART RX pin, our address on I2C, a byte
 * on SPI. LEFT OUT: FDCAN2 and I3C1 (no detection), and everything after detection.
 * ASSUMED: a falling edge on RX is enough; ST's ROM may want a whole 0x7F. A line that is low from the start is no start bit.
 */
#include "regs.h"
#include "rom.h"

enum pull { PULL_NONE = 0, PULL_UP = 1, PULL_DOWN = 2 };

static void alternate(uint32_t port, uint32_t pin, uint32_t function, enum pull pull, bool open_drain)
{
  uint32_t shift = 4u * (pin & 7u);
  GPIO_AFR(port, pin >> 3) = (GPIO_AFR(port, pin >> 3) & ~(15u << shift)) | function << shift;
  GPIO_PUPDR(port) = (GPIO_PUPDR(port) & ~(3u << 2 * pin)) | (uint32_t)pull << 2 * pin;
  GPIO_OTYPER(port) = (GPIO_OTYPER(port) & ~BIT(pin)) | (uint32_t)open_drain << pin;
  GPIO_MODER(port) = (GPIO_MODER(port) & ~(3u << 2 * pin)) | 2u << 2 * pin;
}

/* RX pins: USART1 PA10, USART2 PA3, USART3 PD9. TX stays an input until its USART is chosen. */
#define RX_PORT_A (BIT(10) | BIT(3))
#define RX_PORT_D BIT(9)

#define OWN_ADDRESS 0x6Eu /* seven bits: 0b1101110 */

static const uint32_t I2C_BASES[] = { I2C1, I2C3 };
static const uint32_t SPI_BASES[] = { SPI1, SPI2, SPI3 };

static void spi_pins(uint32_t port, uint32_t pin, uint32_t function)
{
  alternate(port, pin, function, PULL_NONE, false);
}

static void pins_init(void)
{
  alternate(GPIOA, 10, 7, PULL_UP, false);
  alternate(GPIOA, 3, 7, PULL_UP, false);
  alternate(GPIOD, 9, 7, PULL_DOWN, false);
  alternate(GPIOB, 8, 4, PULL_UP, true); /* I2C1 SCL, SDA */
  alternate(GPIOB, 9, 4, PULL_UP, true);
  alternate(GPIOA, 8, 4, PULL_UP, true); /* I2C3 SCL, SDA */
  alternate(GPIOC, 9, 4, PULL_UP, true);
  spi_pins(GPIOA, 4, 5); /* SPI1 NSS, SCK, MISO, MOSI */
  spi_pins(GPIOA, 5, 5);
  spi_pins(GPIOA, 6, 5);
  spi_pins(GPIOA, 7, 5);
  spi_pins(GPIOB, 12, 5); /* SPI2 */
  spi_pins(GPIOB, 10, 5);
  spi_pins(GPIOB, 14, 5);
  spi_pins(GPIOC, 1, 5);
  spi_pins(GPIOA, 15, 6); /* SPI3 */
  spi_pins(GPIOC, 10, 6);
  spi_pins(GPIOC, 11, 6);
  spi_pins(GPIOC, 12, 6);
}

static uint32_t rx_high; /* RX pins seen high so far: port A's bits, port D's shifted up */

static uint32_t rx_levels(void)
{
  return (GPIO_IDR(GPIOA) & RX_PORT_A) | (GPIO_IDR(GPIOD) & RX_PORT_D) << 16;
}

void interfaces_init(void)
{
  RCC_AHB2ENR |= AHB2_GPIOA | AHB2_GPIOB | AHB2_GPIOC | AHB2_GPIOD;
  RCC_APB1LENR |= APB1L_I2C1 | APB1L_SPI2 | APB1L_SPI3;
  RCC_APB2ENR |= APB2_SPI1;
  RCC_APB3ENR |= APB3_I2C3;
  (void)RCC_APB3ENR;
  pins_init();
  for (uint32_t i = 0; i < sizeof I2C_BASES / sizeof *I2C_BASES; i++) {
    I2C_OAR1(I2C_BASES[i]) = I2C_OAR1_OA1EN | OWN_ADDRESS << 1;
    I2C_CR1(I2C_BASES[i]) = I2C_CR1_PE;
  }
  for (uint32_t i = 0; i < sizeof SPI_BASES / sizeof *SPI_BASES; i++)
    SPI_CR1(SPI_BASES[i]) = SPI_CR1_SPE; /* slave, 8 bits, mode 0, NSS by hardware: the reset values */
  rx_high = rx_levels();
}

bool interfaces_poll(void)
{
  uint32_t levels = rx_levels();
  if (rx_high & ~levels)
    return true;
  if (levels & ~rx_high) /* written only on a change: an idle loop leaves no trace */
    rx_high |= levels;
  for (uint32_t i = 0; i < sizeof I2C_BASES / sizeof *I2C_BASES; i++)
    if (I2C_ISR(I2C_BASES[i]) & I2C_ISR_ADDR)
      return true;
  for (uint32_t i = 0; i < sizeof SPI_BASES / sizeof *SPI_BASES; i++)
    if (SPI_SR(SPI_BASES[i]) & SPI_SR_RXP)
      return true;
  return false;
}

void interfaces_leave(void)
{
  RCC_APB1LRSTR |= APB1L_I2C1 | APB1L_SPI2 | APB1L_SPI3;
  RCC_APB1LRSTR &= ~(APB1L_I2C1 | APB1L_SPI2 | APB1L_SPI3);
  RCC_APB2RSTR |= APB2_SPI1;
  RCC_APB2RSTR &= ~APB2_SPI1;
  RCC_APB3RSTR |= APB3_I2C3;
  RCC_APB3RSTR &= ~APB3_I2C3;
  RCC_APB1LENR &= ~(APB1L_I2C1 | APB1L_SPI2 | APB1L_SPI3);
  RCC_APB2ENR &= ~APB2_SPI1;
  RCC_APB3ENR &= ~APB3_I2C3;
  RCC_AHB2RSTR |= AHB2_GPIOA | AHB2_GPIOB | AHB2_GPIOC | AHB2_GPIOD;
  RCC_AHB2RSTR &= ~(AHB2_GPIOA | AHB2_GPIOB | AHB2_GPIOC | AHB2_GPIOD);
  RCC_AHB2ENR &= ~(AHB2_GPIOA | AHB2_GPIOB | AHB2_GPIOC | AHB2_GPIOD);
}
