// libjpeg wants to know FILE before its header.
#include <stdio.h>
#include <jpeglib.h>
