/* Hazard pointers round the current inventory: readers borrow the snapshot without a lock, the core
 * swaps it and frees the former one when nobody holds it any more. */
#include "bowei/inventory.h"
#include <stdlib.h>

uint32_t inventory_reader(struct inventory_board *board)
{
    for (uint32_t i = 0; i < INVENTORY_READERS_MAX; i++) {
        if (!atomic_exchange(&board->taken[i], true)) {
            return i;
        }
    }
    abort();
}

void inventory_reader_return(struct inventory_board *board, uint32_t reader)
{
    atomic_store(&board->taken[reader], false);
}

const struct inventory *inventory_get(struct inventory_board *board, uint32_t reader)
{
    const struct inventory *inv = atomic_load(&board->current);

    /* Announced first, then looked at again: when it is still current after the announcement, the
     * core's later scan of the slots must see it (both sides sequentially consistent). */
    for (;;) {
        const struct inventory *again;

        atomic_store(&board->in_use[reader], inv);
        again = atomic_load(&board->current);
        if (again == inv) {
            return inv;
        }
        inv = again;
    }
}

void inventory_put(struct inventory_board *board, uint32_t reader)
{
    atomic_store_explicit(&board->in_use[reader], NULL, memory_order_release);
}

const struct inventory *inventory_publish(struct inventory_board *board,
                                          const struct inventory *next)
{
    return atomic_exchange(&board->current, next);
}

bool inventory_in_use(struct inventory_board *board, const struct inventory *inv)
{
    for (uint32_t i = 0; i < INVENTORY_READERS_MAX; i++) {
        if (atomic_load(&board->in_use[i]) == inv) {
            return true;
        }
    }
    return false;
}
