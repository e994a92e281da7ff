/* A space with some of its members only (`fields=`). As hot as scene_space, so it copies ready
 * names, too; unit.api_places holds it to the plain writer's bytes. */
#include "api/ready_text.h"
#include "api/scene.h"

/* What the members are made of. */
struct some {
    struct scene *scene;
    const struct inv_space *space;
    const struct space_view *view;
    const struct site_text *lot;
    const struct site_text *site;
    struct place_tail tail;
    struct position_e7 at;
    int64_t distance_mm;
};

typedef char *member_put(const struct some *s, char *p);

static char *quoted_put(char *p, const char *text, size_t len)
{
    *p++ = '"';
    memcpy(p, text, len);
    p += len;
    *p++ = '"';
    return p;
}

static char *put_id(const struct some *s, char *p)
{
    *p++ = '"';
    p = id_put(p, s->site, s->tail);
    *p++ = '"';
    return p;
}

static char *put_display(const struct some *s, char *p)
{
    *p++ = '"';
    p = display_put(p, s->site, s->tail);
    *p++ = '"';
    return p;
}

static char *put_lot(const struct some *s, char *p)
{
    return quoted_put(p, s->lot->id, SPACE_ID_LEN);
}

static char *put_kind(const struct some *s, char *p)
{
    const char *name = place_kind_name((enum place_kind)s->site->kind);

    return quoted_put(p, name, strlen(name));
}

static char *put_state(const struct some *s, char *p)
{
    const char *name = space_state_name(s->view->state);

    return quoted_put(p, name, strlen(name));
}

static char *put_since(const struct some *s, char *p)
{
    return scene_time(s->scene, p, s->view->since_ms);
}

static char *put_seen(const struct some *s, char *p)
{
    return scene_time(s->scene, p, s->view->seen_ms);
}

static char *put_known(const struct some *s, char *p)
{
    const char *name = space_state_name(s->view->known_state);

    if (s->view->known_state == SPACE_UNKNOWN) {
        return PUT(p, "null");
    }
    *p++ = '{';
    p = PUT(p, "\"state\":");
    p = quoted_put(p, name, strlen(name));
    p = PUT(p, ",\"since\":");
    p = scene_time(s->scene, p, s->view->known_since_ms);
    *p++ = '}';
    return p;
}

static char *put_confidence(const struct some *s, char *p)
{
    return number_put(p, s->view->confidence);
}

static char *put_reason(const struct some *s, char *p)
{
    const char *code = reason_code(s->view->reason);

    return quoted_put(p, code, strlen(code));
}

static char *put_attributes(const struct some *s, char *p)
{
    *p++ = '[';
    p = attributes_put(p, s->space->attributes);
    *p++ = ']';
    return p;
}

static char *put_location(const struct some *s, char *p)
{
    const char *crs = crs_name(s->scene->crs);

    *p++ = '{';
    p = PUT(p, "\"crs\":");
    p = quoted_put(p, crs, strlen(crs));
    p = PUT(p, ",\"lat\":");
    p = degrees_put(p, s->at.lat);
    p = PUT(p, ",\"lon\":");
    p = degrees_put(p, s->at.lon);
    *p++ = '}';
    return p;
}

static char *put_distance(const struct some *s, char *p)
{
    return number_put(p, ((uint64_t)s->distance_mm + 500) / 1000);
}

/* In the order of the answer; all of a name's 16 bytes are copied, what follows is written over
 * their rest. */
#define NAME_MAX_LEN 16

static const struct {
    char name[NAME_MAX_LEN];
    uint8_t len;
    uint8_t member;
    member_put *put;
} rows[] = {

#define ROW(text, name, put)                                                                       \
    {                                                                                              \
        "\"" text "\":", sizeof(text) + 2, MEMBER_##name, put                                      \
    }
    ROW("id", ID, put_id),
    ROW("display", DISPLAY, put_display),
    ROW("lot", LOT, put_lot),
    ROW("kind", KIND, put_kind),
    ROW("state", STATE, put_state),
    ROW("since", SINCE, put_since),
    ROW("seen", SEEN, put_seen),
    ROW("known", KNOWN, put_known),
    ROW("confidence", CONFIDENCE, put_confidence),
    ROW("reason", REASON, put_reason),
    ROW("attributes", ATTRIBUTES, put_attributes),
    ROW("location", LOCATION, put_location),
    ROW("distance_m", DISTANCE_M, put_distance),
};

static char *members_put(const struct some *s, char *p, member_set members)
{
    char *begin = p;

    *p++ = '{';
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (members >> rows[i].member & 1) {
            memcpy(p, rows[i].name, NAME_MAX_LEN);
            p = rows[i].put(s, p + rows[i].len);
            *p++ = ',';
        }
    }
    p -= p > begin + 1; /* the last comma */
    *p++ = '}';
    return p;
}

char *scene_space_some(struct scene *scene, char *p, uint32_t slot, const struct space_view *view,
                       int64_t distance_mm)
{
    const struct inv_space *space = &scene->inv->spaces[slot];
    const struct site_text *lot = scene_memo_lot(scene->memo, scene->inv, space->lot);
    const struct site_text *site = scene_memo_site(scene->memo, lot, space->key);
    const struct some some = {.scene = scene,
                              .space = space,
                              .view = view,
                              .lot = lot,
                              .site = site,
                              .tail = site_text_tail(site, space->key),
                              .at = scene_at(scene, space->at),
                              .distance_mm = distance_mm};

    if (scene->geo) {
        p = scene_feature(p, site, some.tail, some.at);
    }
    p = members_put(&some, p, distance_mm >= 0 ? scene->members : scene->members & ~M(DISTANCE_M));
    if (scene->geo) {
        *p++ = '}';
    }
    return p;
}
