/* The alert ring as an event stream for operators and staff. Each change of an alert is an event;
 * what opened in a storm is told as one summary, so that a recovery does not bury what matters. */
#include "api/handlers/fleet.h"
#include "api/stream_source.h"
#include "bowei/base/city_clock.h"
#include <string.h>

#define STORM_WAIT_MS 1000 /* a run of openings is told this long after its first */

static void event_open(struct stream *s, const char *name, uint64_t number)
{
    strbuf_printf(&s->out, "id: %llu-%llu\nevent: %s\ndata: ",
                  (unsigned long long)alert_ring_epoch(s->api->p.alerts),
                  (unsigned long long)number, name);
    count_add(s->api->p.counters, COUNT_SSE_EVENTS, 1);
}

static void run_add(struct storm_run *run, const struct alert_image *alert)
{
    uint32_t at = 0;

    if (run->count++ == 0) {
        run->due_ms = host_boot_ms() + STORM_WAIT_MS;
    }
    run->kinds[alert->kind]++;
    while (at < run->operator_count && strcmp(run->operators[at].code, alert->operator_code) != 0) {
        at++;
    }
    if (at == OPERATORS_MAX + 1) {
        return; /* more operators than an inventory has: from one before */
    }
    if (at == run->operator_count) {
        memcpy(run->operators[at].code, alert->operator_code, sizeof run->operators[at].code);
        run->operators[at].count = 0;
        run->operator_count++;
    }
    run->operators[at].count++;
}

/* {"count","kinds":{code:n},"operators":{code:n},"as_of"}: where to look is /v1/alerts. */
static void run_write(struct stream *s, struct view_now now)
{
    struct storm_run *run = &s->storm;
    struct json_writer w;

    event_open(s, "alert_storm", s->wanted - 1);
    json_writer_init(&w, &s->out);
    json_object(&w);
    json_kv_u64(&w, "count", run->count);
    json_key(&w, "kinds");
    json_object(&w);
    for (unsigned i = 0; i < ALERT_KIND_COUNT; i++) {
        if (run->kinds[i] > 0) {
            json_kv_u64(&w, alert_kind_code((enum alert_kind)i), run->kinds[i]);
        }
    }
    json_object_end(&w);
    json_key(&w, "operators");
    json_object(&w);
    for (uint32_t i = 0; i < run->operator_count; i++) {
        const char *code = run->operators[i].code;

        json_kv_u64(&w, code[0] == '\0' ? "city" : code, run->operators[i].count);
    }
    json_object_end(&w);
    json_kv_time(&w, "as_of", now.as_of_ms + now.shift_ms);
    json_object_end(&w);
    strbuf_puts(&s->out, "\n\n");
    *run = (struct storm_run){.count = 0};
}

static void alert_event(struct stream *s, struct view_now now, const struct alert_image *alert)
{
    const struct alert_reader reader = {s->operator_code, s->crs, now.shift_ms};
    struct json_writer w;

    event_open(s, "alert", s->wanted - 1);
    json_writer_init(&w, &s->out);
    alert_write(&reader, &w, alert);
    strbuf_puts(&s->out, "\n\n");
}

/* At the end of the ring: a run that has waited long enough is told, else the stream sleeps. */
static bool end_reached(struct stream *s, struct view_now now)
{
    const bool due = s->storm.count > 0 && host_boot_ms() >= s->storm.due_ms;

    s->looked = s->wanted - 1;
    if (due) {
        run_write(s, now);
    }
    s->due_ms = s->storm.count > 0 ? s->storm.due_ms : INT64_MAX;
    return due;
}

static bool fill(struct stream *s, const struct inventory *inv, struct view_now now)
{
    (void)inv;
    for (uint32_t i = 0; i < STREAM_SKIPS_MAX; i++) {
        struct alert_image alert;

        switch (alert_ring_get(s->api->p.alerts, s->wanted, &alert)) {
        case CHANGE_NONE_YET: return end_reached(s, now);
        case CHANGE_OVERRUN:
            s->storm = (struct storm_run){.count = 0};
            stream_reset(s);
            return true;
        case CHANGE_READ: break;
        }
        if (!alert_visible(&alert, s->operator_code)) {
            s->wanted++;
        } else if (alert.storm != 0 && alert.version == 1) {
            s->wanted++;
            run_add(&s->storm, &alert);
        } else if (s->storm.count > 0) {
            run_write(s, now); /* first what came before */
            return true;
        } else {
            s->wanted++;
            alert_event(s, now, &alert);
            return true;
        }
    }
    return true; /* look again: the caller loops while something may come */
}

static uint64_t epoch(const struct api *api)
{
    return alert_ring_epoch(api->p.alerts);
}

static uint64_t newest(const struct api *api)
{
    return alert_ring_newest(api->p.alerts);
}

static bool resume(struct stream *s, uint64_t number)
{
    struct alert_image alert;

    s->wanted = number + 1;
    return alert_ring_get(s->api->p.alerts, s->wanted, &alert) != CHANGE_OVERRUN;
}

/* A summary becomes due without a new number. */
static bool ready(struct stream *s, int64_t boot_ms)
{
    return boot_ms >= s->due_ms || newest(s->api) > s->looked;
}

const struct stream_source stream_of_alerts = {epoch, newest, resume, ready, fill};
