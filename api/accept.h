#ifndef API_ACCEPT_H
#define API_ACCEPT_H

#include <stdbool.h>

/** The forms that answers can have. */
enum accept_class { ACCEPT_JSON, ACCEPT_GEO, ACCEPT_NONE, ACCEPT_CLASS_COUNT };

/** What an Accept header wants of them; NULL and an empty one: whatever there is. `geo`: the answer
 * can be GeoJSON. */
enum accept_class accept_class(const char *accept, bool geo);

#endif
