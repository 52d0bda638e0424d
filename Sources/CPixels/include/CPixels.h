// Loops over all pixels of a picture, compiled for the vector registers of different processors.
#pragma once
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Splits `count` pixels of four bytes into planes of `count` bytes each: the first byte of each
/// pixel, the second, and the third. The fourth is not used.
void cpixels_take_apart(const uint8_t *pixels, size_t count, uint8_t *first, uint8_t *second,
                        uint8_t *third);

/// Converts bytes to fractions of full intensity, byte / 255, correctly rounded to float32.
void cpixels_fractions(const uint8_t *bytes, size_t count, float *fractions);

#ifdef __cplusplus
}
#endif
