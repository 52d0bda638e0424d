// Decodes a JPEG file to planes of bytes, and refuses damaged files.
#include "CJPEG.h"
#include "CPixels.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>
// jerror.h needs jpeglib.h before it.
#include <jerror.h>

#ifndef JCS_EXTENSIONS
#error "libjpeg-turbo is needed: plain libjpeg cannot decode to pixels of four bytes (JCS_EXT_RGBX)"
#endif

struct cjpeg_reading {
  struct jpeg_decompress_struct codec;
  struct jpeg_error_mgr errors;
  struct jpeg_progress_mgr progress;
  jmp_buf place;
  char *message;
  int most_scans;
};

// Keeps a message and jumps to the place that `setjmp` marked last.
static void give_up(cjpeg_reading *reading, const char *text) {
  snprintf(reading->message, CJPEG_MESSAGE_SIZE, "%s", text);
  longjmp(reading->place, 1);
}

static void on_error(j_common_ptr codec) {
  char text[JMSG_LENGTH_MAX];
  codec->err->format_message(codec, text);
  give_up((cjpeg_reading *)codec, text);
}

// If a file is damaged, libjpeg only warns (a level below 0) and fills in grey pixels. Here a
// warning is an error, except for three warnings that do not affect the pixels.
static void on_message(j_common_ptr codec, int level) {
  if (level >= 0) return;
  switch (codec->err->msg_code) {
    case JWRN_EXTRANEOUS_DATA:
    case JWRN_JFIF_MAJOR:
    case JWRN_ADOBE_XFORM: return;
    default: on_error(codec);
  }
}

// A progressive file of a few kilobytes can ask for thousands of scans, and each of them passes
// over the whole of a large picture.
static void on_progress(j_common_ptr codec) {
  cjpeg_reading *reading = (cjpeg_reading *)codec;
  if (reading->codec.input_scan_number > reading->most_scans) give_up(reading, "too many scans");
}

cjpeg_reading *cjpeg_open(const uint8_t *file, size_t size, int *width, int *height, int *channels,
                          char message[CJPEG_MESSAGE_SIZE]) {
  cjpeg_reading *reading = calloc(1, sizeof *reading);
  if (!reading) {
    snprintf(message, CJPEG_MESSAGE_SIZE, "no memory");
    return NULL;
  }
  reading->message = message;
  reading->codec.err = jpeg_std_error(&reading->errors);
  reading->errors.error_exit = on_error;
  reading->errors.emit_message = on_message;
  if (setjmp(reading->place)) {
    cjpeg_close(reading);
    return NULL;
  }
  j_decompress_ptr codec = &reading->codec;
  jpeg_create_decompress(codec);
  jpeg_mem_src(codec, file, size);
  jpeg_read_header(codec, TRUE);
  *width = (int)codec->image_width;
  *height = (int)codec->image_height;
  *channels = codec->jpeg_color_space == JCS_GRAYSCALE ? 1 : 3;
  return reading;
}

void cjpeg_close(cjpeg_reading *reading) {
  jpeg_destroy_decompress(&reading->codec);
  free(reading);
}

// Converts a row of inverted CMYK pixels to RGB in place; the fourth byte stays as it is.
//
// Inverted means that a byte is the share of light that an ink lets through: 255 is no ink, 0 is
// full ink. Red light passes through cyan and black ink, so red is cyan·black / 255. Green and blue
// follow in the same way from magenta and yellow. The loop computes this as
//
//     black − (255 − c)·black / 255,
//
// where the quotient is rounded to the nearest integer: it is ((t >> 8) + t) >> 8 for
// t = (255 − c)·black + 128.
static void to_light(uint8_t *pixels, int width) {
  for (int x = 0; x < width; x++) {
    unsigned black = pixels[4 * x + 3];
    for (int c = 0; c < 3; c++) {
      unsigned taken = (255 - pixels[4 * x + c]) * black + 128;
      pixels[4 * x + c] = (uint8_t)(black - (((taken >> 8) + taken) >> 8));
    }
  }
}

int cjpeg_decode(cjpeg_reading *reading, uint8_t *planes, int most_scans,
                 char message[CJPEG_MESSAGE_SIZE]) {
  reading->message = message;
  reading->most_scans = most_scans;
  reading->progress.progress_monitor = on_progress;
  if (setjmp(reading->place)) return -1;
  j_decompress_ptr codec = &reading->codec;
  codec->progress = &reading->progress;
  int is_ink = codec->jpeg_color_space == JCS_CMYK || codec->jpeg_color_space == JCS_YCCK;
  int is_grey = codec->jpeg_color_space == JCS_GRAYSCALE;
  codec->out_color_space = is_ink ? JCS_CMYK : is_grey ? JCS_GRAYSCALE : JCS_EXT_RGBX;
  // The integer cosine transform gives the same bytes on every processor.
  codec->dct_method = JDCT_ISLOW;
  jpeg_start_decompress(codec);
  if (codec->output_components != (is_grey ? 1 : 4)) {
    give_up(reading, "an unexpected number of channels");
  }
  int width = (int)codec->output_width;
  size_t area = (size_t)width * codec->output_height;
  // A row of four-byte pixels, in memory that the codec owns and frees. It must not begin at a
  // multiple of 16 bytes. To such an address, libjpeg-turbo writes with stores that bypass the
  // cache, and reading the row back right away took as long as the whole decoding.
  JSAMPROW four =
      is_grey ? NULL
              : codec->mem->alloc_large((j_common_ptr)codec, JPOOL_IMAGE, (size_t)width * 4 + 16);
  if (four && (uintptr_t)four % 16 == 0) four += 4;
  while (codec->output_scanline < codec->output_height) {
    uint8_t *out = planes + (size_t)codec->output_scanline * width;
    JSAMPROW row = is_grey ? out : four;
    jpeg_read_scanlines(codec, &row, 1);
    if (is_ink) to_light(row, width);
    // Row by row, while the row is in the cache.
    if (!is_grey) cpixels_take_apart(row, (size_t)width, out, out + area, out + 2 * area);
  }
  jpeg_finish_decompress(codec);
  return 0;
}
