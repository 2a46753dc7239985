#include "usb_device.h"
#include "usb_driver.h"

enum stage { STAGE_IDLE, STAGE_DATA_IN, STAGE_DATA_OUT, STAGE_STATUS_IN, STAGE_STATUS_OUT };

static struct {
  enum stage stage;
  struct usb_request request;
  const uint8_t *in;        /* rest of the IN data stage */
  uint32_t in_left;
  bool in_short_end;        /* a zero-length packet must end the data stage */
  uint8_t *out;
  uint32_t out_done;
  bool class_pending;       /* the class is owed class_request_done */
  bool address_pending;
  uint8_t configuration;
  uint8_t alternate;
  uint8_t buffer[USB_DESCRIPTOR_MAX];
} ep0;

volatile bool usb_addressed_by_host;
volatile bool usb_enumeration_done;

enum { GET_STATUS = 0, CLEAR_FEATURE = 1, SET_FEATURE = 3, SET_ADDRESS = 5, GET_DESCRIPTOR = 6, GET_CONFIGURATION = 8,
       SET_CONFIGURATION = 9, GET_INTERFACE = 10, SET_INTERFACE = 11 };
enum { TYPE_MASK = 0x60, TYPE_STANDARD = 0x00, TYPE_CLASS = 0x20, RECIPIENT_MASK = 0x1F, DIRECTION_IN = 0x80 };

static void stall(void)
{
  ep0.stage = STAGE_IDLE;
  usb_driver_stall();
}

static void send_next(void)
{
  uint32_t length = ep0.in_left < EP0_PACKET ? ep0.in_left : EP0_PACKET;
  usb_driver_transmit(ep0.in, length);
  ep0.in += length;
  ep0.in_left -= length;
}

static void send(const uint8_t *data, uint32_t length)
{
  if (length > ep0.request.length)
    length = ep0.request.length;
  ep0.in = data;
  ep0.in_left = length;
  /* A short answer whose last packet is full needs an empty one behind it (USB 2.0 5.5.3). */
  ep0.in_short_end = length < ep0.request.length && length % EP0_PACKET == 0 && length != 0;
  ep0.stage = STAGE_DATA_IN;
  /* The host may end the data stage early with its status packet, so OUT is open from here on. */
  usb_driver_receive();
  send_next();
}

static void acknowledge(void)
{
  ep0.stage = STAGE_STATUS_IN;
  usb_driver_transmit(ep0.buffer, 0);
}

static void request_done(void)
{
  ep0.stage = STAGE_IDLE;
  if (ep0.class_pending) {
    ep0.class_pending = false;
    class_request_done();
  }
}

static void send_bytes(uint8_t first, uint8_t second, uint32_t length)
{
  ep0.buffer[0] = first;
  ep0.buffer[1] = second;
  send(ep0.buffer, length);
}

static void standard_request(const struct usb_request *r)
{
  uint32_t length;
  switch (r->request) {
  case GET_STATUS:
    /* Self-powered, no remote wake-up; interface and endpoint 0 have nothing to tell. */
    return send_bytes((r->type & RECIPIENT_MASK) == 0 ? 1 : 0, 0, 2);
  case CLEAR_FEATURE:
  case SET_FEATURE:
    if ((r->type & RECIPIENT_MASK) == 2 && (r->index & 0x7F) == 0 && r->value == 0)
      return acknowledge();
    return stall();
  case SET_ADDRESS:
    ep0.address_pending = true;
    return acknowledge();
  case GET_DESCRIPTOR:
    length = usb_descriptor(r->value, ep0.buffer);
    return length ? send(ep0.buffer, length) : stall();
  case GET_CONFIGURATION:
    return send_bytes(ep0.configuration, 0, 1);
  case SET_CONFIGURATION:
    if (r->value > 1)
      return stall();
    ep0.configuration = (uint8_t)r->value;
    ep0.alternate = 0;
    return acknowledge();
  case GET_INTERFACE:
    return ep0.configuration && r->index == 0 ? send_bytes(ep0.alternate, 0, 1) : stall();
  case SET_INTERFACE:
    if (!ep0.configuration || r->index != 0 || r->value >= usb_identity.alt_count)
      return stall();
    ep0.alternate = (uint8_t)r->value;
    return acknowledge();
  default:
    return stall();
  }
}

static void interface_request(const struct usb_request *r)
{
  uint8_t *data = ep0.buffer;
  uint32_t length = 0;
  enum usb_answer answer = USB_STALL;
  if ((r->type & RECIPIENT_MASK) == 1 && r->index == 0 && ep0.configuration)
    answer = class_request(r, &data, &length);
  switch (answer) {
  case USB_SEND:
    ep0.class_pending = true;
    return send(data, length);
  case USB_RECEIVE:
    ep0.out = data;
    ep0.out_done = 0;
    ep0.stage = STAGE_DATA_OUT;
    return usb_driver_receive();
  case USB_ACK:
    ep0.class_pending = true;
    return acknowledge();
  case USB_NO_ANSWER:
    ep0.stage = STAGE_IDLE;
    return;
  case USB_STALL:
    return stall();
  }
}

void usb_bus_reset(void)
{
  ep0.stage = STAGE_IDLE;
  ep0.class_pending = false;
  ep0.address_pending = false;
  ep0.configuration = 0;
  ep0.alternate = 0;
  class_reset();
}

void usb_setup(const uint8_t packet[8])
{
  struct usb_request *r = &ep0.request;
  usb_addressed_by_host = true;
  request_done(); /* a SETUP ends whatever went before, with or without its status stage */
  ep0.address_pending = false;
  r->type = packet[0];
  r->request = packet[1];
  r->value = (uint16_t)(packet[2] | packet[3] << 8);
  r->index = (uint16_t)(packet[4] | packet[5] << 8);
  r->length = (uint16_t)(packet[6] | packet[7] << 8);
  if ((r->type & TYPE_MASK) == TYPE_STANDARD)
    standard_request(r);
  else if ((r->type & TYPE_MASK) == TYPE_CLASS)
    interface_request(r);
  else
    stall();
}

void usb_out(const uint8_t *data, uint32_t length)
{
  if (ep0.stage == STAGE_DATA_OUT) {
    uint32_t room = ep0.request.length - ep0.out_done;
    uint32_t take = length < room ? length : room;
    for (uint32_t i = 0; i < take; i++)
      ep0.out[ep0.out_done + i] = data[i];
    ep0.out_done += take;
    if (ep0.out_done < ep0.request.length && length == EP0_PACKET)
      return usb_driver_receive();
    class_received(ep0.out_done);
    ep0.class_pending = true;
    return acknowledge();
  }
  if (ep0.stage == STAGE_DATA_IN || ep0.stage == STAGE_STATUS_OUT)
    request_done(); /* the status stage, perhaps before all data were fetched */
}

void usb_in_done(void)
{
  switch (ep0.stage) {
  case STAGE_DATA_IN:
    if (ep0.in_left)
      return send_next();
    if (ep0.in_short_end) {
      ep0.in_short_end = false;
      return send_next();
    }
    ep0.stage = STAGE_STATUS_OUT; /* OUT has been open since the data stage began */
    return;
  case STAGE_STATUS_IN:
    if (ep0.address_pending) {
      ep0.address_pending = false;
      usb_driver_set_address((uint8_t)(ep0.request.value & 0x7F));
    }
    return request_done();
  default:
    return;
  }
}
