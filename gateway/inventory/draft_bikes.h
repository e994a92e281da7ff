#ifndef GATEWAY_INVENTORY_DRAFT_BIKES_H
#define GATEWAY_INVENTORY_DRAFT_BIKES_H

#include "bowei/base/geo.h"
#include "bowei/base/space_id.h"

/* The draft's rows of the non-motor half: fences and what marks, watches and fills them. */

/** Where a row stood, for messages; file is an index in draft->files. */
struct row_origin {
    uint32_t line;
    uint32_t column : 22; /**< compact JSON is one line of megabytes */
    uint32_t file : 10;
};

#define ROW_COLUMN_MAX ((1u << 22) - 1)

static inline struct row_origin row_origin_of(uint16_t file, uint32_t line, uint32_t column)
{
    return (struct row_origin){.line = line,
                               .column = (column < ROW_COLUMN_MAX ? column : ROW_COLUMN_MAX) &
                                         ROW_COLUMN_MAX,
                               .file = file & 0x3ffu};
}

/** A ring of an outline: corners [corner, corner + count) of the draft, the first not repeated. */
struct draft_ring {
    uint32_t corner;
    uint32_t count;
    bool hole;
};

/** The outline of a fence or of a grid cell; outline_check fills centre and area. */
struct draft_outline {
    struct position_e7 centre; /**< a point inside */
    uint32_t ring, ring_count; /**< in draft->rings; each outer one followed by its holes */
    uint32_t area_m2;
};

struct draft_fence {
    space_key key;
    int64_t from_ms, until_ms; /**< epoch ms, whole seconds; 0 = open */
    struct row_origin origin;
    struct draft_outline outline;
    uint32_t capacity;         /**< 0 with a no-parking zone */
    uint32_t name_zh, name_en; /**< offsets in text, 0 = none */
};

struct draft_beacon {
    struct row_origin origin;
    space_key fence;   /**< 0 = takes the row away */
    uint32_t identity; /**< offset in text, normal form (identity.h) */
};

struct draft_listener {
    struct row_origin origin;
    space_key fence; /**< 0 = takes the row away */
    uint32_t id;     /**< offset in text, normal form */
    uint32_t source;
    uint32_t scan_period_s; /**< 0 = the default */
};

struct draft_operator {
    struct row_origin origin;
    uint32_t code; /**< offsets in text */
    uint32_t name_zh, name_en;
    uint32_t mac_prefixes, uuids; /**< normal forms, separated by ; */
    uint32_t quota;
};

struct draft_vehicle {
    struct row_origin origin;
    uint32_t ref;               /**< offsets in text */
    uint32_t mac, imei, beacon; /**< normal forms; all 0 = takes the row away */
};

#endif
