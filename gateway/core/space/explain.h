#ifndef GATEWAY_CORE_SPACE_EXPLAIN_H
#define GATEWAY_CORE_SPACE_EXPLAIN_H

#include "bowei/explain.h"
#include "gateway/core/space/space.h"

/** Fills the sensors' and the fused part at at_ms; what lies on top (override, closed lot, tests)
 * is the caller's. */
void space_explain(const struct place *place, int64_t at_ms, struct space_explain *out);
/** Changes of the value in the ten one-minute bins. */
uint8_t explain_changes(const struct sensor *sensor);

#endif
