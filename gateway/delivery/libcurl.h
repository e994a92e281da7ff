#ifndef GATEWAY_DELIVERY_LIBCURL_H
#define GATEWAY_DELIVERY_LIBCURL_H

#include <curl/curl.h>
#include <stdbool.h>

/* libcurl, loaded when the first webhook needs it and not before: it brings 20 more libraries
 * (HTTP/2, LDAP, Kerberos, SSH, ...), 2 MiB that a gateway without webhooks would have for nothing
 * (docs/decisions/0014-memory.md). */

/** Its calls by the names that they have there, without curl_. The types are the header's own, so a
 * call with wrong arguments does not compile. */
struct libcurl {
#define LIBCURL_CALL(name) __typeof__(curl_##name) *name;
#include "gateway/delivery/libcurl.def"
#undef LIBCURL_CALL
};

#define LIBCURL_WHY_MAX 256

/** Loads it and fills in all calls. False with the reason: it is not installed, or an older one. It
 * stays loaded: a resolver that hangs is left behind in a thread that runs its code. Any thread. */
bool libcurl_load(struct libcurl *curl, char why[LIBCURL_WHY_MAX]);

#endif
