/* Delivery with receivers that behave and receivers that do not: in order, at least once with the
 * same id, dead letters counted, one subscriber never waiting for another, nothing to inner
 * addresses whatever a name resolves to. The resolver is this file's own. */
#define _GNU_SOURCE /* RTLD_NEXT */
#include "bowei/base/bytes.h"
#include "gateway/delivery/signature.h"
#include "tests/unit/delivery_fixture.h"
#include <dlfcn.h>
#include <netdb.h>

/* --- the resolver --- */

static _Atomic uint32_t slow_lookups;

typedef int resolver(const char *host, const char *service, const struct addrinfo *hints,
                     struct addrinfo **out);

static resolver *real_resolver(void)
{
    resolver *real = NULL;
    void *found = dlsym(RTLD_NEXT, "getaddrinfo");

    memcpy(&real, &found, sizeof real);
    return real;
}

/* "inner.test" is a private address, "slow.test" takes 3 s; all else as it is. libcurl calls this
 * one: a symbol of the program comes before libc's. */
int getaddrinfo(const char *host, const char *service, const struct addrinfo *hints,
                struct addrinfo **out)
{
    if (host != NULL && strcmp(host, "inner.test") == 0) {
        return real_resolver()("10.11.12.13", service, hints, out);
    }
    if (host != NULL && strcmp(host, "slow.test") == 0) {
        atomic_fetch_add(&slow_lookups, 1);
        pause_ms(3000);
        return EAI_AGAIN;
    }
    return real_resolver()(host, service, hints, out);
}

/* --- what is promised --- */

static void events_come_in_order_signed_once(void **state)
{
    struct station *st = station_open("0,0,0");
    struct receiver *r = receiver_open();
    char id[WEBHOOK_ID_LEN + 1];

    (void)state;
    feed_add(&st->feed, "HLO"); /* before it: not told */
    subscribe_at(st, "HLO", r, id);
    for (int i = 0; i < 40; i++) {
        feed_add(&st->feed, i % 2 == 0 ? "HLO" : "MTN");
    }
    WAIT_FOR(atomic_load(&r->count) == 20, WAIT_MS);
    for (uint32_t i = 0; i < 20; i++) {
        char want[EVENT_ID_MAX];

        event_id_format(&(struct alert_image){.id = 2 + 2 * i, .version = 1}, want);
        assert_string_equal(r->posts[i].id, want);
        assert_memory_equal(r->posts[i].signature, "v1,", 3);
        assert_null(strchr(r->posts[i].signature, ' '));
    }
    assert_string_equal(st->note + 5 + WEBHOOK_ID_LEN, " of HLO"); /* "make W..." */
    /* the receiver has the last one a moment before its answer is noted */
    WAIT_FOR(strstr(tell(st, "HLO", DELIVERY_GET, id), "\"delivered\":20") != NULL, WAIT_MS);
    /* a new secret: the former one signs as well, behind the new one */
    (void)tell(st, "HLO", DELIVERY_ROTATE, id);
    feed_add(&st->feed, "HLO");
    WAIT_FOR(atomic_load(&r->count) == 21, WAIT_MS);
    assert_non_null(strstr(r->posts[20].signature, " v1,"));
    station_close(st);
    receiver_close(r);
}

static void a_restart_repeats_at_most_what_was_not_noted(void **state)
{
    struct station *st = station_open("0,0,0");
    struct receiver *r = receiver_open();
    char id[WEBHOOK_ID_LEN + 1];

    (void)state;
    subscribe_at(st, "HLO", r, id);
    for (uint32_t i = 0; i < 30; i++) {
        feed_add(&st->feed, "HLO");
        if (i % 10 == 5) {
            station_stop(st);
            station_start(st);
        }
    }
    for (uint32_t i = 1; i <= 30; i++) {
        WAIT_FOR(posts_of(r, i) >= 1, WAIT_MS);
    }
    assert_non_null(strstr(tell(st, "HLO", DELIVERY_LIST, ""), id));
    station_close(st);
    receiver_close(r);
}

