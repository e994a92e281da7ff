/* The texts that spaces share, made when they are wanted for the first time. */
#include "api/scene_memo.h"
#include "bowei/base/city_clock.h"

void scene_memo_soon(const struct scene_memo *memo, uint32_t lot)
{
    const struct lot_text *kept = &memo->lots[lot & (LOTS_KEPT - 1)];

    __builtin_prefetch(kept);
    __builtin_prefetch(&kept->site.kind); /* it is as long as a line, but need not begin with one */
}

/* By index and version: the lot's own row, one more place in memory, is not looked at. */
const struct site_text *scene_memo_lot(struct scene_memo *memo, const struct inventory *inv,
                                       uint32_t lot)
{
    struct lot_text *kept = &memo->lots[lot & (LOTS_KEPT - 1)];

    if (kept->lot != lot || kept->version != inv->version || kept->version == 0) {
        site_text_fill(&kept->site, inv->lots[lot].key);
        kept->version = inv->version;
        kept->lot = lot;
    }
    return &kept->site;
}

const struct site_text *scene_memo_site(struct scene_memo *memo, const struct site_text *lot,
                                        space_key key)
{
    if (site_text_has(lot, key)) {
        return lot;
    }
    if (!site_text_has(&memo->other, key) || memo->other.key == 0) {
        site_text_fill(&memo->other, key);
    }
    return &memo->other;
}

void scene_memo_day_fill(struct day_text *day, int64_t end_ms)
{
    char text[RFC3339_LEN + 1];

    rfc3339_format(end_ms - MS_PER_DAY, text);
    day->text[0] = '"';
    memcpy(day->text + 1, text, sizeof day->text - 1);
    day->end_ms = end_ms;
}
