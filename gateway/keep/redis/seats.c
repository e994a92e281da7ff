/* What the writer thread knows of each district: up to where it is written, and which indices were
 * there. */
#include "gateway/keep/redis/epoch.h"
#include "gateway/keep/redis/writer.h"

struct seat *writer_seat(struct redis_writer *w, uint32_t adcode)
{
    size_t at = 0;

    while (at < w->seat_count && w->seats[at].adcode != adcode) {
        at++;
    }
    return at < w->seat_count ? &w->seats[at] : NULL;
}

void writer_seats_update(struct redis_writer *w)
{
    uint32_t adcodes[DISTRICTS_MAX];
    const struct inventory *inv = inventory_get(w->params.board, w->reader);
    size_t n = redis_epoch_districts(inv, adcodes, DISTRICTS_MAX);

    inventory_put(w->params.board, w->reader);
    for (size_t i = 0; i < n && w->seat_count < DISTRICTS_MAX; i++) {
        if (writer_seat(w, adcodes[i]) == NULL) {
            w->seats[w->seat_count++] = (struct seat){.adcode = adcodes[i]};
        }
    }
}

bool writer_index_vanished(struct redis_writer *w, const struct slice *slice)
{
    struct seat *seat = writer_seat(w, slice->adcode);
    uint32_t vanished;

    if (seat == NULL) {
        return false;
    }
    seat->indices_left |= txn_index_left(slice);
    if ((slice->flags & SLICE_LAST) == 0) {
        return false;
    }
    vanished = seat->indices & ~slice->index_there & ~seat->indices_left;
    seat->indices = slice->index_there;
    seat->indices_left = 0;
    return vanished != 0 && (slice->flags & SLICE_INDEX_SWAP) == 0;
}
