// Loops over all pixels of a picture, compiled for each kind of vector registers.
#pragma once
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Pixels of four bytes become planes: the first byte of each, the second, and the third.
void cpixels_take_apart(const uint8_t *pixels, size_t count, uint8_t *first, uint8_t *second, uint8_t *third);

/// Bytes become fractions of full intensity: each divided by 255, rounded once.
void cpixels_fractions(const uint8_t *bytes, size_t count, float *fractions);

#ifdef __cplusplus
}
#endif
