#include "CPixels.h"

#include <string.h>

// A function marked WIDE is compiled several times, for vector registers of different widths. When
// the program starts, it chooses the version for the widest registers that the processor has.
#if defined(__x86_64__) && defined(__linux__)
#define WIDE __attribute__((target_clones("avx512bw", "avx2", "default")))
#else
#define WIDE
#endif

WIDE void cpixels_take_apart(const uint8_t *restrict pixels, size_t count, uint8_t *restrict first,
                             uint8_t *restrict second, uint8_t *restrict third) {
  for (size_t i = 0; i < count; i++) {
    // The pixel is loaded as one 32-bit word and split by shifts. The compiler turns this into
    // operations on several pixels at once, which it does not do for loads of single bytes.
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

// 1 / 255 as a sum of two float32 numbers. The first, (1 + 1/256) / 256, has nine significant bits,
// so its product with a byte (eight bits) is exact in float32. The product with the second is then
// added, and only this sum is rounded. For all 256 bytes the result equals the rounded quotient
// byte / 255, and it takes half the time of a division.
static const float most = 0x1.01p-8f;
static const float rest = (float)(1 / 255.0 - 0x1.01p-8);

static void fractions_one_by_one(const uint8_t *bytes, size_t count, float *fractions) {
  for (size_t i = 0; i < count; i++) {
    const float byte = bytes[i];
    fractions[i] = byte * most + byte * rest;
  }
}

WIDE void cpixels_fractions(const uint8_t *restrict bytes, size_t count,
                            float *restrict fractions) {
  const size_t size = sizeof(sixteen_floats), past = (uintptr_t)fractions % size;
  size_t i = past ? (size - past) / sizeof(float) : 0;
  if (i > count) i = count;
  fractions_one_by_one(bytes, i, fractions);
  for (; i + 16 <= count; i += 16) {
    sixteen_bytes some;
    memcpy(&some, bytes + i, sizeof some);
    const sixteen_floats wide = __builtin_convertvector(some, sixteen_floats);
    // These stores bypass the cache. A batch of pictures is larger than the cache and would push
    // out what the decoding of the next batch needs.
    __builtin_nontemporal_store(wide * most + wide * rest, (sixteen_floats *)(fractions + i));
  }
#ifdef __x86_64__
  // Stores that bypass the cache are not ordered with other stores. After this fence, a thread that
  // is told that the fractions are ready also sees them.
  __builtin_ia32_sfence();
#endif
  fractions_one_by_one(bytes + i, count - i, fractions + i);
}
