/* Cases, rows and stays of the core into items of a slice: what is written where, and what goes.
 * Core thread only. */
#include "gateway/keep/redis/case_fill.h"
#include "gateway/keep/redis/fleet_roots.h"

static void shift(int64_t *ms, int64_t shift_ms)
{
    *ms += *ms != 0 ? shift_ms : 0;
}

static void shift_case(struct case_image *image, int64_t shift_ms)
{
    int64_t *const times[] = {&image->reported_ms,   &image->filed_ms,        &image->dispatched_ms,
                              &image->checked_in_ms, &image->fed_back_ms,     &image->closed_ms,
                              &image->changed_ms,    &image->due_check_in_ms, &image->due_ms,
                              &image->stage_due_ms,  &image->paused_ms,       &image->since_ms};

    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        shift(times[i], shift_ms);
    }
}

void case_shift(struct image *image, int64_t shift_ms)
{
    if (image->kind == IMAGE_CASE) {
        shift_case(&image->case_, shift_ms);
    } else if (image->kind == IMAGE_CASE_ROW) {
        shift(&image->case_row.at_ms, shift_ms);
        shift(&image->case_row.until_ms, shift_ms);
    } else {
        shift(&image->stay.since_ms, shift_ms);
        shift(&image->stay.released_ms, shift_ms);
        shift(&image->stay.back_ms, shift_ms);
        shift(&image->stay.gone_ms, shift_ms);
        shift(&image->stay.told_ms, shift_ms);
    }
}

bool fill_case_image(const struct flush *flush, enum fleet_kind kind, uint32_t slot,
                     struct image *out)
{
    const struct image_source *source = &flush->source;
    bool (*const image)(void *ctx, uint32_t slot, struct image *out) =
        kind == FLEET_CASE       ? source->case_
        : kind == FLEET_CASE_ROW ? source->case_row
                                 : source->stay;

    return image != NULL && image(source->ctx, slot, out);
}

static struct slice_item *item_next(struct flush *flush)
{
    struct slice_item *item = &flush->filling->items[flush->filling->count++];

    item->flags = 0;
    return item;
}

static void leaves(struct flush *flush, uint64_t id, unsigned flags)
{
    struct slice_item *item = item_next(flush);

    item->image = (struct image){.kind = IMAGE_CASE, .case_.id = id};
    item->flags = (uint16_t)(ITEM_REMOVED | ITEM_INDEX_LEAVE | flags);
}

/* Forgotten, its file goes to the archive; in another district's register now, it is no longer
 * here. */
static void former_leaves(struct flush *flush, uint32_t slot, const struct image *image, bool is,
                          bool here)
{
    struct home *home = &flush->fleet[FLEET_CASE].homes[slot];
    uint64_t *written = &flush->fleet[FLEET_CASE].ids[slot];
    const bool same = is && image->case_.id == *written;

    if (*written != 0 && (!same || !here)) {
        leaves(flush, *written, same ? 0 : ITEM_KEY_STAYS);
        *written = 0;
        home->listed = 0;
    }
}

void fill_case(struct flush *flush, struct lane *lane, enum fleet_kind kind, uint32_t slot,
               int64_t shift_ms)
{
    struct home *home = &flush->fleet[kind].homes[slot];
    struct image image;
    struct slice_item *item;
    const bool is = fill_case_image(flush, kind, slot, &image);
    const uint32_t adcode = is ? fleet_roots_adcode(flush, &image) : lane->adcode;

    if (kind == FLEET_CASE) {
        former_leaves(flush, slot, &image, is, adcode == lane->adcode);
    }
    if (!is) {
        *home = (struct home){.adcode = NO_HOME};
        return;
    }
    if (adcode != lane->adcode) {
        fleet_roots_move(flush, kind, slot, adcode);
        return;
    }
    item = item_next(flush);
    item->image = image;
    case_shift(&item->image, shift_ms);
    if (kind == FLEET_CASE) {
        item->flags = home->listed ? 0 : ITEM_INDEX_ADD;
        home->listed = 1;
        flush->fleet[FLEET_CASE].ids[slot] = image.case_.id;
    }
}
