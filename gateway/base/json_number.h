#ifndef GATEWAY_BASE_JSON_NUMBER_H
#define GATEWAY_BASE_JSON_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

/* The text of one JSON number (its grammar checked) -> values. Private to the JSON reader. */

/** False when it would round to infinity. */
bool json_number_finite(const char *text, uint32_t len);
/** The nearest double, never infinite for a finite number. */
double json_number_double(const char *text, uint32_t len);
/** value * 10^digits, rounded half away from zero, exact; false when out of int64. */
bool json_number_scaled(const char *text, uint32_t len, unsigned digits, int64_t *out);

#endif
