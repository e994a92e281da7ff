/* Open addressing from texts to row numbers; the inventory and the links look devices up in it. */
#include "bowei/base/text_map.h"
#include <stdlib.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

/* Grows when more than 3 of 4 buckets are taken: about 2.5 probes for a text that is not there. */
#define FULL_NUMERATOR   3
#define FULL_DENOMINATOR 4
#define BUCKETS_MIN      16

struct bucket {
    uint32_t tag;   /* low half of the hash; its low bits are the home bucket */
    uint32_t index; /* row + 1, 0 = empty */
};

struct text_map {
    struct bucket *buckets;
    size_t mask;
    size_t count;
    text_map_text *text_of;
    const void *owner;
};

static uint32_t tag_of(const char *text, size_t len)
{
    return (uint32_t)XXH3_64bits(text, len);
}

static size_t buckets_for(size_t count)
{
    size_t want = BUCKETS_MIN;

    while (want / FULL_DENOMINATOR * FULL_NUMERATOR < count && want <= SIZE_MAX / 2) {
        want *= 2;
    }
    return want;
}

struct text_map *text_map_create(size_t expected, text_map_text *text_of, const void *owner)
{
    struct text_map *map = malloc(sizeof *map);
    size_t buckets = buckets_for(expected);

    if (map == NULL) {
        return NULL;
    }
    *map = (struct text_map){.mask = buckets - 1, .text_of = text_of, .owner = owner};
    map->buckets = calloc(buckets, sizeof *map->buckets);
    if (map->buckets == NULL) {
        free(map);
        return NULL;
    }
    return map;
}

void text_map_destroy(struct text_map *map)
{
    if (map != NULL) {
        free(map->buckets);
        free(map);
    }
}

/* The bucket that holds the text, or the empty one where it would go. */
static size_t bucket_of(const struct text_map *map, uint32_t tag, const char *text, size_t len)
{
    size_t at = tag & map->mask;

    while (map->buckets[at].index != 0) {
        const struct bucket *b = &map->buckets[at];

        if (b->tag == tag) {
            size_t held_len;
            const char *held = map->text_of(map->owner, b->index - 1, &held_len);

            if (held_len == len && (len == 0 || memcmp(held, text, len) == 0)) {
                return at;
            }
        }
        at = (at + 1) & map->mask;
    }
    return at;
}

/* Twice the buckets; the tags alone say where each entry goes. */
static bool grow(struct text_map *map)
{
    size_t mask = map->mask * 2 + 1;
    struct bucket *wider = calloc(mask + 1, sizeof *wider);

    if (wider == NULL) {
        return false;
    }
    for (size_t i = 0; i <= map->mask; i++) {
        size_t at = map->buckets[i].tag & mask;

        if (map->buckets[i].index == 0) {
            continue;
        }
        while (wider[at].index != 0) {
            at = (at + 1) & mask;
        }
        wider[at] = map->buckets[i];
    }
    free(map->buckets);
    map->buckets = wider;
    map->mask = mask;
    return true;
}

enum text_map_put text_map_put(struct text_map *map, const char *text, size_t len, uint32_t *index)
{
    uint32_t tag = tag_of(text, len);
    size_t at = bucket_of(map, tag, text, len);

    if (map->buckets[at].index != 0) {
        *index = map->buckets[at].index - 1;
        return TEXT_MAP_DUPLICATE;
    }
    if (map->count >= (map->mask + 1) / FULL_DENOMINATOR * FULL_NUMERATOR) {
        if (!grow(map)) {
            return TEXT_MAP_NO_MEMORY;
        }
        at = bucket_of(map, tag, text, len);
    }
    map->buckets[at] = (struct bucket){.tag = tag, .index = *index + 1};
    map->count++;
    return TEXT_MAP_ADDED;
}

bool text_map_find(const struct text_map *map, const char *text, size_t len, uint32_t *index)
{
    size_t at = bucket_of(map, tag_of(text, len), text, len);

    if (map->buckets[at].index == 0) {
        return false;
    }
    *index = map->buckets[at].index - 1;
    return true;
}

size_t text_map_count(const struct text_map *map)
{
    return map->count;
}
