#ifndef API_SITE_TEXT_H
#define API_SITE_TEXT_H

#include "api/ready_text.h"

/* IDs put together from what the places of a site share: of "150402001R0010012Z" and
 * "150402-001-R001-0012-Z" only the number and the check character are a place's own. Both are
 * written from registers, in both forms: to copy from an ID just written means to wait until the
 * processor is done writing it. */

#define SITE_LEN         13 /* characters of an ID before the number */
#define SITE_DISPLAY_LEN 16 /* the same of its display form */
#define SITE_NUMBERS     10000u

/** A site's own ID, and how the IDs of its places begin. */
struct site_text {
    space_key key;
    char id[SPACE_ID_LEN];
    char display[SITE_DISPLAY_LEN]; /**< "150402-001-R001-" */
    uint8_t check;                  /**< the sum of MOD 37,36 over the 13 characters */
    uint8_t kind;                   /**< enum place_kind */
};

/** What a place's ID has behind that. */
struct place_tail {
    uint32_t number; /**< its digits as a word to be put */
    uint8_t check;
};

/** Fills it for the site of a key. */
void site_text_fill(struct site_text *site, space_key key) APART;

/** Is it a place of that site? */
static inline bool site_text_has(const struct site_text *site, space_key key)
{
    return key - site->key < SITE_NUMBERS;
}

/* ISO 7064 MOD 37,36: the sum (1 to 36) after one more character, by the sum before plus the
 * character's value. Less 36 when it is more, times two, less 37 when that is more. */
static const uint8_t check_sums[72] = {
    0,  2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30, 32, 34, /* none is 0 */
    36, 1, 3, 5, 7, 9,  11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31, 33, /* */
    35, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30, 32, 34, /* */
    36, 1, 3, 5, 7, 9,  11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31, 33,
};

/* The check character, whose value is (37 - sum) % 36, by the last sum. */
static const char check_characters[38] = "?0ZYXWVUTSRQPONMLKJIHGFEDCBA987654321";

static inline unsigned check_pair(unsigned sum, unsigned pair)
{
    sum = check_sums[sum + (unsigned)(pairs[2 * pair] - '0')];
    return check_sums[sum + (unsigned)(pairs[2 * pair + 1] - '0')];
}

/** Of a place of that site. */
static inline struct place_tail site_text_tail(const struct site_text *site, space_key key)
{
    unsigned number = (unsigned)(key - site->key);
    unsigned high = number / 100;
    unsigned low = number % 100;
    unsigned sum;

    sum = check_pair(check_pair(site->check, high), low);
    return (struct place_tail){(uint32_t)(pair_word(high) | pair_word(low) << 16),
                               (uint8_t)check_characters[sum]};
}

static inline char *id_put(char *p, const struct site_text *site, struct place_tail tail)
{
    memcpy(p, site->id, 16); /* one move; SITE_LEN of them are wanted */
    word_put(p + SITE_LEN, tail.number | (uint64_t)tail.check << 32);
    return p + SPACE_ID_LEN;
}

/** The display form is the ID with four hyphens: 6-3-4-4-1. */
static inline char *display_put(char *p, const struct site_text *site, struct place_tail tail)
{
    memcpy(p, site->display, SITE_DISPLAY_LEN);
    word_put(p + SITE_DISPLAY_LEN, tail.number | (uint64_t)'-' << 32 | (uint64_t)tail.check << 40);
    return p + SPACE_ID_DISPLAY_LEN;
}

#endif
