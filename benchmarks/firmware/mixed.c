/*
 * What firmware does between its interrupts, in one program: calls through pointers, jump tables, a sort with a callback, text in and out, a filter,
 * a cooperative scheduler. Ends with 0 if the checksum of every repetition is the expected one (computed by the same code on a PC).
 */
#include <stdint.h>

static uint32_t seed;
static uint32_t next_random(void) {
  seed = seed * 1664525u + 1013904223u;
  return seed >> 8;
}
static uint32_t sum;
__attribute__((noinline)) static void add(uint32_t word) { sum = ((sum << 5) | (sum >> 27)) ^ (word * 0x9e3779b1u); }

/* ---- a sort with a callback ---- */
struct record {
  uint16_t key;
  uint8_t kind;
  uint8_t weight;
  int32_t value;
};
typedef int (*compare_fn)(const struct record *, const struct record *);
static int by_key(const struct record *a, const struct record *b) { return (int)a->key - (int)b->key; }
static int by_value(const struct record *a, const struct record *b) { return a->value < b->value ? -1 : a->value > b->value; }
static int by_kind(const struct record *a, const struct record *b) {
  if (a->kind != b->kind) return (int)a->kind - (int)b->kind;
  return (int)b->weight - (int)a->weight;
}
__attribute__((noinline)) static void sort(struct record *r, int n, compare_fn compare) {
  for (int gap = n / 2; gap > 0; gap /= 2)
    for (int i = gap; i < n; i++) {
      struct record moving = r[i];
      int at = i;
      while (at >= gap && compare(&r[at - gap], &moving) > 0) {
        r[at] = r[at - gap];
        at -= gap;
      }
      r[at] = moving;
    }
}
static struct record records[64];
static compare_fn volatile orders[3] = {by_key, by_value, by_kind};
static void sorts(void) {
  for (int i = 0; i < 64; i++) {
    uint32_t x = next_random();
    records[i] = (struct record){(uint16_t)x, (uint8_t)(x >> 16) & 7, (uint8_t)(x >> 11), (int32_t)(x * 77u) - 5000};
  }
  for (int i = 0; i < 3; i++) {
    sort(records, 64, orders[i]);
    add((uint32_t)records[i * 20].value + records[63].key);
  }
}

/* ---- an interpreter of byte code: a jump table ---- */
static const uint8_t code[] = {0, 7, 0, 3, 1, 2, 0, 9, 4, 3, 5, 6, 1, 7, 8, 2, 0, 5, 9, 3, 4, 6, 2, 8, 1, 7, 5, 10};
__attribute__((noinline)) static uint32_t interpret(uint32_t top, int rounds) {
  uint32_t stack[8];
  uint32_t depth = 0;
  stack[0] = top;
  for (int pc = 0; rounds > 0; pc++) {
    switch (code[pc]) {
      case 0: stack[depth & 7] += (uint32_t)code[++pc] << 3; break;
      case 1: depth++; stack[depth & 7] = stack[(depth - 1) & 7] >> 1; break;
      case 2: stack[depth & 7] ^= top; break;
      case 3: stack[depth & 7] *= 5; break;
      case 4: stack[depth & 7] -= depth; break;
      case 5: if (stack[depth & 7] & 1) stack[depth & 7] = ~stack[depth & 7]; break;
      case 6: depth--; break;
      case 7: stack[depth & 7] += stack[(depth + 3) & 7] & 0xff; break;
      case 8: top = (top >> 3) | (top << 29); break;
      case 9: stack[depth & 7] = (uint32_t)(int32_t)(int8_t)stack[depth & 7]; break;
      default:
        pc = -1;
        rounds--;
        for (uint32_t i = depth + 1; i < 8; i++) stack[i & 7] = i;
        depth &= 3;
        break;
    }
  }
  return stack[depth & 7] + top;
}

