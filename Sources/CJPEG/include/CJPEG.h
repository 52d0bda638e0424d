// libjpeg behind a few calls: its errors jump over stack frames, which Swift's must not be jumped
// over.
#pragma once
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { CJPEG_MESSAGE_SIZE = 256 };

/// Compresses an image at a quality from 1 to 100, decompresses it, and overwrites it with the
/// result. pixels: height * width * channels bytes, row by row, the channels of a pixel side by
/// side; 1 channel (grey) or 3 (RGB). Returns 0, or -1 with what libjpeg said in message.
int cjpeg_recompress(uint8_t *pixels, int width, int height, int channels, int quality,
                     char message[CJPEG_MESSAGE_SIZE]);

/// A JPEG file that is being read.
typedef struct cjpeg_reading cjpeg_reading;

/// Reads the header of a JPEG file, whose bytes must stay until it is closed; channels is 1 for a
/// grey picture, else 3. Returns NULL with what libjpeg said in message if it cannot.
cjpeg_reading *cjpeg_open(const uint8_t *file, size_t size, int *width, int *height, int *channels,
                          char message[CJPEG_MESSAGE_SIZE]);

/// Decodes the picture, once, into channels * height * width bytes: whole planes, of red, green and
/// blue unless it is grey. CMYK is taken as Adobe writes it, inverted, and becomes RGB. A file that
/// ends early, has damaged data or more than most_scans scans is refused. Returns 0, or -1 with
/// what libjpeg said in message.
int cjpeg_decode(cjpeg_reading *reading, uint8_t *planes, int most_scans, char message[CJPEG_MESSAGE_SIZE]);

void cjpeg_close(cjpeg_reading *reading);

#ifdef __cplusplus
}
#endif
