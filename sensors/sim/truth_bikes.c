/* The ground truth of the simulated bikes, one line of JSON an event; see truth_bikes.h. */
#include "sensors/sim/truth_bikes.h"
#include "bowei/base/json_write.h"

static void fence_put(struct json_writer *w, const char *key, const struct world_plan *plan,
                      uint32_t fence)
{
    char id[SPACE_ID_LEN + 1];

    if (fence == WORLD_NONE) {
        json_kv_null(w, key);
        return;
    }
    space_id_format(plan->fences[fence].key, id);
    json_kv_str(w, key, id);
}

static void stop_put(struct json_writer *w, const struct world_plan *plan,
                     const struct world_event *e)
{
    const struct world_stop *s = &e->stop;
    char ref[WORLD_ID_CAP];

    world_bike_ref(plan, s->bike, ref);
    json_kv_i64(w, "t", e->at_ms);
    json_kv_str(w, "vehicle", ref);
    json_kv_str(w, "event", e->kind == WORLD_STOP ? "stop" : "leave");
    fence_put(w, "fence", plan, s->park_mm < 0 ? s->fence : WORLD_NONE);
    json_kv_i64(w, "inside_mm", -s->park_mm);
    fence_put(w, "zone", plan, s->zone_mm < 0 ? s->zone : WORLD_NONE);
    json_kv_i64(w, "zone_mm", -s->zone_mm);
    json_kv_str(w, "class", world_class_name(s->class));
    json_kv_bool(w, "radio", s->radio);
    json_kv_bool(w, "heard", s->heard);
    json_kv_i64(w, "since", s->since_ms);
    json_key(w, "lat");
    json_fixed(w, s->at.lat, 7);
    json_key(w, "lon");
    json_fixed(w, s->at.lon, 7);
}

static void episode_put(struct json_writer *w, const struct world_plan *plan,
                        const struct world_event *e)
{
    const struct world_episode *p = &e->episode;
    char ref[WORLD_ID_CAP];

    json_kv_i64(w, "t", e->at_ms);
    json_kv_str(w, "episode", world_episode_name(p->kind));
    if (p->bike != WORLD_NONE) {
        world_bike_ref(plan, p->bike, ref);
        json_kv_str(w, "vehicle", ref);
    }
    if (p->fence != WORLD_NONE) {
        fence_put(w, "fence", plan, p->fence);
    }
    if (p->kind == WORLD_EPISODE_FEED_SUSPECT) {
        json_kv_str(w, "operator", world_operator_code(p->op));
    }
    if (p->kind == WORLD_EPISODE_PILE_UP) {
        json_kv_u64(w, "count", p->sure);
        json_kv_u64(w, "possible", p->possible);
        json_kv_u64(w, "capacity", plan->fences[p->fence].capacity);
    }
    json_kv_i64(w, "from", p->from_ms);
    if (p->until_ms == 0) {
        json_kv_null(w, "until");
    } else {
        json_kv_i64(w, "until", p->until_ms);
    }
}

void truth_bikes_add(struct truth *truth, const struct world_plan *plan,
                     const struct world_event *event)
{
    const bool stop = event->kind == WORLD_STOP || event->kind == WORLD_LEAVE;
    struct json_writer w;

    if (!stop && event->kind != WORLD_EPISODE) {
        return;
    }
    truth->count++;
    if (truth->fd < 0) {
        return;
    }
    json_writer_init(&w, &truth->lines);
    json_object(&w);
    if (stop) {
        stop_put(&w, plan, event);
    } else {
        episode_put(&w, plan, event);
    }
    json_object_end(&w);
    strbuf_putc(&truth->lines, '\n');
}
