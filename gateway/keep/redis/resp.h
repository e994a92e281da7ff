#ifndef GATEWAY_KEEP_REDIS_RESP_H
#define GATEWAY_KEEP_REDIS_RESP_H

#include "bowei/base/strbuf.h"
#include "gateway/keep/redis/keys.h"

/* Ready-made RESP: commands are written as the bytes Redis reads (hiredis's printf-style formatting
 * costs 4-5 times the CPU). Failure stays in the strbuf; check once at the end. */

/** "*<argc>": begins a command of that many arguments, its name included. */
void resp_command(struct strbuf *b, unsigned argc);
void resp_bytes(struct strbuf *b, const void *data, size_t len);
void resp_text(struct strbuf *b, const char *text);
void resp_key(struct strbuf *b, const struct redis_key *key);
void resp_u64(struct strbuf *b, uint64_t v);
void resp_i64(struct strbuf *b, int64_t v);
/** "<a>-<b>": positions and stream ids. */
void resp_pair(struct strbuf *b, uint64_t a, uint64_t c);
/** Degrees from 1e-7 degrees, exactly. */
void resp_e7(struct strbuf *b, int32_t e7);
/** A ready literal: RESP_LITERAL(b, "$4\r\nHSET\r\n"). */
#define RESP_LITERAL(b, text) strbuf_add((b), (text), sizeof(text) - 1)
/** Reads "<a>-<b>"; false when it is none. */
bool resp_pair_parse(const char *text, size_t len, uint64_t *a, uint64_t *c);
/** Reads decimal digits only; false when there are none, others, or more than u64 holds. */
bool resp_u64_parse(const char *text, size_t len, uint64_t *out);
bool resp_i64_parse(const char *text, size_t len, int64_t *out);

#endif
