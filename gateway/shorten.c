/* Shortening the journal while Redis is away. Runner's turn -> here -> C images into the journal ->
 * journal_supersede. A round of a large city is spread over many turns, so that inputs do not wait
 * for it; an image written late in a round is newer than `since`, which only makes it better. */
#include "gateway/shorten.h"
#include "bowei/base/log.h"

static uint64_t appended(const struct shorten_turn *turn)
{
    return count_get(turn->counters, COUNT_JOURNAL_BYTES);
}

static void round_begin(struct shortening *s, const struct shorten_turn *turn)
{
    s->under_way = true;
    s->next = 0;
    s->inventory_version = core_inventory(turn->core)->version;
    s->since = turn->newest;
    s->begun_bytes = appended(turn);
}

void shorten_when_due(struct shortening *s, const struct shorten_turn *turn)
{
    if (s->under_way || !journal_over_limit(turn->journal) || turn->boot_ms < s->next_ms ||
        appended(turn) - s->done_bytes < s->round_bytes) {
        return;
    }
    round_begin(s, turn);
}

static void round_end(struct shortening *s, const struct shorten_turn *turn)
{
    journal_supersede(turn->journal, s->since);
    s->under_way = false;
    s->done_bytes = appended(turn);
    s->round_bytes = s->done_bytes - s->begun_bytes;
    s->next_ms = turn->boot_ms + SHORTEN_EVERY_MS;
    log_line(LOG_INFO, "shorten", "the journal was over its limit: images of %u places, %llu kB",
             s->next, (unsigned long long)(s->round_bytes >> 10));
}

static uint32_t root_count(const struct core *core)
{
    const struct inventory *inv = core_inventory(core);

    return inv->space_count + inv->lot_count + inv->fence_count + core_bike_slots(core);
}

/* The image of a root by its number in the round: spaces, lots, fences, bikes. False: none. */
static bool root_image(const struct core *core, uint32_t root, struct image *image)
{
    const struct inventory *inv = core_inventory(core);

    if (root < inv->space_count) {
        core_space_image(core, root, image);
        return true;
    }
    root -= inv->space_count;
    if (root < inv->lot_count) {
        core_lot_image(core, root, image);
        return true;
    }
    root -= inv->lot_count;
    if (root < inv->fence_count) {
        core_fence_image(core, root, image);
        return true;
    }
    return core_bike_image(core, root - inv->fence_count, image);
}

/* Fills `images` from the next roots before `end`; a root that nothing was ever written to has
 * none. */
static size_t batch_fill(struct shortening *s, const struct core *core, uint32_t end)
{
    size_t n = 0;

    for (; s->next < end && n < SHORTEN_BATCH; s->next++) {
        struct image *image = &s->images[n];

        n += root_image(core, s->next, image) && image->at.seq != 0;
    }
    return n;
}

static void give_up(struct shortening *s, const struct shorten_turn *turn, enum err e)
{
    log_line(LOG_ERROR, "shorten", "the journal cannot be shortened: %s", err_text(e, 0));
    s->under_way = false;
    s->next_ms = turn->boot_ms + SHORTEN_EVERY_MS;
}

void shorten_go_on(struct shortening *s, const struct shorten_turn *turn)
{
    if (!s->under_way) {
        return;
    }
    const uint64_t version = core_inventory(turn->core)->version;
    const uint32_t all = root_count(turn->core);
    if (version != s->inventory_version) {
        round_begin(s, turn); /* other slots: from the first one again */
    }
    const uint32_t end =
        s->next >= all || all - s->next < SHORTEN_A_TURN ? all : s->next + SHORTEN_A_TURN;
    while (s->next < end) {
        size_t n = batch_fill(s, turn->core, end);
        enum err e = n == 0 ? ERR_OK
                            : intake_append_images(turn->intake, RECORD_IMAGE, turn->newest,
                                                   turn->now, version, s->images, n);
        if (e != ERR_OK) {
            give_up(s, turn, e);
            return;
        }
    }
    if (s->next >= all) {
        round_end(s, turn);
    }
}
