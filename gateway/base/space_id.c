/* The ID of a place as text and as a sortable number. Every ID that enters the program comes
 * through space_id_parse; every one that leaves it through space_id_write or space_id_display. */
#include "bowei/base/space_id.h"
#include "bowei/base/bytes.h"
#include "bowei/base/err.h"
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Layout of the 17 characters before the check character. */
#define BODY_LEN    17
#define ADCODE_AT   0
#define STREET_AT   6
#define KIND_AT     9
#define SITE_AT     10
#define NUMBER_AT   13
#define NUMBERS     10000u /* NNNN */
#define SITES       1000u  /* TTT */
#define STREETS     1000u  /* SSS */
#define STREET_LAST 599u   /* GB/T 10114: 400-599 is the last range */

static const char alphabet[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

struct kind_row {
    char letter;
    const char *name;
};

static const struct kind_row kinds[PLACE_KIND_COUNT] = {
    [PLACE_BIKE_AREA] = {'B', "bike_area" },
    [PLACE_FENCE] = {'F', "fence"     },
    [PLACE_LOT] = {'L', "lot"       },
    [PLACE_NO_PARKING] = {'N', "no_parking"},
    [PLACE_ON_STREET] = {'R', "on_street" },
    [PLACE_TEMPORARY] = {'T', "temporary" },
};

static const char *const fault_texts[ID_FAULT_COUNT] = {
    [ID_OK] = "the ID is well formed",
    [ID_LENGTH] = "an ID has 18 characters",
    [ID_CHARACTER] = "an ID is 9 digits, a kind letter, 7 digits and a check character",
    [ID_COUNTY] = "the county code must begin with 1 to 8",
    [ID_STREET] = "the street code must be 001 to 599",
    [ID_KIND] = "the kind letter must be one of B, F, L, N, R, T",
    [ID_SITE] = "the site must be 001 to 999",
    [ID_CHECK] = "the check character does not match",
};

const char *id_fault_text(enum id_fault fault)
{
    return (unsigned)fault < ID_FAULT_COUNT ? fault_texts[fault] : fault_texts[ID_CHARACTER];
}

/* The first character of the text that may not stand where it does; false: none. *at counts from 1,
 * hyphens too, as the eye does. */
static bool misfit_find(const char *text, size_t len, size_t *byte, size_t *bytes, size_t *at,
                        bool *digit)
{
    size_t plain = 0;

    *at = 0;
    for (size_t i = 0; i < len; i += *bytes) {
        const char c = text[i];
        const bool is_digit = c >= '0' && c <= '9';
        const bool is_letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');

        *byte = i;
        *bytes = utf8_sequence(text + i, len - i);
        *bytes = *bytes == 0 ? 1 : *bytes;
        ++*at;
        if (c == '-') {
            continue;
        }
        *digit = plain < BODY_LEN && plain != KIND_AT;
        if ((!is_digit && !is_letter) || (*digit && !is_digit)) {
            return true;
        }
        plain++;
    }
    return false;
}

void id_fault_explain(enum id_fault fault, const char *text, size_t len, size_t want, char *out,
                      size_t cap)
{
    size_t byte;
    size_t bytes;
    size_t at;
    bool digit;

    (void)snprintf(out, cap, "%s", id_fault_text(fault));
    if (fault == ID_LENGTH) {
        (void)snprintf(out, cap, "%zu characters are needed, there are %zu", want,
                       id_plain(text, len, NULL, 0));
    } else if (fault == ID_CHARACTER && misfit_find(text, len, &byte, &bytes, &at, &digit)) {
        if (text[byte] == ' ' || text[byte] == '\t' || text[byte] == '\n' || text[byte] == '\r') {
            (void)snprintf(out, cap, "character %zu is white space", at);
        } else {
            (void)snprintf(out, cap, "character %zu is \"%.*s\" where a %s belongs", at, (int)bytes,
                           text + byte, digit ? "digit" : "letter or digit");
        }
    }
    text_tidy(out);
}

/* Value of a character of the alphabet, -1 for any other. */
static int char_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    return c >= 'A' && c <= 'Z' ? c - 'A' + 10 : -1;
}

/* ISO/IEC 7064 hybrid system MOD 37,36: sum modulo 36 (36 for 0), doubled modulo 37. p stays
 * in 1..36, so that one subtraction is each modulo. */
char iso7064_mod37_36(const char *text, size_t len)
{
    unsigned p = 36;

    for (size_t i = 0; i < len; i++) {
        int value = char_value(text[i]);

        p += (unsigned)(value < 0 ? 0 : value);
        p -= p > 36 ? 36 : 0;
        p *= 2;
        p -= p > 36 ? 37 : 0;
    }
    return alphabet[(37 - p) % 36];
}

static int kind_of_letter(char letter)
{
    for (int k = 0; k < PLACE_KIND_COUNT; k++) {
        if (kinds[k].letter == letter) {
            return k;
        }
    }
    return -1;
}

size_t id_plain(const char *text, size_t len, char *out, size_t cap)
{
    size_t n = 0;

    for (size_t i = 0; i < len; i++) {
        char c = text[i];

        if (c == '-') {
            continue;
        }
        if (c >= 'a' && c <= 'z') {
            c = (char)(c - 'a' + 'A');
        }
        if (n < cap) {
            out[n] = c;
        }
        n++;
    }
    return n;
}

