#ifndef GATEWAY_KEEP_REDIS_CASE_FILL_H
#define GATEWAY_KEEP_REDIS_CASE_FILL_H

#include "bowei/image.h"

/** City time -> wall time in an image of a case, a row or a stay. */
void case_shift(struct image *image, int64_t shift_ms);

#endif