static void one_that_hangs_holds_nobody_up(void **state)
{
    struct station *st = station_open("0,0,600");
    struct receiver *good = receiver_open();
    struct receiver *silent = receiver_open();
    struct receiver *gone = receiver_open();
    char url[64];
    char id[WEBHOOK_ID_LEN + 1];
    int64_t slowest_ms = 0;

    (void)state;
    atomic_store(&silent->manner, MANNER_SILENT);
    subscribe_at(st, "HLO", silent, id);
    (void)snprintf(url, sizeof url, "http://127.0.0.1:%u/", gone->port);
    receiver_close(gone); /* nobody listens there */
    subscribe(st, "HLO", url, id);
    subscribe(st, "HLO", "https://slow.test/", id);
    subscribe(st, "HLO", "https://inner.test/", id);
    subscribe_at(st, "HLO", good, id);
    for (uint32_t i = 0; i < 100; i++) {
        const int64_t at_ms = host_boot_ms();
        int64_t took_ms;

        feed_add(&st->feed, "HLO");
        WAIT_FOR(atomic_load(&good->count) == i + 1, WAIT_MS);
        took_ms = good->posts[i].at_ms - at_ms;
        slowest_ms = took_ms > slowest_ms ? took_ms : slowest_ms;
        pause_ms(10);
    }
    assert_true(slowest_ms < 1000); /* the others take 1 s and 3 s */
    assert_true(atomic_load(&slow_lookups) > 0);
    WAIT_FOR(count_get(&st->counters, COUNT_WEBHOOK_BLOCKED) >= 2, WAIT_MS);
    assert_non_null(strstr(tell(st, "HLO", DELIVERY_LIST, ""),
                           "10.11.12.13 is not a public address: private, RFC 1918"));
    {
        const int64_t at_ms = host_boot_ms();

        station_close(st); /* though a resolver hangs */
        assert_true(host_boot_ms() - at_ms < 2500);
    }
    receiver_close(good);
    receiver_close(silent);
}

static void what_fails_is_tried_then_a_dead_letter_then_replayed(void **state)
{
    struct station *st = station_open("0,0,0");
    struct receiver *r = receiver_open();
    char id[WEBHOOK_ID_LEN + 1];

    (void)state;
    atomic_store(&r->status, 500);
    subscribe_at(st, "HLO", r, id);
    for (uint32_t i = 0; i < 5; i++) {
        feed_add(&st->feed, "HLO");
    }
    /* the first has the whole schedule, the others one attempt each: the receiver is known to fail
     */
    WAIT_FOR(count_get(&st->counters, COUNT_WEBHOOK_DEAD) == 5, WAIT_MS);
    assert_int_equal(atomic_load(&r->count), 3 + 4);
    assert_int_equal(posts_of(r, 1), 3);
    assert_int_equal(posts_of(r, 2), 1);
    assert_non_null(strstr(tell(st, "HLO", DELIVERY_LETTERS, id), "\"reason\":\"answered 500\""));
    assert_non_null(strstr(tell(st, "HLO", DELIVERY_GET, id), "\"state\":\"failing\""));
    station_stop(st); /* they are kept */
    station_start(st);
    assert_non_null(strstr(tell(st, "HLO", DELIVERY_GET, id), "\"dead_letters\":5"));
    atomic_store(&r->status, 204);
    (void)tell(st, "HLO", DELIVERY_REPLAY, id);
    WAIT_FOR(atomic_load(&r->count) == 3 + 4 + 5, WAIT_MS);
    WAIT_FOR(strstr(tell(st, "HLO", DELIVERY_GET, id), "\"dead_letters\":0") != NULL, WAIT_MS);
    assert_non_null(strstr(tell(st, "HLO", DELIVERY_GET, id), "\"dead_letters_ever\":5"));
    assert_non_null(strstr(tell(st, "HLO", DELIVERY_GET, id), "\"state\":\"ok\""));
    /* an event that it refuses: three attempts, and the next one goes on */
    atomic_store(&r->status, 422);
    feed_add(&st->feed, "HLO");
    WAIT_FOR(count_get(&st->counters, COUNT_WEBHOOK_DEAD) == 6, WAIT_MS);
    assert_int_equal(posts_of(r, 6), 3);
    atomic_store(&r->status, 200);
    feed_add(&st->feed, "HLO");
    WAIT_FOR(posts_of(r, 7) == 1, WAIT_MS);
    station_close(st);
    receiver_close(r);
}

