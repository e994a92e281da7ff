/* To which addresses a webhook may go; see guard.h. IPv4 is looked at as ::ffff:a.b.c.d, and an
 * address that carries another one inside (mapped, NAT64) is judged by that one, too. */
#include "gateway/delivery/guard.h"
#include "bowei/base/err.h"
#include "gateway/delivery/libcurl.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define V4_BITS    96 /* before an IPv4 address in its mapped form */
#define URL_MAX    511
#define PORT_HTTPS 443
#define PORT_OTHER 8443 /* what receivers behind another front door use */

/* What is no address of somebody else's public server (IANA special-purpose address registries). */
static const struct denied {
    const char *network;
    uint8_t bits;
    const char *what, *source;
} denied[] = {
    {"::ffff:0.0.0.0",      V4_BITS + 8,  "this network",            "RFC 1122 3.2.1.3" },
    {"::ffff:10.0.0.0",     V4_BITS + 8,  "private",                 "RFC 1918"         },
    {"::ffff:100.64.0.0",   V4_BITS + 10, "carrier NAT",             "RFC 6598"         },
    {"::ffff:127.0.0.0",    V4_BITS + 8,  "loopback",                "RFC 1122 3.2.1.3" },
    {"::ffff:169.254.0.0",  V4_BITS + 16, "link-local",              "RFC 3927"         },
    {"::ffff:172.16.0.0",   V4_BITS + 12, "private",                 "RFC 1918"         },
    {"::ffff:192.0.0.0",    V4_BITS + 24, "protocol assignments",    "RFC 6890"         },
    {"::ffff:192.0.2.0",    V4_BITS + 24, "documentation",           "RFC 5737"         },
    {"::ffff:192.88.99.0",  V4_BITS + 24, "former 6to4 relays",      "RFC 7526"         },
    {"::ffff:192.168.0.0",  V4_BITS + 16, "private",                 "RFC 1918"         },
    {"::ffff:198.18.0.0",   V4_BITS + 15, "benchmarks",              "RFC 2544"         },
    {"::ffff:198.51.100.0", V4_BITS + 24, "documentation",           "RFC 5737"         },
    {"::ffff:203.0.113.0",  V4_BITS + 24, "documentation",           "RFC 5737"         },
    {"::ffff:224.0.0.0",    V4_BITS + 4,  "multicast",               "RFC 5771"         },
    {"::ffff:240.0.0.0",    V4_BITS + 4,  "reserved, and broadcast", "RFC 1112, RFC 919"},
    {"::",                  128,          "unspecified",             "RFC 4291 2.5.2"   },
    {"::1",                 128,          "loopback",                "RFC 4291 2.5.3"   },
    {"64:ff9b:1::",         48,           "local NAT64",             "RFC 8215"         },
    {"100::",               64,           "discard",                 "RFC 6666"         },
    {"2001::",              23,           "protocol assignments",    "RFC 2928"         },
    {"2001:db8::",          32,           "documentation",           "RFC 3849"         },
    {"2002::",              16,           "6to4",                    "RFC 3056"         },
    {"3fff::",              20,           "documentation",           "RFC 9637"         },
    {"fc00::",              7,            "unique local",            "RFC 4193"         },
    {"fe80::",              10,           "link-local",              "RFC 4291 2.5.6"   },
    {"fec0::",              10,           "former site-local",       "RFC 3879"         },
    {"ff00::",              8,            "multicast",               "RFC 4291 2.7"     },
};

static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
static const uint8_t nat64[12] = {0, 0x64, 0xff, 0x9b}; /* RFC 6052 2.1 */

static bool inside(const uint8_t address[16], const uint8_t prefix[16], unsigned bits)
{
    const unsigned whole = bits / 8;
    const unsigned rest = bits % 8;

    return memcmp(address, prefix, whole) == 0 &&
           (rest == 0 || (address[whole] ^ prefix[whole]) >> (8 - rest) == 0);
}

static void of_v4(const void *four, uint8_t out[16])
{
    memcpy(out, mapped, sizeof mapped);
    memcpy(out + sizeof mapped, four, 4);
}

/* --- the setting --- */

static bool refuse(char why[GUARD_WHY_MAX], const char *what, size_t len, const char *text)
{
    (void)snprintf(why, GUARD_WHY_MAX, "\"%.*s\": %s", (int)(len < 60 ? len : 60), text, what);
    return false;
}

