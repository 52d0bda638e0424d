#include "CPixels.h"

#include <string.h>

// The widest registers that the processor has are taken at run time.
#if defined(__x86_64__) && defined(__linux__)
#define WIDE __attribute__((target_clones("avx512bw", "avx2", "default")))
#else
#define WIDE
#endif

WIDE void cpixels_take_apart(const uint8_t *restrict pixels, size_t count, uint8_t *restrict first,
                             uint8_t *restrict second, uint8_t *restrict third) {
  for (size_t i = 0; i < count; i++) {
    // Whole words are what several can be taken apart of at once.
    uint32_t pixel;
    memcpy(&pixel, pixels + 4 * i, sizeof pixel);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    pixel = __builtin_bswap32(pixel);
#endif
    first[i] = (uint8_t)pixel;
    second[i] = (uint8_t)(pixel >> 8);
    third[i] = (uint8_t)(pixel >> 16);
  }
}

typedef uint8_t sixteen_bytes __attribute__((vector_size(16)));
typedef float sixteen_floats __attribute__((vector_size(64)));

// 1 / 255 in two parts, the first so short that its product with a byte is exact: the sum of the
// two products is then the byte divided by 255, to the bit, in half of a division's time.
static const float most = 0x1.01p-8f;
static const float rest = (float)(1 / 255.0 - 0x1.01p-8);

static void fractions_one_by_one(const uint8_t *bytes, size_t count, float *fractions) {
  for (size_t i = 0; i < count; i++) {
    const float byte = bytes[i];
    fractions[i] = byte * most + byte * rest;
  }
}

WIDE void cpixels_fractions(const uint8_t *restrict bytes, size_t count, float *restrict fractions) {
  const size_t size = sizeof(sixteen_floats), past = (uintptr_t)fractions % size;
  size_t i = past ? (size - past) / sizeof(float) : 0;
  if (i > count) i = count;
  fractions_one_by_one(bytes, i, fractions);
  for (; i + 16 <= count; i += 16) {
    sixteen_bytes some;
    memcpy(&some, bytes + i, sizeof some);
    const sixteen_floats wide = __builtin_convertvector(some, sixteen_floats);
    // Past the cache: a batch of pictures is larger than it, and what it holds is needed for
    // decoding the next.
    __builtin_nontemporal_store(wide * most + wide * rest, (sixteen_floats *)(fractions + i));
  }
#ifdef __x86_64__
  // Such stores are seen by other threads in order only after this.
  __builtin_ia32_sfence();
#endif
  fractions_one_by_one(bytes + i, count - i, fractions + i);
}
