/*
 * State names and numbers: DFU 1.1 appendix A. Where ST's device differs from the text of DFU 1.1 the comment says ST.
 * A download only stores its data: the command or block is carried out at the next GETSTATUS, which is answered with dfuDNBUSY first
 * (AN2662 figures 55 to 59). The work itself is done when that GETSTATUS is over; EP0 answers NAK meanwhile.
 */
#include "dfu.h"
#include "course.h"
#include "options.h"
#include "usb_device.h"

enum { DETACH = 0, DNLOAD = 1, UPLOAD = 2, GETSTATUS = 3, CLRSTATUS = 4, GETSTATE = 5, ABORT = 6 };
enum { CMD_GET = 0x00, CMD_SET_ADDRESS = 0x21, CMD_ERASE = 0x41, CMD_READ_UNPROTECT = 0x92 };
enum work { WORK_NONE, WORK_UNKNOWN, WORK_SET_ADDRESS, WORK_ERASE_PAGE, WORK_MASS_ERASE, WORK_READ_UNPROTECT, WORK_WRITE };

static struct {
  enum dfu_state state;
  enum dfu_status status;
  enum work work;
  bool run_work;             /* the GETSTATUS that announced the work has been answered */
  volatile bool leave;
  uint32_t pointer;
  uint16_t block;
  uint32_t length;
  uint8_t reply[6];
  uint8_t data[DFU_TRANSFER_MAX];
} dfu;

static const uint8_t COMMANDS[] = { CMD_GET, CMD_SET_ADDRESS, CMD_ERASE, CMD_READ_UNPROTECT };

bool dfu_leave_requested(uint32_t *pointer)
{
  *pointer = dfu.pointer;
  return dfu.leave;
}

void class_reset(void)
{
  dfu.state = dfuIDLE;
  dfu.status = DFU_OK;
  dfu.work = WORK_NONE;
  dfu.run_work = false;
  dfu.pointer = dfu_profile.default_pointer;
}

static enum usb_answer refuse(enum dfu_status status)
{
  dfu.state = dfuERROR;
  dfu.status = status;
  return USB_STALL;
}

static enum usb_answer download(const struct usb_request *r, uint8_t **data)
{
  if (dfu.state != dfuIDLE && dfu.state != dfuDNLOAD_IDLE)
    return refuse(errSTALLEDPKT);
  if (r->length == 0) { /* ST: leave, from dfuIDLE as well */
    dfu.state = dfuMANIFEST_SYNC;
    return USB_ACK;
  }
  if (r->length > dfu_profile.transfer_size || r->value == 1) /* AN2662: block 1 is reserved */
    return refuse(errSTALLEDPKT);
  dfu.block = r->value;
  *data = dfu.data;
  return USB_RECEIVE;
}

