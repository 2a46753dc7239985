/*
 * An integer workload of the usual benchmark kind: sort and walk a linked list, multiply small matrices, run a number-parsing state machine over
 * text, and check all of it with a CRC. Ends with 0 if the checksum of every repetition is the expected one (computed by the same code on a PC).
 */
#include <stdint.h>

#ifndef ROUNDS
#define ROUNDS 400
#endif

#define FIRST_SEED 12345
static uint32_t seed = FIRST_SEED;
static uint32_t next_random(void) {
  seed = seed * 1664525u + 1013904223u;
  return seed >> 8;
}

static uint16_t crc16(uint16_t crc, uint32_t word) {
  for (int i = 0; i < 4; i++) {
    crc ^= (uint16_t)(word & 0xff) << 8;
    for (int bit = 0; bit < 8; bit++) crc = (uint16_t)(crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1);
    word >>= 8;
  }
  return crc;
}

struct node {
  struct node *next;
  int16_t key;
  int16_t data;
};
static struct node nodes[48];

static struct node *merge(struct node *a, struct node *b, int by_key) {
  struct node head, *tail = &head;
  while (a && b) {
    int left = by_key ? a->key <= b->key : a->data <= b->data;
    struct node **from = left ? &a : &b;
    tail->next = *from;
    tail = *from;
    *from = (*from)->next;
  }
  tail->next = a ? a : b;
  return head.next;
}

static struct node *sort(struct node *list, int by_key) {
  if (!list || !list->next) return list;
  struct node *slow = list, *fast = list->next;
  while (fast && fast->next) {
    slow = slow->next;
    fast = fast->next->next;
  }
  struct node *second = slow->next;
  slow->next = 0;
  return merge(sort(list, by_key), sort(second, by_key), by_key);
}

static uint16_t lists(uint16_t crc) {
  for (int i = 0; i < 48; i++) {
    nodes[i].key = (int16_t)next_random();
    nodes[i].data = (int16_t)next_random();
    nodes[i].next = i < 47 ? &nodes[i + 1] : 0;
  }
  struct node *list = sort(nodes, 1);
  for (struct node *n = list; n; n = n->next) crc = crc16(crc, (uint16_t)n->key);
  list = sort(list, 0);
  struct node *reversed = 0;
  while (list) {
    struct node *n = list;
    list = list->next;
    n->next = reversed;
    reversed = n;
  }
  return crc16(crc, (uint16_t)reversed->data);
}

#define N 9
static int16_t a[N][N], b[N][N];
static int32_t c[N][N];
static uint16_t matrices(uint16_t crc) {
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N; j++) {
      a[i][j] = (int16_t)(next_random() & 0xff);
      b[i][j] = (int16_t)(next_random() & 0xff);
    }
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N; j++) {
      int32_t sum = 0;
      for (int k = 0; k < N; k++) sum += a[i][k] * b[k][j];
      c[i][j] = (sum >> 2) & 0x3fff;
    }
  int32_t total = 0;
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N; j++) total += c[i][j] > total ? 10 : c[i][j] & 1;
  return crc16(crc, (uint32_t)total);
}

enum state { START, INTEGER, FRACTION, EXPONENT, SIGN, DIGITS, INVALID, STATES };
static const char text[] = "5012,1234,-874,+122,35.54400,.1234500,-110.700,+0.64400,5.500e+3,-.123e-2,-87e+832,+0.6e-12,T0.3e-1F,-T.T++Tq,1T3.4e4z,34.0e-T^";
static uint16_t machine(uint16_t crc) {
  uint32_t finals[STATES] = {0};
  enum state s = START;
  for (const char *p = text; *p; p++) {
    char ch = *p;
    int digit = ch >= '0' && ch <= '9';
    if (ch == ',') {
      finals[s]++;
      s = START;
      continue;
    }
    switch (s) {
    case START:
      s = digit || ch == '-' || ch == '+' ? INTEGER : ch == '.' ? FRACTION : INVALID;
      break;
    case INTEGER:
      s = digit ? INTEGER : ch == '.' ? FRACTION : ch == 'e' ? EXPONENT : INVALID;
      break;
    case FRACTION:
      s = digit ? FRACTION : ch == 'e' ? EXPONENT : INVALID;
      break;
    case EXPONENT:
      s = ch == '-' || ch == '+' ? SIGN : digit ? DIGITS : INVALID;
      break;
    case SIGN:
    case DIGITS:
      s = digit ? DIGITS : INVALID;
      break;
    default:
      break;
    }
  }
  for (int i = 0; i < STATES; i++) crc = crc16(crc, finals[i]);
  return crc;
}

uint16_t workload(int rounds) {
  uint16_t crc = 0xffff;
  for (int i = 0; i < rounds; i++) {
    crc = lists(crc);
    crc = matrices(crc);
    crc = machine(crc);
  }
  return crc;
}

#ifdef PRINT
#include <stdio.h>
int main(void) { printf("0x%04x\n", workload(ROUNDS)); }
#else
#define SYST ((volatile uint32_t *)0xE000E010)

/* How often, and cycles between SysTick interrupts (0: none); the bench writes other numbers here before it loads the file. */
const volatile uint32_t repeats = 1;
const volatile uint32_t interrupt_every = 0;

static volatile uint32_t ticks;
void SysTick_Handler(void) { ticks++; }

int main(void) {
  if (interrupt_every) {
    SYST[1] = interrupt_every - 1;
    SYST[2] = 0;
    SYST[0] = 7;
  }
  for (uint32_t r = 0; r < repeats; r++) {
    seed = FIRST_SEED;
    if (workload(ROUNDS) != EXPECTED) return 1;
  }
  return interrupt_every && !ticks;
}
#endif
