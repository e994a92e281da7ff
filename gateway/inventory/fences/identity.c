/* Normal forms of MACs, IMEIs, UUIDs and beacon identities: the import stores them, lookups compare
 * them. */
#include "gateway/inventory/fences/identity.h"
#include "bowei/base/err.h"
#include <stdio.h>
#include <string.h>

#define MAC_DIGITS  12
#define IMEI_DIGITS 15
/* of an Eddystone UID (google/eddystone, eddystone-uid) */
#define NAMESPACE_DIGITS 20
#define INSTANCE_DIGITS  12

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool identity_mac(const char *text, size_t len, uint64_t *mac)
{
    const bool parted = len == MAC_DIGITS + 5;
    size_t digits = 0;

    *mac = 0;
    if (len != MAC_DIGITS && !parted) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        int v = hex_digit(text[i]);

        if (parted && i % 3 == 2) {
            if (text[i] != text[2] || (text[i] != ':' && text[i] != '-')) {
                return false;
            }
            continue;
        }
        if (v < 0) {
            return false;
        }
        *mac = *mac << 4 | (uint64_t)v;
        digits++;
    }
    return digits == MAC_DIGITS && *mac != 0;
}

bool identity_imei(const char *text, size_t len, uint64_t *imei)
{
    *imei = 0;
    for (size_t i = 0; i < len; i++) {
        if (len != IMEI_DIGITS || text[i] < '0' || text[i] > '9') {
            return false;
        }
        *imei = *imei * 10 + (uint64_t)(text[i] - '0');
    }
    return *imei != 0;
}

/* Exactly `digits` hex digits, lowered. */
static bool hex_lower(const char *text, size_t len, size_t digits, char *out)
{
    for (size_t i = 0; i < len; i++) {
        int v = hex_digit(text[i]);

        if (len != digits || v < 0) {
            return false;
        }
        out[i] = "0123456789abcdef"[v];
    }
    out[len] = '\0';
    return len == digits;
}

bool identity_uuid(const char *text, size_t len, char out[UUID_DIGITS + 1])
{
    char bare[UUID_DIGITS];
    size_t n = 0;

    for (size_t i = 0; i < len; i++) {
        if (text[i] == '-' && i > 0 && text[i - 1] != '-') {
            continue;
        }
        if (n == sizeof bare) {
            return false;
        }
        bare[n++] = text[i];
    }
    return hex_lower(bare, n, UUID_DIGITS, out);
}

/* 0 to 65535. */
static bool word_parse(const char *text, size_t len, unsigned *out)
{
    *out = 0;
    for (size_t i = 0; i < len; i++) {
        if (len > 5 || text[i] < '0' || text[i] > '9') {
            return false;
        }
        *out = *out * 10 + (unsigned)(text[i] - '0');
    }
    return len > 0 && *out <= UINT16_MAX;
}

static bool ibeacon_parse(const char *text, size_t len, char out[IDENTITY_MAX])
{
    const char *end = text + len;
    const char *major = memchr(text, ':', len);
    const char *minor = major == NULL ? NULL : memchr(major + 1, ':', (size_t)(end - major - 1));
    char uuid[UUID_DIGITS + 1];
    unsigned a;
    unsigned b;

    if (minor == NULL || !identity_uuid(text, (size_t)(major - text), uuid) ||
        !word_parse(major + 1, (size_t)(minor - major - 1), &a) ||
        !word_parse(minor + 1, (size_t)(end - minor - 1), &b)) {
        return false;
    }
    (void)snprintf(out, IDENTITY_MAX, "ibeacon:%s:%u:%u", uuid, a, b);
    return true;
}

static bool eddystone_parse(const char *text, size_t len, char out[IDENTITY_MAX])
{
    const char *colon = memchr(text, ':', len);
    char space[NAMESPACE_DIGITS + 1];
    char instance[INSTANCE_DIGITS + 1];

    if (colon == NULL || !hex_lower(text, (size_t)(colon - text), NAMESPACE_DIGITS, space) ||
        !hex_lower(colon + 1, (size_t)(text + len - colon - 1), INSTANCE_DIGITS, instance)) {
        return false;
    }
    (void)snprintf(out, IDENTITY_MAX, "eddystone_uid:%s:%s", space, instance);
    return true;
}

static bool mac_parse(const char *text, size_t len, char out[IDENTITY_MAX])
{
    uint64_t mac;

    if (!identity_mac(text, len, &mac)) {
        return false;
    }
    (void)snprintf(out, IDENTITY_MAX, "mac:%012llx", (unsigned long long)mac);
    return true;
}

static const struct {
    const char *head;
    bool (*parse)(const char *text, size_t len, char out[IDENTITY_MAX]);
} forms[] = {
    {"ibeacon:",       ibeacon_parse  },
    {"eddystone_uid:", eddystone_parse},
    {"mac:",           mac_parse      },
};

static char lower(char c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

static bool begins(const char *text, size_t len, const char *head)
{
    size_t n = strlen(head);

    for (size_t i = 0; i < n; i++) {
        if (i >= len || lower(text[i]) != head[i]) {
            return false;
        }
    }
    return true;
}

bool identity_beacon(const char *text, size_t len, char out[IDENTITY_MAX])
{
    for (size_t i = 0; len < IDENTITY_MAX * 2 && i < ARRAY_LEN(forms); i++) {
        size_t head = strlen(forms[i].head);

        if (begins(text, len, forms[i].head)) {
            return forms[i].parse(text + head, len - head, out);
        }
    }
    return false;
}

bool identity_listener(const char *text, size_t len, char out[IDENTITY_MAX])
{
    uint64_t mac;

    if (len == 0 || len >= IDENTITY_MAX) {
        return false;
    }
    if (identity_mac(text, len, &mac)) {
        (void)snprintf(out, IDENTITY_MAX, "%012llx", (unsigned long long)mac);
        return true;
    }
    for (size_t i = 0; i < len; i++) {
        out[i] = lower(text[i]);
    }
    out[len] = '\0';
    return true;
}

/* What makers and samples ship with; thousands of devices say them. */
static const struct {
    const char *uuid;
    const char *whose;
} factory[] = {
    {"fda50693a4e24fb1afcfc6eb07647825", "many Chinese beacon makers"              },
    {"e2c56db5dffb48d2b060d0f5a71096e0", "Apple's AirLocate sample and many makers"},
    {"b9407f30f5f8466eaff925556b57fe6d", "Estimote"                                },
    {"f7826da64fa24e988024bc5b71e0893e", "Kontakt.io"                              },
    {"2f234454cf6d4a0fadf2f4911ba9ffa6", "Radius Networks"                         },
    {"00000000000000000000000000000000", "nobody: it is empty"                     },
    {"ffffffffffffffffffffffffffffffff", "nobody: it is erased flash"              },
};

const char *identity_factory_uuid(const char *uuid)
{
    for (size_t i = 0; i < ARRAY_LEN(factory); i++) {
        if (memcmp(uuid, factory[i].uuid, UUID_DIGITS) == 0) {
            return factory[i].whose;
        }
    }
    return NULL;
}