static uint32_t word_at(const uint8_t *p)
{
  return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static enum work command_of(void)
{
  if (dfu.block >= 2)
    return WORK_WRITE;
  if (dfu.data[0] == CMD_SET_ADDRESS && dfu.length == 5)
    return WORK_SET_ADDRESS;
  if (dfu.data[0] == CMD_ERASE && dfu.length == 5)
    return WORK_ERASE_PAGE;
  if (dfu.data[0] == CMD_ERASE && dfu.length == 1)
    return WORK_MASS_ERASE;
  if (dfu.data[0] == CMD_READ_UNPROTECT && dfu.length == 1)
    return WORK_READ_UNPROTECT;
  return WORK_UNKNOWN;
}

void class_received(uint32_t length)
{
  dfu.length = length;
  dfu.work = command_of();
  dfu.state = dfuDNLOAD_SYNC;
}

static uint32_t block_address(uint32_t block)
{
  return dfu.pointer + (block - 2) * dfu_profile.transfer_size;
}

static enum usb_answer upload(const struct usb_request *r, uint8_t **data, uint32_t *length)
{
  if ((dfu.state != dfuIDLE && dfu.state != dfuUPLOAD_IDLE) || r->value == 1 || r->length > dfu_profile.transfer_size)
    return refuse(errSTALLEDPKT);
  if (r->value == 0) {
    *data = (uint8_t *)COMMANDS;
    *length = sizeof COMMANDS;
    dfu.state = r->length > 3 ? dfuIDLE : dfuUPLOAD_IDLE; /* ST */
    return USB_SEND;
  }
  if (chip_read_protected())
    return refuse(errVENDOR);
  *length = chip_read(block_address(r->value), dfu.data, r->length);
  if (*length == 0)
    return refuse(errTARGET);
  *data = dfu.data;
  dfu.state = *length < r->length ? dfuIDLE : dfuUPLOAD_IDLE;
  return USB_SEND;
}

static uint32_t poll_timeout(enum work work)
{
  switch (work) {
  case WORK_SET_ADDRESS:
    return dfu_profile.set_address_ms;
  case WORK_ERASE_PAGE:
    return dfu_profile.erase_page_ms;
  case WORK_MASS_ERASE:
  case WORK_READ_UNPROTECT:
    return dfu_profile.mass_erase_ms;
  case WORK_WRITE:
    return dfu_profile.write_ms;
  default:
    return 0;
  }
}

/* The jump is made from the main loop, outside of any interrupt, or right here. */
static void leave(void)
{
  dfu.leave = true;
  if (rom_option(OPTION_LEAVE_CONTEXT) == LEAVE_CONTEXT_ISR)
    leave_to(dfu.pointer);
}

static enum usb_answer get_status(uint8_t **data, uint32_t *length)
{
  uint32_t timeout = 0;
  if (dfu.state == dfuDNLOAD_SYNC) {
    if (dfu.work == WORK_UNKNOWN) {
      dfu.work = WORK_NONE;
      dfu.state = dfuERROR;
      dfu.status = errSTALLEDPKT; /* AN2662 figure 55 */
    } else if (dfu.work != WORK_NONE) {
      dfu.state = dfuDNBUSY;
      dfu.run_work = true;
      timeout = poll_timeout(dfu.work);
    } else {
      dfu.state = dfuDNLOAD_IDLE;
    }
  } else if (dfu.state == dfuMANIFEST_SYNC) {
    if (rom_option(OPTION_LEAVE) == LEAVE_SILENT) {
      leave();
      return USB_NO_ANSWER;
    }
    dfu.state = dfuMANIFEST;
    timeout = 1;
  }
  dfu.reply[0] = (uint8_t)dfu.status;
  dfu.reply[1] = (uint8_t)timeout;
  dfu.reply[2] = (uint8_t)(timeout >> 8);
  dfu.reply[3] = (uint8_t)(timeout >> 16);
  dfu.reply[4] = (uint8_t)dfu.state;
  dfu.reply[5] = 0;
  *data = dfu.reply;
  *length = 6;
  return USB_SEND;
}

enum usb_answer class_request(const struct usb_request *r, uint8_t **data, uint32_t *length)
{
  switch (r->request) {
  case DNLOAD:
    return download(r, data);
  case UPLOAD:
    return upload(r, data, length);
  case GETSTATUS:
    return get_status(data, length);
  case CLRSTATUS:
    if (dfu.state == dfuIDLE && !dfu_profile.clear_status_stalls)
      return USB_ACK; /* a client that begins with CLRSTATUS works on F072 and G431 (inferred) */
    if (dfu.state != dfuERROR)
      return dfu_profile.clear_status_stalls ? USB_STALL : (refuse(errUNKNOWN), USB_ACK);
    dfu.state = dfuIDLE;
    dfu.status = DFU_OK;
    return USB_ACK;
  case GETSTATE:
    dfu.reply[0] = (uint8_t)dfu.state;
    *data = dfu.reply;
    *length = 1;
    return USB_SEND;
  case ABORT:
    if (dfu.state == dfuERROR)
      return USB_STALL;
    dfu.state = dfuIDLE; /* ST: also from the SYNC states; work that has not begun is dropped */
    dfu.work = WORK_NONE;
    return USB_ACK;
  default: /* DETACH belongs to the runtime, the rest is nobody's */
    return refuse(errSTALLEDPKT);
  }
}

static enum dfu_status do_work(enum work work)
{
  uint32_t address = word_at(dfu.data + 1);
  if (work == WORK_SET_ADDRESS) { /* works under read protection as well (AN2662) */
    if (!chip_address_known(address))
      return errTARGET;
    dfu.pointer = address;
    return DFU_OK;
  }
  if (work == WORK_READ_UNPROTECT)
    return chip_read_unprotect();
  if (chip_read_protected())
    return errVENDOR;
  if (work == WORK_ERASE_PAGE)
    return chip_erase_page(address);
  if (work == WORK_MASS_ERASE)
    return chip_mass_erase();
  return chip_write(block_address(dfu.block), dfu.data, dfu.length);
}

void class_request_done(void)
{
  if (dfu.state == dfuMANIFEST)
    leave();
  if (!dfu.run_work)
    return;
  dfu.run_work = false;
  enum work work = dfu.work;
  dfu.work = WORK_NONE;
  dfu.status = do_work(work);
  dfu.state = dfu.status == DFU_OK ? dfuDNLOAD_SYNC : dfuERROR;
}
