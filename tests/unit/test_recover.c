/* Recovery against a real Redis and a real journal: the newest image wins, the epoch is taken, and
 * a Redis that comes late is merged. What the core makes of it is test_recovery_proof's. */

#include "tests/unit/recover_start.h"

#define SPACES     600u /* the override and the suspect are in batches of their own */
#define TIMEOUT_MS 1000
#define NEWER      3u /* the journal knows better */
#define OLDER      4u /* Redis does */
#define JOURNAL    5u /* Redis never had it */
#define OUT        431u

struct fixture {
    struct recover_start base;
    uint64_t redis_epoch; /* of the gateway that wrote */
    struct recovery recovery;
    struct image best[SPACES]; /* newest per space, as a core keeps it */
    struct image override, suspect;
    unsigned lots, replayed;
    struct position replayed_at;
};

/* --- the gateway before --- */

static void write_redis(struct fixture *f)
{
    const struct image_source source = {.ctx = &f->base.city,
                                        .space = city_image_space,
                                        .lot = city_image_lot,
                                        .override = city_image_override,
                                        .suspect = city_image_suspect};
    struct redis_writer_params params = {
        .redis = f->base.redis, .counters = &f->base.counters, .board = &f->base.city.board};
    struct image kept;
    struct flush *flush;

    assert_int_equal(redis_take_epoch(&f->base.redis, &f->base.city.inv, 5, &f->redis_epoch),
                     ERR_OK);
    params.epoch = f->redis_epoch;
    params.redis.timeout_ms = TIMEOUT_MS;
    struct redis_writer *writer = redis_writer_start(&params);
    assert_non_null(writer);
    flush = flush_create(writer, &source);
    assert_non_null(flush);
    assert_int_equal(flush_reserve(flush, &f->base.city.inv), ERR_OK);
    flush_all(flush);
    assert_true(city_image_override(&f->base.city, f->base.city.inv.spaces[OUT].key, &kept));
    assert_int_equal(flush_keep(flush, &kept), ERR_OK);
    assert_true(city_image_suspect(&f->base.city, 5, &kept));
    assert_int_equal(flush_keep(flush, &kept), ERR_OK);
    assert_true(flush_drain(flush, f->base.city.at, (struct now){.at_ms = CITY_NOW_MS}, 10000));
    redis_writer_stop(writer);
    flush_destroy(flush);
}

static void put_image(struct fixture *f, uint32_t slot, struct position at, uint8_t state)
{
    const struct record_stamp stamp = {
        .at = at, .now = {.at_ms = CITY_NOW_MS + (int64_t)at.seq}, .inventory_version = 1};
    struct image image;

    city_image_space(&f->base.city, slot, &image);
    image.at = at;
    image.space.state = image.space.known_state = state;
    assert_int_equal(journal_append_images(f->base.journal, RECORD_IMAGE, &stamp, &image, 1),
                     ERR_OK);
}

static void put_reading(struct fixture *f, uint32_t slot, struct position at)
{
    recover_start_reading(&f->base, slot, at, CITY_NOW_MS + (int64_t)at.seq);
}

/* A decision that Redis has not got yet. */
static void put_audit(struct fixture *f, struct position at)
{
    const struct record_stamp stamp = {
        .at = at, .now = {.at_ms = CITY_NOW_MS}, .inventory_version = 1};
    const struct image image = {.kind = IMAGE_AUDIT, .at = at};

    assert_int_equal(journal_append_images(f->base.journal, RECORD_EFFECT, &stamp, &image, 1),
                     ERR_OK);
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    assert_non_null(f);
    recover_start_open(&f->base, SPACES, TIMEOUT_MS);
    f->base.city.out = OUT;
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    recover_start_close(&f->base);
    free(f);
    return 0;
}

/* --- the gateway after --- */

static void on_restore(void *ctx, const struct image *image)
{
    struct fixture *f = ctx;

    if (image->kind == IMAGE_SPACE) {
        uint32_t slot = inventory_space(&f->base.city.inv, image->space.key);

        assert_true(slot < SPACES);
        if (position_compare(image->at, f->best[slot].at) > 0) {
            f->best[slot] = *image;
        }
    } else if (image->kind == IMAGE_OVERRIDE) {
        f->override = *image;
    } else if (image->kind == IMAGE_SUSPECT) {
        f->suspect = *image;
    } else {
        f->lots += image->kind == IMAGE_LOT;
    }
}

static void on_replay(void *ctx, const struct input *input)
{
    struct fixture *f = ctx;

    f->replayed++;
    f->replayed_at = input->at;
    assert_int_equal(
        f->base.city.inv.spaces[f->base.city.inv.sensors[input->reading.sensor].target].key,
        input->reading.root);
}

