#ifndef API_LIST_CSV_H
#define API_LIST_CSV_H

#include "api/members.h"
#include "api/route.h"
#include "bowei/base/strbuf.h"

/** A list's JSON answer as CSV: a column a field of its items' schema, members of an object as
 * "location.lat", lists of words joined by ";", anything deeper as JSON. Of spaces and lots only
 * the columns of these members (0 = all), still in the order of the schema. ERR_INTERNAL when the
 * answer is no list. */
enum err list_csv_write(enum answer answer, member_set members, const char *json, size_t len,
                        struct strbuf *out) MUST_CHECK;

#endif
