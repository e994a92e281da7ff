#ifndef TESTS_UNIT_EVENT_WORLD_H
#define TESTS_UNIT_EVENT_WORLD_H

/* A gateway as far as events go: journal, ring, operators' logs in a real redis-server and the feed
 * over them, and all that it ever said. Included by one source a program. */
#include "tests/unit/redis_fixture.h"

#include "bowei/base/city_clock.h"
#include "bowei/event_log.h"
#include "bowei/journal.h"
#include "gateway/event_feed.h"
#include "gateway/event_refill.h"
#include "gateway/keep/redis/event_queue.h"
#include "tests/unit/random_image.h"
#include "tests/unit/scratch_folder.h"

#define EVENTS_ROOM 8192
#define DAY_MS      INT64_C(86400000)
#define KEEP_DAYS   30
#define PAGE        37

static const char *const operators[] = {"HLO", "MTB", "QIJU"};

/* A gateway as far as events go, and all that it ever said. */
struct world {
    struct city city; /* first: images of the city are asked for with the same context */
    struct redis_server server;
    struct redis_params params;
    struct counters counters;
    char folder[128];
    struct journal *journal;
    struct alert_ring *ring;
    struct event_refill refill;
    struct redis_writer *writer;
    struct flush *flush;
    struct event_feed *feed;
    struct event_reader *reader;
    struct event_port port;
    struct dice dice;
    uint64_t epoch;
    struct event_place newest;
    int64_t at_ms, step_ms;   /* of events, of the flush's heartbeat */
    struct alert_image *said; /* EVENTS_ROOM */
    uint32_t said_count;
};

static inline enum event_found next_event(void *ctx, bool first, struct image *out)
{
    return event_refill_next(&((struct world *)ctx)->refill, first, out);
}

static inline struct event_place newest_event(void *ctx)
{
    return ((struct world *)ctx)->newest;
}

/* --- its life --- */

static inline void begin(struct world *w)
{
    const struct journal_params journal = {.folder = w->folder, .counters = &w->counters};
    const struct image_source source = {.ctx = w,
                                        .space = city_image_space,
                                        .lot = city_image_lot,
                                        .override = city_image_override,
                                        .suspect = city_image_suspect,
                                        .event = next_event,
                                        .newest_event = newest_event};
    struct redis_writer_params writer = {.redis = w->params,
                                         .counters = &w->counters,
                                         .board = &w->city.board,
                                         .log_keep_ms = KEEP_DAYS * DAY_MS};
    struct event_place in_logs;

    assert_int_equal(journal_open(&journal, &w->journal), ERR_OK);
    assert_int_equal(redis_take_epoch(&w->params, &w->city.inv, w->epoch + 1, &w->epoch), ERR_OK);
    assert_int_equal(event_log_newest(&w->params, &in_logs), ERR_OK);
    assert_true(event_place_compare(in_logs, w->newest) <= 0);
    writer.epoch = w->epoch;
    w->city.at = (struct position){w->epoch, w->city.at.seq + 1};
    w->refill = (struct event_refill){.journal = w->journal, .kind = IMAGE_ALERT};
    w->ring = alert_ring_create(w->epoch);
    alert_ring_begin(w->ring, w->newest);
    w->writer = redis_writer_start(&writer);
    w->flush = flush_create(w->writer, &source);
    assert_int_equal(flush_reserve(w->flush, &w->city.inv), ERR_OK);
    flush_all(w->flush);
    w->feed = event_feed_create(&w->params, w->ring);
    w->reader = event_reader_create(w->feed);
    w->port = event_reader_port(w->reader);
}

/* As kill -9 does: what the queue held is only in the journal. */
static inline void end(struct world *w)
{
    event_reader_destroy(w->reader);
    event_feed_destroy(w->feed);
    redis_writer_stop(w->writer);
    flush_destroy(w->flush);
    event_refill_finish(&w->refill);
    alert_ring_destroy(w->ring);
    journal_close(w->journal);
}

static inline struct world *up(const char *acl)
{
    struct world *w = calloc(1, sizeof *w);

    assert_non_null(w);
    server_start(&w->server, acl);
    city_make(&w->city, 200);
    scratch_folder_make(w->folder, sizeof w->folder);
    w->params = (struct redis_params){
        .socket = w->server.socket, .timeout_ms = 500, .username = acl != NULL ? "gateway" : NULL};
    w->said = calloc(EVENTS_ROOM, sizeof *w->said);
    w->at_ms = w->step_ms = CITY_NOW_MS;
    w->newest.at_ms = CITY_NOW_MS - 1000; /* the history begins */
    w->dice.state = 7;
    begin(w);
    return w;
}