/* "10.3.1.7/32 8080" */
static bool network_parse(const char *text, size_t len, struct guard_network *out,
                          char why[GUARD_WHY_MAX])
{
    char copy[64];
    struct in_addr four;
    char *slash;
    char *end;
    unsigned long bits;
    unsigned long port = 0;
    bool v4;

    if (len >= sizeof copy) {
        return refuse(why, "too long", len, text);
    }
    memcpy(copy, text, len);
    copy[len] = '\0';
    slash = strchr(copy, '/');
    if (slash == NULL) {
        return refuse(why, "a network needs a length, as in 10.2.0.0/16", len, text);
    }
    *slash = '\0';
    v4 = inet_pton(AF_INET, copy, &four) == 1;
    if (v4) {
        of_v4(&four, out->prefix);
    } else if (inet_pton(AF_INET6, copy, out->prefix) != 1) {
        return refuse(why, "no IPv4 or IPv6 network", len, text);
    }
    bits = strtoul(slash + 1, &end, 10);
    if (end == slash + 1 || bits > (v4 ? 32U : 128U)) {
        return refuse(why, v4 ? "the length is 0-32" : "the length is 0-128", len, text);
    }
    if (*end == ' ') {
        port = strtoul(end + 1, &end, 10);
        if (port == 0 || port > UINT16_MAX) {
            return refuse(why, "the port is 1-65535", len, text);
        }
    }
    if (*end != '\0') {
        return refuse(why, "not NETWORK/LENGTH or NETWORK/LENGTH PORT", len, text);
    }
    out->bits = (uint8_t)(bits + (v4 ? V4_BITS : 0));
    out->port = (uint16_t)port;
    return true;
}

bool guard_parse(struct guard *guard, const char *text, char why[GUARD_WHY_MAX])
{
    *guard = (struct guard){.count = 0};
    while (text != NULL && (*text != '\0' || guard->count > 0)) {
        const size_t len = strcspn(text, ",");
        const size_t lead = strspn(text, " ");

        if (guard->count == GUARD_ALLOW_MAX) {
            return refuse(why, "too many networks, 64 are allowed", len, text);
        }
        if (lead >= len ||
            !network_parse(text + lead, len - lead, &guard->allow[guard->count], why)) {
            return lead >= len ? refuse(why, "a network is missing", len, text) : false;
        }
        guard->count++;
        text = text[len] == ',' ? text + len + 1 : NULL;
    }
    return true;
}

/* --- addresses --- */

static bool allowed(const struct guard *guard, const uint8_t address[16], uint16_t port)
{
    for (uint32_t i = 0; i < guard->count; i++) {
        const struct guard_network *n = &guard->allow[i];

        if ((n->port == 0 || n->port == port) && inside(address, n->prefix, n->bits)) {
            return true;
        }
    }
    return false;
}

static const struct denied *denied_find(const uint8_t address[16])
{
    for (size_t i = 0; i < ARRAY_LEN(denied); i++) {
        uint8_t prefix[16];

        if (inet_pton(AF_INET6, denied[i].network, prefix) == 1 &&
            inside(address, prefix, denied[i].bits)) {
            return &denied[i];
        }
    }
    return NULL;
}

/* Global unicast is 2000::/3 (RFC 4291 2.4); mapped addresses are IPv4. */
static bool is_global(const uint8_t address[16])
{
    return memcmp(address, mapped, sizeof mapped) == 0 || (address[0] & 0xe0) == 0x20;
}

static bool address_permits(const struct guard *guard, const uint8_t given[16], uint16_t port,
                            bool plain, char why[GUARD_WHY_MAX])
{
    uint8_t address[16];
    char text[INET6_ADDRSTRLEN] = "";
    const struct denied *row;

    memcpy(address, given, sizeof address);
    if (memcmp(given, nat64, sizeof nat64) == 0) {
        of_v4(given + sizeof nat64, address); /* what it is translated to */
    }
    if (allowed(guard, given, port) || allowed(guard, address, port)) {
        return true;
    }
    if (memcmp(address, mapped, sizeof mapped) == 0) {
        (void)inet_ntop(AF_INET, address + sizeof mapped, text, sizeof text);
    } else {
        (void)inet_ntop(AF_INET6, address, text, sizeof text);
    }
    row = denied_find(address);
    if (row != NULL) {
        (void)snprintf(why, GUARD_WHY_MAX, "%s is not a public address: %s, %s", text, row->what,
                       row->source);
    } else if (!is_global(address)) {
        (void)snprintf(why, GUARD_WHY_MAX, "%s is not a public address: RFC 4291 2.4", text);
    } else if (plain) {
        (void)snprintf(why, GUARD_WHY_MAX, "http:// goes only to networks of delivery.allow");
    } else if (port != PORT_HTTPS && port != PORT_OTHER) {
        (void)snprintf(why, GUARD_WHY_MAX, "port %u: 443 and 8443 are allowed", port);
    } else {
        return true;
    }
    return false;
}

