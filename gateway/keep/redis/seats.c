/* What the writer thread knows of each district: up to where it is written, and which indices were
 * there. */
#include "gateway/keep/redis/epoch.h"
#include "gateway/keep/redis/writer.h"
#include <stdlib.h>

#define SEATS_MORE 16

struct seat *writer_seat(struct redis_writer *w, uint32_t adcode)
{
    size_t at = 0;

    while (at < w->seat_count && w->seats[at].adcode != adcode) {
        at++;
    }
    return at < w->seat_count ? &w->seats[at] : NULL;
}

/* Room for one more. */
static bool seat_room(struct redis_writer *w)
{
    struct seat *more;

    if (w->seat_count < w->seat_cap) {
        return true;
    }
    more = realloc(w->seats, (w->seat_cap + SEATS_MORE) * sizeof *more);
    if (more == NULL) {
        return false;
    }
    w->seats = more;
    w->seat_cap += SEATS_MORE;
    return true;
}

bool writer_seats_update(struct redis_writer *w)
{
    const struct inventory *inv = inventory_get(w->params.board, w->reader);
    const size_t n = redis_epoch_districts(inv);
    bool ok = true;

    for (size_t i = 0; ok && i < n; i++) {
        const uint32_t adcode = redis_epoch_district(inv, i);

        if (writer_seat(w, adcode) == NULL && (ok = seat_room(w))) {
            w->seats[w->seat_count++] = (struct seat){.adcode = adcode};
        }
    }
    inventory_put(w->params.board, w->reader);
    return ok;
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