static inline void down(struct world *w)
{
    end(w);
    server_stop(&w->server);
    city_drop(&w->city);
    scratch_folder_remove(w->folder);
    free(w->said);
    free(w);
}

/* Steps the flush until all is confirmed. */
static inline void settle(struct world *w)
{
    const int64_t until_ms = host_boot_ms() + 20000;

    w->city.at.seq++;
    do {
        flush_step(w->flush, w->city.at, w->step_ms += 100, 0);
        pause_ms(1);
        assert_true(host_boot_ms() < until_ms);
    } while (flush_pending(w->flush) != 0 ||
             position_compare(flush_confirmed(w->flush), w->city.at) != 0);
}

/* What the core and the runner do with one change of an episode. */
static inline void say(struct world *w, const char *owner, const char *sharer)
{
    const struct record_stamp stamp = {
        .at = {w->epoch, ++w->city.at.seq},
          .now = {.at_ms = w->at_ms       },
          .inventory_version = 1
    };
    struct image image = {.kind = IMAGE_ALERT, .at = stamp.at};
    struct alert_image *alert = &image.alert;

    random_alert(&w->dice, alert);
    memset(alert->operator_code, 0, sizeof alert->operator_code);
    memset(alert->shares, 0, sizeof alert->shares);
    memcpy(alert->operator_code, owner, strlen(owner));
    alert->share_count = sharer != NULL;
    if (sharer != NULL) {
        memcpy(alert->shares[0].operator_code, sharer, strlen(sharer));
    }
    alert->fence = w->city.inv.lots[w->said_count % 2].key; /* this district, and the other */
    w->at_ms += w->said_count % 3 == 0;
    w->newest = (struct event_place){w->at_ms, w->newest.number + 1};
    alert->changed_ms = w->newest.at_ms;
    alert->event = w->newest.number;
    assert_int_equal(journal_append_images(w->journal, RECORD_EFFECT, &stamp, &image, 1), ERR_OK);
    assert_true(w->said_count < EVENTS_ROOM);
    w->said[w->said_count++] = *alert;
    flush_event(w->flush, &image);
    alert_ring_release(w->ring, alert_ring_put(w->ring, alert));
}

/* For one operator, two, or nobody but staff. */
static inline void say_some(struct world *w, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        const uint32_t who = dice_below(&w->dice, 8);

        say(w, who < 3 ? operators[who] : "", who >= 3 && who < 6 ? operators[who - 3] : NULL);
    }
}

/* --- reading --- */

/* Reads on until the feed says something else; every event must be the next one of the operator. */
static inline enum event_read read_on(struct world *w, const char *code, struct event_place *after,
                                      uint32_t *next, uint32_t *read)
{
    static struct alert_image page[PAGE];
    enum event_read result;

    *read = 0;
    do {
        uint32_t count;

        result = w->port.read(w->port.ctx, code, *after, page, PAGE, &count, after);
        assert_true(count == 0 || result == EVENT_READ_OK);
        for (uint32_t i = 0; i < count; i++, ++*next, ++*read) {
            while (*next < w->said_count && !alert_visible(&w->said[*next], code)) {
                ++*next;
            }
            assert_true(*next < w->said_count);
            assert_memory_equal(&page[i], &w->said[*next], sizeof page[i]);
        }
    } while (result == EVENT_READ_OK);
    while (*next < w->said_count && !alert_visible(&w->said[*next], code)) {
        ++*next;
    }
    return result;
}

/* Everybody reads all of its own from the first event on. */
static inline void assert_all_read(struct world *w)
{
    for (size_t i = 0; i < ARRAY_LEN(operators); i++) {
        struct event_place after = {0};
        uint32_t next = 0;
        uint32_t read;

        assert_int_equal(read_on(w, operators[i], &after, &next, &read), EVENT_READ_NONE);
        assert_int_equal(next, w->said_count);
        assert_int_equal(event_place_compare(after, w->newest), 0);
    }
}

/* --- asking Redis --- */

static inline long long entries(struct world *w)
{
    long long n = 0;

    for (size_t i = 0; i < ARRAY_LEN(operators); i++) {
        n += redis_number(&w->server, "XLEN bowei:{op:%s}:log", operators[i]);
    }
    return n;
}

static inline long long visible(const struct world *w)
{
    long long n = 0;

    for (uint32_t i = 0; i < w->said_count; i++) {
        const char *codes[ALERT_VIEWERS_MAX];

        n += alert_viewers(&w->said[i], codes);
    }
    return n;
}

#endif