static struct recover_calls calls_of(struct fixture *f)
{
    return (struct recover_calls){f, on_restore, on_replay};
}

static struct recover_params params_of(struct fixture *f)
{
    return (struct recover_params){.state = f->base.state,
                                   .redis = &f->base.redis,
                                   .inventory = &f->base.city.inv,
                                   .counters = &f->base.counters,
                                   .wall_ms = CITY_NOW_MS + 60000};
}

static enum err run(struct fixture *f)
{
    const struct recover_params params = params_of(f);
    const struct recover_calls calls = calls_of(f);

    return recover_run(&params, &calls, &f->recovery);
}

static enum err late(struct fixture *f)
{
    const struct recover_params params = params_of(f);
    const struct recover_calls calls = calls_of(f);

    return recover_late(&params, &calls, &f->recovery);
}

static uint64_t epoch_in_redis(struct fixture *f, const char *adcode)
{
    redisContext *c = server_connect(&f->base.server);
    redisReply *reply = redisCommand(c, "GET bowei:{%s}:epoch", adcode);
    uint64_t epoch;

    assert_non_null(reply);
    assert_int_equal(reply->type, REDIS_REPLY_STRING);
    epoch = strtoull(reply->str, NULL, 10);
    freeReplyObject(reply);
    redisFree(c);
    return epoch;
}

static void assert_epoch(struct fixture *f)
{
    uint64_t stored = 0;

    assert_true(f->recovery.epoch_taken);
    assert_int_equal(epoch_in_redis(f, "150402"), f->recovery.epoch);
    assert_int_equal(epoch_in_redis(f, "150403"), f->recovery.epoch);
    assert_int_equal(state_folder_epoch(f->base.state, &stored), ERR_OK);
    assert_int_equal(stored, f->recovery.epoch);
}

static void the_newest_wins(void **state)
{
    struct fixture *f = *state;
    const struct position redis_at = f->base.city.at;

    write_redis(f);
    put_image(f, OLDER, (struct position){redis_at.epoch, redis_at.seq - 1}, SPACE_UNKNOWN);
    put_image(f, NEWER, (struct position){redis_at.epoch, redis_at.seq + 1}, SPACE_UNKNOWN);
    put_reading(f, JOURNAL, (struct position){redis_at.epoch, redis_at.seq + 2});
    put_audit(f, (struct position){redis_at.epoch, redis_at.seq + 3});
    assert_int_equal(run(f), ERR_OK);
    assert_true(f->recovery.redis_read);
    assert_false(f->recovery.clock_suspect);
    assert_true(f->recovery.epoch > f->redis_epoch);
    assert_epoch(f);
    assert_int_equal(f->recovery.next_seq, redis_at.seq + 4);
    assert_true(f->recovery.high_water_ms >= CITY_NOW_MS + (int64_t)redis_at.seq + 2);
    assert_int_equal(f->best[NEWER].space.state, SPACE_UNKNOWN);
    assert_int_equal(f->best[OLDER].space.state, f->base.city.spaces[OLDER].state);
    for (uint32_t i = 0; i < SPACES; i++) {
        assert_int_equal(f->best[i].at.epoch, redis_at.epoch);
    }
    assert_int_equal(f->lots, SPACES / CITY_LOT_SPACES);
    assert_int_equal(f->replayed, 1);
    assert_int_equal(f->replayed_at.seq, redis_at.seq + 2);
    assert_true(f->override.override.set);
    assert_true(f->override.override.key == f->base.city.inv.spaces[OUT].key);
    assert_true(f->suspect.suspect.set);
}

static void a_redis_that_is_away_comes_late(void **state)
{
    struct fixture *f = *state;
    int64_t begin_ms = host_boot_ms();
    uint64_t before;

    assert_int_equal(state_folder_set_epoch(f->base.state, 7), ERR_OK);
    put_image(f, JOURNAL, (struct position){7, 2000}, SPACE_UNKNOWN);
    server_kill(&f->base.server);
    assert_int_equal(run(f), ERR_OK);
    assert_true(host_boot_ms() - begin_ms < 2 * RECOVER_REDIS_MS);
    assert_false(f->recovery.redis_read);
    assert_false(f->recovery.epoch_taken);
    assert_int_equal(f->recovery.epoch,
                     (CITY_NOW_MS + 60000) / 1000); /* nobody knew a greater one */
    assert_int_equal(f->recovery.next_seq, 2001);
    assert_int_equal(f->best[JOURNAL].space.state, SPACE_UNKNOWN);
    assert_int_equal(f->best[NEWER].at.seq, 0);
    assert_int_equal(late(f), ERR_UNAVAILABLE);
    assert_false(f->recovery.redis_read);

    server_run(&f->base.server);
    write_redis(f);
    before = f->redis_epoch;
    assert_int_equal(late(f), ERR_OK);
    assert_true(f->recovery.redis_read);
    assert_true(f->recovery.epoch > before && f->recovery.epoch > 8);
    assert_epoch(f);
    assert_int_equal(f->best[NEWER].space.state, f->base.city.spaces[NEWER].state);
    assert_int_equal(f->best[JOURNAL].space.state, SPACE_UNKNOWN); /* newer than Redis's */
    assert_true(f->override.override.set);
    assert_int_equal(f->replayed, 0);
}

