#ifndef BOWEI_BASE_JSON_WRITE_H
#define BOWEI_BASE_JSON_WRITE_H

#include "bowei/base/space_id.h"
#include "bowei/base/strbuf.h"

/* The one JSON writer of the program: streams into a strbuf, puts commas and colons itself, escapes
 * text, replaces bytes that are not UTF-8 by U+FFFD. No JSON is written any other way. */

#define JSON_WRITE_DEPTH 32

struct json_writer {
    struct strbuf *out;
    uint32_t depth;
    uint32_t has_item; /* bit per depth */
    bool after_key;
};

void json_writer_init(struct json_writer *w, struct strbuf *out);
void json_object(struct json_writer *w);
void json_object_end(struct json_writer *w);
void json_array(struct json_writer *w);
void json_array_end(struct json_writer *w);
void json_key(struct json_writer *w, const char *name);
void json_str(struct json_writer *w, const char *text);
void json_strn(struct json_writer *w, const char *text, size_t len);
void json_i64(struct json_writer *w, int64_t v);
void json_u64(struct json_writer *w, uint64_t v);
void json_bool(struct json_writer *w, bool v);
void json_null(struct json_writer *w);
/** v / 10^digits with exactly `digits` decimals; digits 0..9. */
void json_fixed(struct json_writer *w, int64_t v, unsigned digits);
/** The same with trailing zeros cut ("3.6", "7"). */
void json_decimal(struct json_writer *w, int64_t v, unsigned digits);
/** epoch ms as RFC 3339 text; null when < 0. */
void json_time(struct json_writer *w, int64_t epoch_ms);
/** Ready-made JSON text, trusted. */
void json_raw(struct json_writer *w, const char *text, size_t len);

/* Key and value at once, the usual form. */
void json_kv_str(struct json_writer *w, const char *key, const char *text);
void json_kv_i64(struct json_writer *w, const char *key, int64_t v);
void json_kv_u64(struct json_writer *w, const char *key, uint64_t v);
void json_kv_bool(struct json_writer *w, const char *key, bool v);
void json_kv_time(struct json_writer *w, const char *key, int64_t epoch_ms);
void json_kv_null(struct json_writer *w, const char *key);
/** ID of a space, lot or fence; 0 is null. */
void json_kv_place(struct json_writer *w, const char *key, space_key place);

#endif
