#ifndef GATEWAY_KEEP_REDIS_FLEET_FILL_H
#define GATEWAY_KEEP_REDIS_FLEET_FILL_H

#include "bowei/image.h"

/** City time -> wall time in an image of a fence, bike, alert or mute. */
void fleet_shift(struct image *image, int64_t shift_ms);

#endif