/* While one letter is read, one before it is asked for: both are sent, none is taken for lost. */
static void replays_asked_for_one_by_one(void **state)
{
    struct station *st = station_open("0");
    struct receiver *r = receiver_open();
    char id[WEBHOOK_ID_LEN + 1];

    (void)state;
    atomic_store(&r->status, 422);
    subscribe_at(st, "HLO", r, id);
    feed_add(&st->feed, "HLO");
    feed_add(&st->feed, "HLO");
    WAIT_FOR(count_get(&st->counters, COUNT_WEBHOOK_DEAD) == 2, WAIT_MS);
    atomic_store(&r->status, 200);
    pthread_mutex_lock(&st->feed.lock); /* the read of the second takes as long as this is held */
    for (uint32_t event = 2; event >= 1; event--) {
        char events[2][EVENT_ID_MAX];
        struct question q = {
            .rq = {.verb = DELIVERY_REPLAY, .events = events, .event_count = 2}
        };

        event_id_format(&(struct alert_image){.id = event, .version = 1}, events[0]);
        memcpy(events[1], events[0], sizeof events[1]); /* named twice, asked for once */
        memcpy(q.rq.operator_code, "HLO", sizeof "HLO");
        memcpy(q.rq.id, id, sizeof id);
        assert_int_equal(ask(st, &q), ERR_OK);
        assert_non_null(strstr(q.rq.answer.data, "\"asked\":1"));
        strbuf_finish(&q.rq.answer);
        (void)tell(st, "HLO", DELIVERY_GET, id); /* asked after it: the read is under way */
    }
    pthread_mutex_unlock(&st->feed.lock);
    WAIT_FOR(strstr(tell(st, "HLO", DELIVERY_GET, id), "\"dead_letters\":0") != NULL, WAIT_MS);
    assert_int_equal(posts_of(r, 1), 2);
    assert_int_equal(posts_of(r, 2), 2);
    station_close(st);
    receiver_close(r);
}

/* In another form a chat robot would answer 200 and take nothing: events wait for their template.
 */
static void a_template_that_is_gone_is_waited_for(void **state)
{
    static char name[] = "robot";
    static char type[] = "text/plain";
    static char body[] = "{event.id}";
    struct webhook_template form = {.name = name, .content_type = type, .body = body};
    struct station *st = station_open("0,0,0");
    struct receiver *r = receiver_open();
    char id[WEBHOOK_ID_LEN + 1];
    struct question q = {.rq = {.verb = DELIVERY_CREATE}};

    (void)state;
    station_stop(st);
    st->config.templates = &form;
    st->config.template_count = 1;
    station_start(st);
    memcpy(q.rq.operator_code, "HLO", sizeof "HLO");
    memcpy(q.rq.order.template_name, name, sizeof name);
    (void)snprintf(q.rq.order.url, sizeof q.rq.order.url, "http://127.0.0.1:%u/", r->port);
    assert_int_equal(ask(st, &q), ERR_OK);
    memcpy(id, q.rq.id, sizeof id);
    strbuf_finish(&q.rq.answer);
    station_stop(st);
    st->config.template_count = 0;
    station_start(st);
    feed_add(&st->feed, "HLO");
    WAIT_FOR(strstr(tell(st, "HLO", DELIVERY_GET, id), "\"state\":\"failing\"") != NULL, WAIT_MS);
    assert_non_null(strstr(tell(st, "HLO", DELIVERY_GET, id), "there is no template robot"));
    q = (struct question){.rq = {.verb = DELIVERY_TEST}};
    memcpy(q.rq.operator_code, "HLO", sizeof "HLO");
    memcpy(q.rq.id, id, sizeof id);
    assert_int_equal(ask(st, &q), ERR_CONFLICT);
    station_stop(st);
    assert_int_equal(atomic_load(&r->count), 0);
    st->config.template_count = 1;
    station_start(st);
    WAIT_FOR(posts_of(r, 1) == 1, WAIT_MS);
    WAIT_FOR(strstr(tell(st, "HLO", DELIVERY_GET, id), "\"state\":\"ok\"") != NULL, WAIT_MS);
    station_close(st);
    receiver_close(r);
}