/* Plain, `want` characters, all of which may stand in an ID. `out` has room for one more. */
static enum id_fault normalize(const char *text, size_t len, char *out, size_t want)
{
    const size_t n = id_plain(text, len, out, want + 1);

    for (size_t i = 0; i < n && i <= want; i++) {
        if (char_value(out[i]) < 0) {
            return ID_CHARACTER;
        }
    }
    return n == want ? ID_OK : ID_LENGTH;
}

static uint32_t digits_value(const char *text, size_t n)
{
    uint32_t v = 0;

    for (size_t i = 0; i < n; i++) {
        v = v * 10 + (uint32_t)(text[i] - '0');
    }
    return v;
}

/* The 17 normalized characters -> key. */
static enum id_fault body_key(const char body[BODY_LEN], space_key *key)
{
    uint32_t street;
    uint32_t site;
    int kind;

    for (size_t i = 0; i < BODY_LEN; i++) {
        if ((i == KIND_AT) != (body[i] > '9')) {
            return i == KIND_AT ? ID_KIND : ID_CHARACTER;
        }
    }
    if (body[ADCODE_AT] < '1' || body[ADCODE_AT] > '8') {
        return ID_COUNTY;
    }
    street = digits_value(body + STREET_AT, 3);
    if (street == 0 || street > STREET_LAST) {
        return ID_STREET;
    }
    kind = kind_of_letter(body[KIND_AT]);
    if (kind < 0) {
        return ID_KIND;
    }
    site = digits_value(body + SITE_AT, 3);
    if (site == 0) {
        return ID_SITE;
    }
    *key = (((uint64_t)digits_value(body + ADCODE_AT, 6) * STREETS + street) * PLACE_KIND_COUNT +
            (unsigned)kind) *
               SITES * NUMBERS +
           (uint64_t)site * NUMBERS + digits_value(body + NUMBER_AT, 4);
    return ID_OK;
}

enum id_fault space_id_parse_body(const char *text, size_t len, space_key *key)
{
    char body[BODY_LEN + 1];
    enum id_fault fault = normalize(text, len, body, BODY_LEN);

    return fault == ID_OK ? body_key(body, key) : fault;
}

enum id_fault space_id_parse(const char *text, size_t len, space_key *key)
{
    char id[SPACE_ID_LEN + 1];
    space_key parsed;
    enum id_fault fault = normalize(text, len, id, SPACE_ID_LEN);

    if (fault == ID_OK) {
        fault = body_key(id, &parsed);
    }
    if (fault != ID_OK) {
        return fault;
    }
    if (iso7064_mod37_36(id, BODY_LEN) != id[BODY_LEN]) {
        return ID_CHECK;
    }
    *key = parsed;
    return ID_OK;
}

static void digits_write(char *out, uint32_t v, size_t n)
{
    while (n > 0) {
        out[--n] = (char)('0' + v % 10);
        v /= 10;
    }
}

uint32_t space_key_street(space_key key)
{
    return (uint32_t)(key / NUMBERS / SITES / PLACE_KIND_COUNT % STREETS);
}

void space_id_write(space_key key, char out[SPACE_ID_LEN])
{
    digits_write(out + ADCODE_AT, space_key_adcode(key), 6);
    digits_write(out + STREET_AT, space_key_street(key), 3);
    out[KIND_AT] = place_kind_letter(space_key_kind(key));
    digits_write(out + SITE_AT, (uint32_t)(key / NUMBERS % SITES), 3);
    digits_write(out + NUMBER_AT, space_key_number(key), 4);
    out[BODY_LEN] = iso7064_mod37_36(out, BODY_LEN);
}

void space_id_format(space_key key, char out[SPACE_ID_LEN + 1])
{
    space_id_write(key, out);
    out[SPACE_ID_LEN] = '\0';
}

void space_id_display(space_key key, char out[SPACE_ID_DISPLAY_LEN + 1])
{
    /* Length of each group between the hyphens: county, street, kind and site, space, check. */
    static const unsigned char groups[] = {6, 3, 4, 4, 1};
    char id[SPACE_ID_LEN];
    const char *from = id;
    char *to = out;

    space_id_write(key, id);
    for (size_t g = 0; g < ARRAY_LEN(groups); g++) {
        if (g > 0) {
            *to++ = '-';
        }
        memcpy(to, from, groups[g]);
        to += groups[g];
        from += groups[g];
    }
    *to = '\0';
}

uint32_t space_key_adcode(space_key key)
{
    return (uint32_t)(key / NUMBERS / SITES / PLACE_KIND_COUNT / STREETS);
}

enum place_kind space_key_kind(space_key key)
{
    return (enum place_kind)(key / NUMBERS / SITES % PLACE_KIND_COUNT);
}

space_key space_key_site(space_key key)
{
    return key - key % NUMBERS;
}

uint32_t space_key_number(space_key key)
{
    return (uint32_t)(key % NUMBERS);
}

const char *place_kind_name(enum place_kind kind)
{
    return (unsigned)kind < PLACE_KIND_COUNT ? kinds[kind].name : "unknown";
}

char place_kind_letter(enum place_kind kind)
{
    return (unsigned)kind < PLACE_KIND_COUNT ? kinds[kind].letter : '?';
}