bool guard_permits(const struct guard *guard, const struct sockaddr *to, bool plain,
                   char why[GUARD_WHY_MAX])
{
    uint8_t address[16];

    if (to->sa_family == AF_INET) {
        struct sockaddr_in four;

        memcpy(&four, to, sizeof four);
        of_v4(&four.sin_addr, address);
        return address_permits(guard, address, ntohs(four.sin_port), plain, why);
    }
    if (to->sa_family == AF_INET6) {
        struct sockaddr_in6 six;

        memcpy(&six, to, sizeof six);
        return address_permits(guard, six.sin6_addr.s6_addr, ntohs(six.sin6_port), plain, why);
    }
    (void)snprintf(why, GUARD_WHY_MAX, "neither IPv4 nor IPv6");
    return false;
}

/* --- URLs --- */

/* The parts as libcurl will read them, so that no second reading differs from the first. */
struct url_parts {
    char *host, *port;
};

static void parts_finish(const struct libcurl *curl, struct url_parts *p)
{
    curl->free(p->host);
    curl->free(p->port);
}

static bool parts_read(const struct libcurl *curl, const char *url, struct url_parts *p)
{
    CURLU *handle = curl->url();
    const bool ok =
        handle != NULL &&
        curl->url_set(handle, CURLUPART_URL, url, CURLU_DISALLOW_USER) == CURLUE_OK &&
        curl->url_get(handle, CURLUPART_HOST, &p->host, 0) == CURLUE_OK &&
        curl->url_get(handle, CURLUPART_PORT, &p->port, CURLU_DEFAULT_PORT) == CURLUE_OK;

    curl->url_cleanup(handle);
    return ok;
}

/* An address in any spelling that a resolver would take for one (0x7f.1, 2130706433, [::1]), with
 * the dot behind it that ends a name. */
static bool literal_read(const char *host, uint8_t out[16])
{
    char bare[INET6_ADDRSTRLEN + 1];
    char undotted[URL_MAX + 1];
    const size_t len = strlen(host);
    struct in_addr four;

    (void)snprintf(undotted, sizeof undotted, "%.*s",
                   (int)(len > 1 && host[len - 1] == '.' ? len - 1 : len), host);
    if (inet_aton(undotted, &four) != 0) {
        of_v4(&four, out);
        return true;
    }
    if (len < 3 || host[0] != '[' || host[len - 1] != ']' || len - 2 >= sizeof bare) {
        return false;
    }
    memcpy(bare, host + 1, len - 2);
    bare[len - 2] = '\0';
    return inet_pton(AF_INET6, bare, out) == 1;
}

/* A name: what it resolves to is seen when it is connected. */
static bool name_permits(const struct guard *guard, bool plain, uint16_t port,
                         char why[GUARD_WHY_MAX])
{
    if (!plain && (port == PORT_HTTPS || port == PORT_OTHER)) {
        return true;
    }
    for (uint32_t i = 0; i < guard->count; i++) {
        if (guard->allow[i].port == 0 || guard->allow[i].port == port) {
            return true;
        }
    }
    (void)snprintf(why, GUARD_WHY_MAX, "%s",
                   plain ? "must be https://; http:// goes only to networks of delivery.allow"
                         : "port: 443 and 8443 are allowed");
    return false;
}

/* Bytes of "https://" or "http://" at its begin, 0 when it has neither. libcurl would forgive one
 * slash, or three. */
static size_t scheme_len(const char *url)
{
    const size_t len = strncasecmp(url, "https://", 8) == 0  ? 8
                       : strncasecmp(url, "http://", 7) == 0 ? 7
                                                             : 0;

    return url[len] == '/' ? 0 : len;
}

bool guard_permits_url(const struct guard *guard, const struct libcurl *curl, const char *url,
                       char why[GUARD_WHY_MAX])
{
    const size_t len = strlen(url);
    const size_t scheme = scheme_len(url);
    struct url_parts parts = {0};
    uint8_t address[16];
    bool permits = false;

    if (len > URL_MAX) {
        (void)snprintf(why, GUARD_WHY_MAX, "has %zu bytes, %d are allowed", len, URL_MAX);
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        if (url[i] <= ' ' || url[i] > '~' || strchr("\\\"<>^`{|}#", url[i]) != NULL) {
            (void)snprintf(why, GUARD_WHY_MAX, "byte %zu is not allowed in it, escape it", i + 1);
            return false;
        }
    }
    if (scheme == 0) {
        (void)snprintf(why, GUARD_WHY_MAX, "must be https://");
    } else if (!parts_read(curl, url, &parts)) {
        (void)snprintf(why, GUARD_WHY_MAX, "is no URL without user and password");
    } else {
        const bool plain = scheme == 7;
        const uint16_t port = (uint16_t)strtoul(parts.port, NULL, 10);

        permits = literal_read(parts.host, address)
                      ? address_permits(guard, address, port, plain, why)
                      : name_permits(guard, plain, port, why);
    }
    parts_finish(curl, &parts);
    return permits;
}