static void gone_disables_until_it_is_enabled(void **state)
{
    struct station *st = station_open("0,0,0");
    struct receiver *r = receiver_open();
    char id[WEBHOOK_ID_LEN + 1];

    (void)state;
    atomic_store(&r->status, 410);
    subscribe_at(st, "HLO", r, id);
    feed_add(&st->feed, "HLO");
    WAIT_FOR(strstr(tell(st, "HLO", DELIVERY_GET, id), "\"state\":\"disabled\"") != NULL, WAIT_MS);
    feed_add(&st->feed, "HLO");
    station_stop(st);
    station_start(st);
    assert_non_null(strstr(tell(st, "HLO", DELIVERY_GET, id), "\"state\":\"disabled\""));
    assert_int_equal(atomic_load(&r->count), 1);
    atomic_store(&r->status, 200);
    (void)tell(st, "HLO", DELIVERY_TEST, id);
    WAIT_FOR(atomic_load(&r->count) == 2, WAIT_MS);
    assert_memory_equal(r->posts[1].id, "test-", 5);
    (void)tell(st, "HLO", DELIVERY_ENABLE, id);
    WAIT_FOR(posts_of(r, 1) == 2 && posts_of(r, 2) == 1, WAIT_MS);
    station_close(st);
    receiver_close(r);
}

/* Neither a redirect nor a body without end leads anywhere; Retry-After is waited for. */
static void receivers_that_misbehave(void **state)
{
    struct station *st = station_open("0,0,0,0");
    struct receiver *r = receiver_open();
    struct receiver *elsewhere = receiver_open();
    char id[WEBHOOK_ID_LEN + 1];
    int64_t waited_ms;

    (void)state;
    subscribe_at(st, "HLO", r, id);
    atomic_store(&r->redirect_port, elsewhere->port);
    atomic_store(&r->manner, MANNER_REDIRECT);
    feed_add(&st->feed, "HLO");
    WAIT_FOR(count_get(&st->counters, COUNT_WEBHOOK_DEAD) == 1, WAIT_MS);
    assert_int_equal(posts_of(r, 1), 4);
    assert_int_equal(atomic_load(&elsewhere->count), 0);
    atomic_store(&r->manner, MANNER_ENDLESS); /* its status was good */
    feed_add(&st->feed, "HLO");
    WAIT_FOR(count_get(&st->counters, COUNT_WEBHOOK_DELIVERED) == 1, WAIT_MS);
    atomic_store(&r->manner, MANNER_STATUS);
    atomic_store(&r->status, 429);
    atomic_store(&r->retry_after_s, 1);
    feed_add(&st->feed, "HLO");
    WAIT_FOR(posts_of(r, 3) == 1, WAIT_MS);
    atomic_store(&r->status, 200);
    WAIT_FOR(posts_of(r, 3) == 2, WAIT_MS);
    waited_ms =
        r->posts[atomic_load(&r->count) - 1].at_ms - r->posts[atomic_load(&r->count) - 2].at_ms;
    assert_true(waited_ms >= 950);
    station_close(st);
    receiver_close(r);
    receiver_close(elsewhere);
}

static void a_feed_that_is_away_or_has_forgotten(void **state)
{
    struct station *st = station_open("0,0,0");
    struct receiver *r = receiver_open();
    char id[WEBHOOK_ID_LEN + 1];

    (void)state;
    subscribe_at(st, "HLO", r, id);
    feed_add(&st->feed, "HLO");
    WAIT_FOR(posts_of(r, 1) == 1, WAIT_MS);
    pthread_mutex_lock(&st->feed.lock);
    st->feed.away = true;
    pthread_mutex_unlock(&st->feed.lock);
    feed_add(&st->feed, "HLO");
    feed_add(&st->feed, "HLO");
    feed_add(&st->feed, "HLO");
    pthread_mutex_lock(&st->feed.lock);
    st->feed.away = false;
    st->feed.expired = 3; /* 2 and 3 are not kept any more */
    pthread_mutex_unlock(&st->feed.lock);
    WAIT_FOR(posts_of(r, 4) == 1, WAIT_MS);
    assert_int_equal(posts_of(r, 2) + posts_of(r, 3), 0);
    assert_int_equal(count_get(&st->counters, COUNT_WEBHOOK_EXPIRED), 1);
    assert_non_null(strstr(tell(st, "HLO", DELIVERY_GET, id), "\"gaps\":1"));
    station_close(st);
    receiver_close(r);
}

