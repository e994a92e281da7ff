#ifndef GATEWAY_INVENTORY_FENCES_IDENTITY_H
#define GATEWAY_INVENTORY_FENCES_IDENTITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The normal forms of what radios call themselves, so that files, gateways and phones that write
 * the same thing differently mean the same row. */

#define IDENTITY_MAX 64 /**< with the NUL, as BEACON_TEXT */
#define UUID_DIGITS  32

/** 12 hex digits, bare or in pairs with : or - between; false: no MAC, or 0. */
bool identity_mac(const char *text, size_t len, uint64_t *mac);
/** 15 digits; false: none. */
bool identity_imei(const char *text, size_t len, uint64_t *imei);
/** 32 hex digits, hyphens skipped, to lower case; false: no UUID. */
bool identity_uuid(const char *text, size_t len, char out[UUID_DIGITS + 1]);
/** "ibeacon:<uuid>:<major>:<minor>", "eddystone_uid:<20 hex>:<12 hex>" or "mac:<MAC>" to the form
 * that drivers say (beacon_text); false: none of them. */
bool identity_beacon(const char *text, size_t len, char out[IDENTITY_MAX]);
/** A listener's id: a MAC as 12 lower-case hex digits, else lower case. False: empty or too long.
 */
bool identity_listener(const char *text, size_t len, char out[IDENTITY_MAX]);
/** Is it one that makers ship with, so that it tells nobody from anybody? NULL: no, else whose. */
const char *identity_factory_uuid(const char *uuid);

#endif
