// JPEG by libjpeg-turbo, behind a few functions. libjpeg leaves a function by longjmp when it meets
// an error, and jumping over the stack frames of Swift code is undefined. All such jumps end inside
// these functions.
#pragma once
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { CJPEG_MESSAGE_SIZE = 256 };

/// Compresses an image at a quality from 1 to 100, decompresses it, and overwrites it with the
/// result. Returns 0, or -1 with libjpeg's reason in `message`.
///
/// - pixels: [height, width, channels] bytes; 1 channel (grey) or 3 (RGB).
int cjpeg_recompress(uint8_t *pixels, int width, int height, int channels, int quality,
                     char message[CJPEG_MESSAGE_SIZE]);

/// A JPEG file that is open for decoding.
typedef struct cjpeg_reading cjpeg_reading;

/// Reads the header of a JPEG file. Returns NULL, with libjpeg's reason in `message`, if the header
/// is not valid.
///
/// - file: the whole file; it must stay in memory until `cjpeg_close`.
/// - channels: set to 1 for a grey picture, else to 3.
cjpeg_reading *cjpeg_open(const uint8_t *file, size_t size, int *width, int *height, int *channels,
                          char message[CJPEG_MESSAGE_SIZE]);

/// Decodes the picture. Call it once for each open file. Returns 0, or -1 with the reason in
/// `message`: a file that ends early, is damaged, or has more than `most_scans` scans is refused.
///
/// - planes: receives [channels, height, width] bytes: one grey plane, or red, green and blue. CMYK
///   pictures are assumed to be inverted, as Adobe writes them, and become RGB.
int cjpeg_decode(cjpeg_reading *reading, uint8_t *planes, int most_scans,
                 char message[CJPEG_MESSAGE_SIZE]);

/// Frees all memory of the open file, but not the bytes of the file itself.
void cjpeg_close(cjpeg_reading *reading);

#ifdef __cplusplus
}
#endif