/* ---- text ---- */
typedef void (*put_fn)(char, void *);
struct line {
  char text[96];
  uint32_t length;
};
static void put_in_line(char c, void *to) {
  struct line *line = to;
  if (line->length < sizeof line->text) line->text[line->length++] = c;
}
static void put_in_sum(char c, void *to) {
  uint32_t *checksum = to;
  *checksum = *checksum * 33u + (uint8_t)c;
}
__attribute__((noinline)) static void put_number(uint32_t n, uint32_t base, int width, put_fn put, void *to) {
  char digits[12];
  int length = 0;
  do {
    uint32_t digit = n % base;
    digits[length++] = (char)(digit < 10 ? '0' + digit : 'a' + digit - 10);
    n /= base;
  } while (n != 0);
  while (width-- > length) put('0', to);
  while (length > 0) put(digits[--length], to);
}
__attribute__((noinline)) static void format(put_fn put, void *to, const char *text, const uint32_t *values) {
  for (; *text; text++) {
    if (*text != '%') {
      put(*text, to);
      continue;
    }
    switch (*++text) {
      case 'u': put_number(*values++, 10, 0, put, to); break;
      case 'x': put_number(*values++, 16, 8, put, to); break;
      case 'c': put((char)*values++, to); break;
      default: put(*text, to); break;
    }
  }
}
__attribute__((noinline)) static uint32_t parse(const char *text, uint32_t length) {
  uint32_t all = 0, number = 0;
  int inside = 0;
  for (uint32_t i = 0; i < length; i++) {
    char c = text[i];
    if (c >= '0' && c <= '9') {
      number = number * 10 + (uint32_t)(c - '0');
      inside = 1;
    } else if (inside) {
      all ^= number;
      number = 0;
      inside = 0;
    }
  }
  return all + number;
}
static put_fn volatile sinks[2] = {put_in_line, put_in_sum};
static void texts(void) {
  struct line line = {.length = 0};
  uint32_t checksum = 5381;
  uint32_t values[4] = {next_random(), next_random() & 0xfff, 'k', next_random() & 0xff};
  format(sinks[0], &line, "t=%u adc %x %c%% rpm=%u\r\n", values);
  format(sinks[1], &checksum, "id %x;%u", values);
  add(checksum);
  add(parse(line.text, line.length));
}

/* ---- a filter ---- */
static const int16_t taps[16] = {-12, 5, 33, -71, -102, 190, 611, 902, 902, 611, 190, -102, -71, 33, 5, -12};
static int16_t samples[128 + 16];
static int16_t filtered[128];
__attribute__((noinline)) static void filter(const int16_t *in, int16_t *out, int n) {
  for (int i = 0; i < n; i++) {
    int32_t acc = 0;
    for (int k = 0; k < 16; k++) acc += in[i + k] * taps[k];
    acc >>= 12;
    out[i] = (int16_t)(acc > 32767 ? 32767 : acc < -32768 ? -32768 : acc);
  }
}
static void filters(void) {
  for (int i = 0; i < 128 + 16; i++) samples[i] = (int16_t)next_random();
  filter(samples, filtered, 128);
  add((uint32_t)filtered[0] + ((uint32_t)filtered[127] << 16));
}

/* ---- a scheduler: tasks in a list by their next time, each a small state machine ---- */
struct task;
typedef uint32_t (*task_fn)(struct task *);
struct task {
  struct task *next;
  task_fn run;
  uint32_t due, state, data;
};
static uint32_t blink(struct task *t) {
  t->data ^= 1u << (t->state++ & 31);
  return 10;
}
static uint32_t count(struct task *t) {
  t->data += t->due;
  return 3 + (t->data & 3);
}
static uint32_t protocol(struct task *t) {
  switch (t->state) {
    case 0: t->state = (next_random() & 3) ? 1 : 4; return 1;
    case 1: t->data += 2; t->state = 2; return 2;
    case 2: t->data ^= 0x55; t->state = 3; return 5;
    case 3: t->state = (t->data & 8) ? 5 : 0; return 1;
    case 4: t->data = t->data * 3 + 1; t->state = 0; return 9;
    default: t->data >>= 1; t->state = 0; return 4;
  }
}
static struct task tasks[6];
static void plan(struct task **list, struct task *t) {
  while (*list && (*list)->due <= t->due) list = &(*list)->next;
  t->next = *list;
  *list = t;
}
static void schedules(void) {
  static const task_fn kinds[6] = {blink, count, protocol, count, protocol, blink};
  struct task *list = 0;
  for (uint32_t i = 0; i < 6; i++) {
    tasks[i] = (struct task){0, kinds[i], i, 0, i * 1000};
    plan(&list, &tasks[i]);
  }
  for (int i = 0; i < 400; i++) {
    struct task *t = list;
    list = t->next;
    t->due += t->run(t);
    plan(&list, t);
  }
  for (int i = 0; i < 6; i++) add(tasks[i].data);
}

static uint32_t once(void) {
  seed = 12345;
  sum = 0;
  for (int i = 0; i < 4; i++) {
    sorts();
    add(interpret(next_random(), 60));
    for (int k = 0; k < 8; k++) texts();
    filters();
    schedules();
  }
  return sum;
}

#ifdef PRINT
#include <stdio.h>
int main(void) {
  printf("0x%08x\n", (unsigned)once());
  return 0;
}
#else
volatile const uint32_t repeats = 100;
void set_up(void);
int main(void) {
  set_up();
  for (uint32_t i = 0; i < repeats; i++)
    if (once() != EXPECTED) return 1;
  return 0;
}
#endif
