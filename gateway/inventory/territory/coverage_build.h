#ifndef GATEWAY_INVENTORY_TERRITORY_COVERAGE_BUILD_H
#define GATEWAY_INVENTORY_TERRITORY_COVERAGE_BUILD_H

#include "bowei/coverage.h"
#include "gateway/inventory/build.h"

/** Last of all steps: everything else of the snapshot stands. */
enum err coverage_build(struct build *b) MUST_CHECK;
void coverage_destroy(struct coverage *c);

#endif
