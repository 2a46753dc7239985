/* The descriptors of ST's DFU device, filled in from usb_identity. VID 0483, PID DF11, one interface FE/01/02, no endpoints. */
#include "usb_device.h"

enum { DEVICE = 1, CONFIGURATION = 2, STRING = 3, INTERFACE = 4, DFU_FUNCTIONAL = 0x21 };
enum { STRING_MANUFACTURER = 1, STRING_PRODUCT = 2, STRING_SERIAL = 3 };

struct writer {
  uint8_t *at;
};

static void put8(struct writer *w, uint32_t value)
{
  *w->at++ = (uint8_t)value;
}

static void put16(struct writer *w, uint32_t value)
{
  put8(w, value & 0xFF);
  put8(w, value >> 8);
}

static void put_device(struct writer *w)
{
  put8(w, 18);
  put8(w, DEVICE);
  put16(w, usb_identity.bcd_usb);
  put8(w, 0); /* class, subclass and protocol: per interface */
  put8(w, 0);
  put8(w, 0);
  put8(w, 64);
  put16(w, 0x0483);
  put16(w, 0xDF11);
  put16(w, usb_identity.bcd_device);
  put8(w, STRING_MANUFACTURER);
  put8(w, STRING_PRODUCT);
  put8(w, STRING_SERIAL);
  put8(w, 1);
}

static void put_functional(struct writer *w)
{
  put8(w, 9);
  put8(w, DFU_FUNCTIONAL);
  put8(w, 0x0B);  /* download, upload, will detach; not manifestation tolerant */
  put16(w, 255);  /* wDetachTimeOut, ms */
  put16(w, usb_identity.transfer_size);
  put16(w, 0x011A);
}

static void put_configuration(struct writer *w)
{
  put8(w, 9);
  put8(w, CONFIGURATION);
  put16(w, 9 + 9u * usb_identity.alt_count + 9);
  put8(w, 1);
  put8(w, 1);
  put8(w, usb_identity.configuration_string);
  put8(w, 0xC0); /* self-powered */
  put8(w, 50);   /* 100 mA */
  for (uint32_t alt = 0; alt < usb_identity.alt_count; alt++) {
    put8(w, 9);
    put8(w, INTERFACE);
    put8(w, 0);
    put8(w, alt);
    put8(w, 0);
    put8(w, 0xFE); /* application specific */
    put8(w, 0x01); /* DFU */
    put8(w, 0x02); /* DFU mode */
    put8(w, usb_identity.first_alt_string + alt);
  }
  put_functional(w);
}

static void put_hex(struct writer *w, uint32_t value, uint32_t digits)
{
  while (digits--) {
    uint32_t digit = value >> (digits * 4) & 15;
    put16(w, digit < 10 ? '0' + digit : 'A' + digit - 10);
  }
}

static void put_serial(struct writer *w)
{
  uint32_t id[3];
  chip_unique_id(id);
  put_hex(w, id[0] + id[2], 8);
  put_hex(w, id[1] >> 16, 4);
}

static bool put_string(struct writer *w, uint32_t index)
{
  const char *text = 0;
  uint8_t *start = w->at;
  put8(w, 0);
  put8(w, STRING);
  if (index == 0) {
    put16(w, 0x0409);
  } else if (index == STRING_SERIAL) {
    put_serial(w);
  } else {
    if (index == STRING_MANUFACTURER)
      text = usb_identity.manufacturer;
    else if (index == STRING_PRODUCT)
      text = usb_identity.product;
    else if (index >= usb_identity.first_alt_string && index < (uint32_t)usb_identity.first_alt_string + usb_identity.alt_count)
      text = usb_identity.alt_names[index - usb_identity.first_alt_string];
    if (!text)
      return false;
    for (; *text && w->at < start + USB_DESCRIPTOR_MAX - 1; text++)
      put16(w, (uint8_t)*text);
  }
  *start = (uint8_t)(w->at - start);
  return true;
}

uint32_t usb_descriptor(uint16_t value, uint8_t *buffer)
{
  struct writer w = { buffer };
  uint32_t index = value & 0xFF;
  switch (value >> 8) {
  case DEVICE:
    put_device(&w);
    break;
  case CONFIGURATION:
    if (index != 0)
      return 0;
    put_configuration(&w);
    break;
  case STRING:
    if (!put_string(&w, index))
      return 0;
    break;
  case DFU_FUNCTIONAL:
    if (!usb_identity.answers_functional)
      return 0;
    put_functional(&w);
    break;
  default:
    return 0; /* DEVICE_QUALIFIER, BOS: a full-speed device of bcdUSB 2.00 has neither */
  }
  return (uint32_t)(w.at - buffer);
}
