// Compresses an image to JPEG in memory and decompresses it again.
#include "CJPEG.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

// libjpeg reports an error by calling `error_exit`, which must not return. `fail` keeps the message
// and jumps to the place that `setjmp` marked.
struct failure {
  struct jpeg_error_mgr manager;
  jmp_buf place;
  char *message;
};

static void fail(j_common_ptr codec) {
  struct failure *failure = (struct failure *)codec->err;
  char text[JMSG_LENGTH_MAX];
  codec->err->format_message(codec, text);
  snprintf(failure->message, CJPEG_MESSAGE_SIZE, "%s", text);
  longjmp(failure->place, 1);
}

// libjpeg would print warnings to the standard error stream.
static void say_nothing(j_common_ptr codec) { (void)codec; }

static struct jpeg_error_mgr *reporting(struct failure *failure, char *message) {
  failure->message = message;
  struct jpeg_error_mgr *manager = jpeg_std_error(&failure->manager);
  manager->error_exit = fail;
  manager->output_message = say_nothing;
  return manager;
}

static int compress(const uint8_t *pixels, int width, int height, int channels, int quality,
                    unsigned char **bytes, unsigned long *size, char *message) {
  struct jpeg_compress_struct codec;
  struct failure failure;
  codec.err = reporting(&failure, message);
  if (setjmp(failure.place)) {
    jpeg_destroy_compress(&codec);
    return -1;
  }
  jpeg_create_compress(&codec);
  jpeg_mem_dest(&codec, bytes, size);
  codec.image_width = (JDIMENSION)width;
  codec.image_height = (JDIMENSION)height;
  codec.input_components = channels;
  codec.in_color_space = channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
  jpeg_set_defaults(&codec);
  jpeg_set_quality(&codec, quality, TRUE);
  // The integer cosine transform gives the same bytes on every processor.
  codec.dct_method = JDCT_ISLOW;
  jpeg_start_compress(&codec, TRUE);
  while (codec.next_scanline < codec.image_height) {
    JSAMPROW row = (JSAMPROW)(pixels + (size_t)codec.next_scanline * width * channels);
    jpeg_write_scanlines(&codec, &row, 1);
  }
  jpeg_finish_compress(&codec);
  jpeg_destroy_compress(&codec);
  return 0;
}

static int decompress(const unsigned char *bytes, unsigned long size, uint8_t *pixels, int width,
                      int channels, char *message) {
  struct jpeg_decompress_struct codec;
  struct failure failure;
  codec.err = reporting(&failure, message);
  if (setjmp(failure.place)) {
    jpeg_destroy_decompress(&codec);
    return -1;
  }
  jpeg_create_decompress(&codec);
  jpeg_mem_src(&codec, bytes, size);
  jpeg_read_header(&codec, TRUE);
  codec.dct_method = JDCT_ISLOW;
  jpeg_start_decompress(&codec);
  while (codec.output_scanline < codec.output_height) {
    JSAMPROW row = pixels + (size_t)codec.output_scanline * width * channels;
    jpeg_read_scanlines(&codec, &row, 1);
  }
  jpeg_finish_decompress(&codec);
  jpeg_destroy_decompress(&codec);
  return 0;
}

int cjpeg_recompress(uint8_t *pixels, int width, int height, int channels, int quality,
                     char message[CJPEG_MESSAGE_SIZE]) {
  unsigned char *bytes = NULL;
  unsigned long size = 0;
  int result = compress(pixels, width, height, channels, quality, &bytes, &size, message);
  if (result == 0) result = decompress(bytes, size, pixels, width, channels, message);
  free(bytes);
  return result;
}