/* An event that comes while an empty read is on its way back is not left lying. */
static void news_during_a_read_are_seen(void **state)
{
    struct station *st = station_open("0,0,0");
    struct receiver *r = receiver_open();
    char id[WEBHOOK_ID_LEN + 1];

    (void)state;
    subscribe_at(st, "HLO", r, id);
    pthread_mutex_lock(&st->feed.lock);
    st->feed.slow_ms = 100;
    pthread_mutex_unlock(&st->feed.lock);
    for (uint32_t i = 1; i <= 5; i++) {
        const int64_t at_ms = host_boot_ms();

        pause_ms(150);
        feed_add(&st->feed, "MTN"); /* nothing for HLO: its read takes 100 ms to say so */
        pause_ms(50);
        feed_add(&st->feed, "HLO");
        WAIT_FOR(posts_of(r, 2 * i) == 1, WAIT_MS);
        assert_true(host_boot_ms() - at_ms < 3000); /* the next look of its own is 10 s away */
    }
    station_close(st);
    receiver_close(r);
}

static enum err refusal(struct station *st, const char *op, enum delivery_verb verb, const char *id,
                        const char *url, char detail[160])
{
    struct question q = {.rq = {.verb = verb}};

    (void)snprintf(q.rq.operator_code, sizeof q.rq.operator_code, "%s", op);
    (void)snprintf(q.rq.id, sizeof q.rq.id, "%s", id);
    (void)snprintf(q.rq.order.url, sizeof q.rq.order.url, "%s", url);
    (void)ask(st, &q);
    memcpy(detail, q.rq.detail, sizeof q.rq.detail);
    strbuf_finish(&q.rq.answer);
    return q.rq.result;
}

static bool deliveries_hold(const struct station *st, const char *part)
{
    char path[256];
    char text[4096];
    FILE *f;
    size_t len;

    (void)snprintf(path, sizeof path, "%s/deliveries", st->folder);
    f = fopen(path, "re");
    len = f == NULL ? 0 : fread(text, 1, sizeof text - 1, f);
    text[len] = '\0';
    if (f != NULL) {
        (void)fclose(f);
    }
    return strstr(text, part) != NULL;
}

/* What was answered is on the disk: a crash in the next moment does not forget what was asked. */
static void a_replay_is_kept_before_it_is_answered(void **state)
{
    struct station *st = station_open("0");
    struct receiver *r = receiver_open();
    char id[WEBHOOK_ID_LEN + 1];
    char part[256];
    char detail[160];

    (void)state;
    atomic_store(&r->status, 422);
    subscribe_at(st, "HLO", r, id);
    feed_add(&st->feed, "HLO");
    WAIT_FOR(deliveries_hold(st, "\"replay\":false"), WAIT_MS);
    pthread_mutex_lock(&st->feed.lock); /* the event is not read, so nothing is sent meanwhile */
    (void)tell(st, "HLO", DELIVERY_REPLAY, id);
    assert_true(deliveries_hold(st, "\"replay\":true"));
    (void)snprintf(part, sizeof part, "%s/deliveries.new", st->folder);
    assert_int_equal(mkdir(part, 0700), 0); /* where the file is written: none can be */
    assert_int_equal(refusal(st, "HLO", DELIVERY_REPLAY, id, "", detail), ERR_IO);
    assert_int_equal(rmdir(part), 0);
    pthread_mutex_unlock(&st->feed.lock);
    station_close(st);
    receiver_close(r);
}

