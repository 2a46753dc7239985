/* The control endpoint of a one-interface device: stages, standard requests (USB 2.0 chapter 9), descriptors as data. */
#ifndef ROM_USB_DEVICE_H
#define ROM_USB_DEVICE_H
#include <stdbool.h>
#include <stdint.h>

struct usb_request {
  uint8_t type;
  uint8_t request;
  uint16_t value;
  uint16_t index;
  uint16_t length;
};

/* What tells one ROM generation from another (facts: three generations of ST's DFU descriptors). */
struct usb_identity {
  uint16_t bcd_usb;
  uint16_t bcd_device;
  uint8_t configuration_string;  /* iConfiguration */
  uint8_t first_alt_string;      /* iInterface of alternate setting 0; the others follow */
  uint8_t alt_count;
  bool answers_functional;       /* GET_DESCRIPTOR(0x21) on its own is answered */
  uint16_t transfer_size;        /* wTransferSize */
  const char *manufacturer;
  const char *product;
  const char *const *alt_names;
};

/* Given by the chip. */
extern const struct usb_identity usb_identity;
/* Three words that the serial number is made of. */
void chip_unique_id(uint32_t words[3]);

/* Answers of the class to a request. */
enum usb_answer { USB_STALL, USB_ACK, USB_SEND, USB_RECEIVE, USB_NO_ANSWER };

/* Given by the class (DFU). USB_SEND: *data and *length are what to send. USB_RECEIVE: *data is where the OUT data go. */
enum usb_answer class_request(const struct usb_request *request, uint8_t **data, uint32_t *length);
void class_received(uint32_t length);
/* The request's status stage is over, or a new SETUP shows that the host did not wait for it. */
void class_request_done(void);
void class_reset(void);

/* A SETUP packet has arrived since the last bus reset: the host talks to us. */
extern volatile bool usb_addressed_by_host;
/* A host has reset the bus since the USB block was switched on. */
extern volatile bool usb_enumeration_done;

/* Descriptors (descriptors.c); 0 = there is none. */
uint32_t usb_descriptor(uint16_t value, uint8_t *buffer);
#ifndef USB_DESCRIPTOR_MAX /* config.h, where a name is longer */
#define USB_DESCRIPTOR_MAX 128u
#endif
#endif
