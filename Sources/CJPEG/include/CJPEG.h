// libjpeg behind one call: its errors jump over stack frames, which Swift's must not be jumped over.
#pragma once
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { CJPEG_MESSAGE_SIZE = 256 };

/// Compresses an image at a quality from 1 to 100, decompresses it, and overwrites it with the result.
/// pixels: height * width * channels bytes, row by row, the channels of a pixel side by side; 1 channel (grey) or 3 (RGB).
/// Returns 0, or -1 with what libjpeg said in message.
int cjpeg_recompress(uint8_t *pixels, int width, int height, int channels, int quality,
                     char message[CJPEG_MESSAGE_SIZE]);

#ifdef __cplusplus
}
#endif