static void changes_are_refused_whole(void **state)
{
    struct station *st = station_open("0,0,0");
    char id[WEBHOOK_ID_LEN + 1];
    char foreign[160];
    char missing[160];

    (void)state;
    assert_int_equal(refusal(st, "HLO", DELIVERY_CREATE, "", "https://10.0.0.1/", foreign),
                     ERR_UNPROCESSABLE);
    assert_int_equal(refusal(st, "", DELIVERY_CREATE, "", "https://example.com/", foreign),
                     ERR_FORBIDDEN);
    assert_int_equal(st->audits, 0);
    st->audit = ERR_DISK_FULL; /* what is not audited is not done */
    assert_int_equal(refusal(st, "HLO", DELIVERY_CREATE, "", "https://example.com/", foreign),
                     ERR_DISK_FULL);
    assert_string_equal(tell(st, "HLO", DELIVERY_LIST, ""), "{\"items\":[]}");
    st->audit = ERR_OK;
    subscribe(st, "HLO", "https://example.com/a?key=secret", id);
    /* what is another's answers like what is not there */
    assert_int_equal(refusal(st, "MTN", DELIVERY_DELETE, id, "", foreign), ERR_NOT_FOUND);
    assert_int_equal(refusal(st, "MTN", DELIVERY_DELETE, "W0000000000000000", "", missing),
                     ERR_NOT_FOUND);
    assert_string_equal(foreign, missing);
    assert_string_equal(tell(st, "MTN", DELIVERY_LIST, ""), "{\"items\":[]}");
    assert_int_equal(refusal(st, "", DELIVERY_DELETE, id, "", foreign), ERR_FORBIDDEN);
    assert_non_null(strstr(tell(st, "", DELIVERY_LIST, ""), id));
    assert_non_null(strstr(tell(st, "", DELIVERY_GET, id), "\"url\":\"https://example.com/...\""));
    assert_null(strstr(tell(st, "HLO", DELIVERY_GET, id), "whsec_"));
    assert_non_null(strstr(tell(st, "HLO", DELIVERY_ROTATE, id), "whsec_"));
    assert_int_equal(refusal(st, "HLO", DELIVERY_DELETE, id, "", foreign), ERR_OK);
    /* 16 of one operator */
    for (int i = 0; i < 16; i++) {
        subscribe(st, "HLO", "https://example.com/", id);
    }
    assert_int_equal(refusal(st, "HLO", DELIVERY_CREATE, "", "https://example.com/", foreign),
                     ERR_CONFLICT);
    subscribe(st, "MTN", "https://example.com/", id);
    station_close(st);
}

/* A file that a crash tore is kept aside; the other one still holds. */
static void torn_files_are_survived(void **state)
{
    struct station *st = station_open("0,0,0");
    struct receiver *r = receiver_open();
    char id[WEBHOOK_ID_LEN + 1];
    char path[160];

    (void)state;
    subscribe_at(st, "HLO", r, id);
    feed_add(&st->feed, "HLO");
    WAIT_FOR(posts_of(r, 1) == 1, WAIT_MS);
    station_stop(st);
    (void)snprintf(path, sizeof path, "%s/deliveries", st->folder);
    assert_int_equal(truncate(path, 40), 0);
    station_start(st);
    assert_int_equal(count_get(&st->counters, COUNT_WEBHOOK_TORN), 1);
    WAIT_FOR(posts_of(r, 1) == 2, WAIT_MS); /* again, with the same id, rather than not at all */
    station_stop(st);
    (void)snprintf(path, sizeof path, "%s/subscriptions", st->folder);
    assert_int_equal(truncate(path, 40), 0);
    station_start(st);
    assert_int_equal(count_get(&st->counters, COUNT_WEBHOOK_TORN), 2);
    assert_string_equal(tell(st, "HLO", DELIVERY_LIST, ""), "{\"items\":[]}");
    station_close(st);
    receiver_close(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_come_in_order_signed_once),
        cmocka_unit_test(a_restart_repeats_at_most_what_was_not_noted),
        cmocka_unit_test(one_that_hangs_holds_nobody_up),
        cmocka_unit_test(what_fails_is_tried_then_a_dead_letter_then_replayed),
        cmocka_unit_test(replays_asked_for_one_by_one),
        cmocka_unit_test(a_replay_is_kept_before_it_is_answered),
        cmocka_unit_test(a_template_that_is_gone_is_waited_for),
        cmocka_unit_test(gone_disables_until_it_is_enabled),
        cmocka_unit_test(receivers_that_misbehave),
        cmocka_unit_test(a_feed_that_is_away_or_has_forgotten),
        cmocka_unit_test(news_during_a_read_are_seen),
        cmocka_unit_test(changes_are_refused_whole),
        cmocka_unit_test(torn_files_are_survived),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
