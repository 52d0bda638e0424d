#include "CJPEG.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>
// After jpeglib.h, which it needs.
#include <jerror.h>

struct reading {
  struct jpeg_decompress_struct codec;
  struct jpeg_error_mgr errors;
  struct jpeg_progress_mgr progress;
  jmp_buf place;
  char *message;
  int most_scans;
  JSAMPROW row;  // four bytes a pixel, for CMYK; otherwise null
};

static void give_up(struct reading *reading, const char *text) {
  snprintf(reading->message, CJPEG_MESSAGE_SIZE, "%s", text);
  longjmp(reading->place, 1);
}

static void on_error(j_common_ptr codec) {
  char text[JMSG_LENGTH_MAX];
  codec->err->format_message(codec, text);
  give_up((struct reading *)codec, text);
}

// libjpeg goes on after damage and fills in grey. Here only what harms no pixel is forgiven.
static void on_message(j_common_ptr codec, int level) {
  if (level >= 0) return;
  switch (codec->err->msg_code) {
    case JWRN_EXTRANEOUS_DATA:
    case JWRN_JFIF_MAJOR:
    case JWRN_ADOBE_XFORM: return;
    default: on_error(codec);
  }
}

// A progressive file of a few kilobytes can ask for thousands of passes over a large picture.
static void on_progress(j_common_ptr codec) {
  struct reading *reading = (struct reading *)codec;
  if (reading->codec.input_scan_number > reading->most_scans) give_up(reading, "too many scans");
}

static void begin(struct reading *reading, char *message) {
  memset(reading, 0, sizeof *reading);
  reading->message = message;
  reading->codec.err = jpeg_std_error(&reading->errors);
  reading->errors.error_exit = on_error;
  reading->errors.emit_message = on_message;
  reading->progress.progress_monitor = on_progress;
}

static void end(struct reading *reading) {
  jpeg_destroy_decompress(&reading->codec);
  free(reading->row);
}

static void read_header(struct reading *reading, const uint8_t *file, size_t size) {
  jpeg_create_decompress(&reading->codec);
  jpeg_mem_src(&reading->codec, file, size);
  jpeg_read_header(&reading->codec, TRUE);
}

int cjpeg_header(const uint8_t *file, size_t size, int *width, int *height, int *channels,
                 char message[CJPEG_MESSAGE_SIZE]) {
  struct reading reading;
  begin(&reading, message);
  if (setjmp(reading.place)) {
    end(&reading);
    return -1;
  }
  read_header(&reading, file, size);
  *width = (int)reading.codec.image_width;
  *height = (int)reading.codec.image_height;
  *channels = reading.codec.jpeg_color_space == JCS_GRAYSCALE ? 1 : 3;
  end(&reading);
  return 0;
}

// ink[4]: 255 is none of it. Paper shows what cyan, magenta and yellow leave of what black leaves.
static void to_rgb(const JSAMPLE *ink, uint8_t *rgb, int width) {
  for (int x = 0; x < width; x++) {
    unsigned black = ink[4 * x + 3];
    for (int c = 0; c < 3; c++) {
      unsigned taken = (255 - ink[4 * x + c]) * black + 128;
      rgb[3 * x + c] = (uint8_t)(black - (((taken >> 8) + taken) >> 8));
    }
  }
}

int cjpeg_decode(const uint8_t *file, size_t size, uint8_t *pixels, int width, int height, int channels, int most_scans,
                 char message[CJPEG_MESSAGE_SIZE]) {
  struct reading reading;
  begin(&reading, message);
  reading.most_scans = most_scans;
  if (setjmp(reading.place)) {
    end(&reading);
    return -1;
  }
  read_header(&reading, file, size);
  j_decompress_ptr codec = &reading.codec;
  codec->progress = &reading.progress;
  if ((int)codec->image_width != width || (int)codec->image_height != height) give_up(&reading, "another size");
  int is_ink = codec->jpeg_color_space == JCS_CMYK || codec->jpeg_color_space == JCS_YCCK;
  codec->out_color_space = is_ink ? JCS_CMYK : channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
  // The integer transform gives the same bytes on every processor.
  codec->dct_method = JDCT_ISLOW;
  jpeg_start_decompress(codec);
  if (codec->output_components != (is_ink ? 4 : channels)) give_up(&reading, "another number of channels");
  if (is_ink) {
    reading.row = malloc((size_t)width * 4);
    if (!reading.row) give_up(&reading, "no memory");
  }
  while (codec->output_scanline < codec->output_height) {
    uint8_t *out = pixels + (size_t)codec->output_scanline * width * channels;
    JSAMPROW row = is_ink ? reading.row : out;
    jpeg_read_scanlines(codec, &row, 1);
    if (is_ink) to_rgb(row, out, width);
  }
  jpeg_finish_decompress(codec);
  end(&reading);
  return 0;
}