/* Stopped in the middle: the start does not hang on it. */
static void a_redis_that_hangs_is_away(void **state)
{
    struct fixture *f = *state;
    int64_t begin_ms = host_boot_ms();

    write_redis(f);
    kill(f->base.server.pid, SIGSTOP);
    assert_int_equal(run(f), ERR_OK);
    kill(f->base.server.pid, SIGCONT);
    assert_true(host_boot_ms() - begin_ms < 3 * RECOVER_REDIS_MS);
    assert_false(f->recovery.redis_read);
    assert_int_equal(late(f), ERR_OK);
    assert_epoch(f);
    assert_int_equal(f->best[OUT].space.state, f->base.city.spaces[OUT].state);
}

static void a_newer_schema_is_refused(void **state)
{
    struct fixture *f = *state;
    redisContext *c;

    write_redis(f);
    c = server_connect(&f->base.server);
    freeReplyObject(redisCommand(c, "HSET bowei:{150402}:meta schema 99"));
    redisFree(c);
    assert_int_equal(run(f), ERR_NEWER_SCHEMA);
    assert_int_equal(epoch_in_redis(f, "150402"), f->redis_epoch); /* nothing was taken */
}

/* A clock that is behind what was stored: told, so that nothing restored is believed. */
static void a_clock_set_back_is_told(void **state)
{
    struct fixture *f = *state;
    struct recover_params params = params_of(f);
    const struct recover_calls calls = calls_of(f);

    write_redis(f);
    params.wall_ms = CITY_NOW_MS - 3600000;
    assert_int_equal(recover_run(&params, &calls, &f->recovery), ERR_OK);
    assert_true(f->recovery.clock_suspect);
    assert_true(f->recovery.high_water_ms >= CITY_NOW_MS);
}

/* Lines of the log about the journal. */
static unsigned lines_of_journal(FILE *log)
{
    char line[512];
    unsigned n = 0;

    rewind(log);
    while (fgets(line, sizeof line, log) != NULL) {
        n += strstr(line, " journal: ") != NULL;
    }
    return n;
}

/* A torn tail that cannot be put aside stays where it is; both walks of a start pass it, and it is
 * told once. */
static void a_torn_tail_is_told_once(void **state)
{
    struct fixture *f = *state;
    const char *folder = state_folder_journal(f->base.state);
    const struct journal_params params = {.folder = folder, .counters = &f->base.counters};
    const struct recover_calls calls = calls_of(f);
    const int former = dup(STDERR_FILENO);
    FILE *log = tmpfile();
    char path[512];
    FILE *segment;

    put_image(f, JOURNAL, (struct position){7, 1}, SPACE_OCCUPIED);
    journal_close(f->base.journal);
    (void)snprintf(path, sizeof path, "%s/0000000000000007-0000000000000001.bwj", folder);
    segment = fopen(path, "ab");
    assert_non_null(segment);
    assert_int_equal(fputs("rubbish", segment) >= 0, 1);
    assert_int_equal(fclose(segment), 0);
    (void)strncat(path, ".torn", sizeof path - strlen(path) - 1);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_non_null(log);
    assert_true(dup2(fileno(log), STDERR_FILENO) >= 0);
    const enum err opened = journal_open(&params, &f->base.journal);
    const enum err images = recover_images(folder, &calls, &f->recovery);
    const enum err readings = recover_readings(folder, &f->base.city.inv, &calls, &f->recovery);
    (void)dup2(former, STDERR_FILENO);
    (void)close(former);
    assert_int_equal(opened, ERR_OK);
    assert_int_equal(images, ERR_OK);
    assert_int_equal(readings, ERR_OK);
    assert_int_equal(f->recovery.images, 1);
    assert_int_equal(lines_of_journal(log), 1);
    (void)fclose(log);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_newest_wins),
        TEST(a_redis_that_is_away_comes_late),
        TEST(a_redis_that_hangs_is_away),
        TEST(a_newer_schema_is_refused),
        TEST(a_clock_set_back_is_told),
        TEST(a_torn_tail_is_told_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
