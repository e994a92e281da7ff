#ifndef BOWEI_BASE_SPACE_ID_H
#define BOWEI_BASE_SPACE_ID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The ID of a place: AAAAAA SSS K TTT NNNN C, 18 characters (docs/DATA_FORMAT.md, "IDs").
 * In memory an ID is a `space_key`: its 17 characters in mixed radix (10^6, 10^3, 6 kinds in
 * alphabetical order, 10^3, 10^4), so that keys sort as texts do; 0 is no key. */

#define SPACE_ID_LEN         18
#define SPACE_ID_DISPLAY_LEN 22

typedef uint64_t space_key;

/** Kinds in alphabetical order of their letter. */
enum place_kind {
    PLACE_BIKE_AREA,  /* B */
    PLACE_FENCE,      /* F */
    PLACE_LOT,        /* L */
    PLACE_NO_PARKING, /* N */
    PLACE_ON_STREET,  /* R */
    PLACE_TEMPORARY,  /* T */
    PLACE_KIND_COUNT
};

/** Why a text is not an ID. */
enum id_fault {
    ID_OK,
    ID_LENGTH,
    ID_CHARACTER, /* something besides letters, digits and hyphens, or a digit/letter in the wrong
                     place */
    ID_COUNTY,    /* first digit not 1-8 */
    ID_STREET,    /* not 001-599 */
    ID_KIND,
    ID_SITE, /* 000 */
    ID_CHECK,
    ID_FAULT_COUNT
};

/** Parses an ID; raises lower case, strips hyphens, takes no white space. On ID_OK sets *key. */
enum id_fault space_id_parse(const char *text, size_t len, space_key *key);
/** The same for the 17 characters without the check character. */
enum id_fault space_id_parse_body(const char *text, size_t len, space_key *key);
/** An ID of any sort as it is compared: hyphens dropped, a to z raised. Writes at most `cap`
 * characters and no NUL; returns how many there are, which may be more. */
size_t id_plain(const char *text, size_t len, char *out, size_t cap);
/** "the check character should be Z", ... static text for each fault. */
const char *id_fault_text(enum id_fault fault);
/** The same of a text, which may hold anything: "character 5 is \"O\" where a digit belongs", "18
 * characters are needed, there are 17". want: SPACE_ID_LEN, or one less for space_id_parse_body.
 * The out text is fit for a terminal. */
void id_fault_explain(enum id_fault fault, const char *text, size_t len, size_t want, char *out,
                      size_t cap);
/** ISO/IEC 7064 MOD 37,36 check character of `len` characters out of [0-9A-Z]. */
char iso7064_mod37_36(const char *text, size_t len);
/** 18 characters, no NUL. */
void space_id_write(space_key key, char out[SPACE_ID_LEN]);
/** 18 characters and a NUL. */
void space_id_format(space_key key, char out[SPACE_ID_LEN + 1]);
/** 150402-001-R001-0012-Z, 22 characters and a NUL. */
void space_id_display(space_key key, char out[SPACE_ID_DISPLAY_LEN + 1]);

/** County code, 6 digits as a number; the district of the Redis keys. */
uint32_t space_key_adcode(space_key key);
/** Street or town code, 3 digits. */
uint32_t space_key_street(space_key key);
enum place_kind space_key_kind(space_key key);
/** The site the space belongs to (NNNN = 0000). */
space_key space_key_site(space_key key);
/** NNNN; 0 = the key is a site. */
uint32_t space_key_number(space_key key);
/** "on_street", "lot", ... as the API prints a space's kind. */
const char *place_kind_name(enum place_kind kind);
char place_kind_letter(enum place_kind kind);

#endif
