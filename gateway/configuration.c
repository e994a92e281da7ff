/* SIGHUP takes an edited configuration over. First everything that can fail: reading and checking,
 * the inventory with its new timings, the edited lines and links started but held. Only then the
 * inventory goes to the core and the lines and links are exchanged, which cannot fail. A setting
 * that needs a restart keeps its running value and is named. */
#include "gateway/configuration.h"
#include "bowei/base/city_clock.h"
#include "bowei/base/json_write.h"
#include "bowei/base/log.h"
#include "gateway/reload.h"
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define AREA "reload"

struct configuration {
    struct cli_origin origin;
    char path[PATH_MAX]; /* of the file, as it is told to others */
    struct config *first, *now;
    struct config **former; /* neither of the two; a line or link may read them */
    uint32_t former_count;
    uint64_t number; /* of reloads since the start */
};

/* One reload under way. */
struct turn {
    struct configuration *c;
    const struct configuration_parts *parts;
    struct config_report report;
    struct config *next;
    struct config_difference waiting; /* as the file stands: what needs a restart */
    struct config_difference difference;
    struct inventory *inventory; /* NULL = timings are as they were */
    struct field_change *change;
    struct push_table *sources;
    const char *result;
    char why[160]; /* of a refusal that is not in the report */
};

struct configuration *configuration_create(const struct cli_origin *origin, struct config *config)
{
    struct configuration *c = calloc(1, sizeof *c);

    if (c == NULL) {
        config_destroy(config);
        return NULL;
    }
    c->origin = *origin;
    if (realpath(origin->path, c->path) == NULL) {
        c->path[0] = '\0';
        strncat(c->path, origin->path, sizeof c->path - 1);
    }
    c->first = c->now = config;
    return c;
}

void configuration_destroy(struct configuration *c)
{
    if (c == NULL) {
        return;
    }
    for (uint32_t i = 0; i < c->former_count; i++) {
        config_destroy(c->former[i]);
    }
    free(c->former);
    if (c->now != c->first) {
        config_destroy(c->now);
    }
    config_destroy(c->first);
    free(c);
}

const struct config *configuration_now(const struct configuration *c)
{
    return c->now;
}

/* --- what is left in the state folder --- */

static void put(struct state_folder *state, const char *name, const struct strbuf *text)
{
    const enum err e =
        text->failed ? ERR_NO_MEMORY : state_folder_put(state, name, text->data, text->len);

    if (e != ERR_OK) {
        log_line(LOG_WARNING, AREA, "%s cannot be written: %s", name, err_text(e, 0));
    }
}

static void put_running(const struct configuration *c, struct state_folder *state)
{
    struct strbuf text = {0};

    strbuf_puts(&text, "# what the gateway runs with, without passwords\n");
    config_show(c->now, &text);
    put(state, STATE_RUNNING_CONFIG, &text);
    strbuf_finish(&text);
}

static void head_write(const struct configuration *c, const char *result, struct json_writer *w)
{
    json_kv_str(w, "result", result);
    json_kv_u64(w, "number", c->number);
    json_kv_u64(w, "pid", (uint64_t)getpid());
    json_kv_str(w, "config", c->path);
    json_kv_time(w, "at", host_wall_ms());
}

static void change_write(void *ctx, const char *kind, const char *name, const char *change)
{
    struct json_writer *w = ctx;

    json_object(w);
    json_kv_str(w, "kind", kind);
    json_kv_str(w, "name", name);
    json_kv_str(w, "change", change);
    json_object_end(w);
}

static void faults_write(const struct turn *t, struct json_writer *w)
{
    for (uint32_t i = 0; i < t->report.count; i++) {
        const struct config_fault *f = &t->report.faults[i];
        struct strbuf text = {0};

        strbuf_puts(&text, t->report.file);
        if (f->line > 0) {
            strbuf_printf(&text, ":%u:%u", f->line, f->column);
        }
        strbuf_printf(&text, ": %s", f->text);
        json_strn(w, text.data == NULL ? "" : text.data, text.len);
        strbuf_finish(&text);
    }
    if (t->why[0] != '\0') {
        json_str(w, t->why);
    }
}

/* former: what was in force before, to name what changed; NULL = nothing did. */
static void put_outcome(const struct turn *t, const struct config *former)
{
    struct strbuf text = {0};
    struct json_writer w;

    json_writer_init(&w, &text);
    json_object(&w);
    head_write(t->c, t->result, &w);
    json_key(&w, "errors");
    json_array(&w);
    faults_write(t, &w);
    json_array_end(&w);
    json_key(&w, "needs_restart");
    json_array(&w);
    for (uint32_t i = 0; i < t->waiting.waiting_count; i++) {
        json_str(&w, t->waiting.waiting[i]);
    }
    json_array_end(&w);
    json_key(&w, "changes");
    json_array(&w);
    if (former != NULL) {
        config_changes(former, t->c->now, &t->difference, change_write, &w);
    }
    json_array_end(&w);
    json_object_end(&w);
    strbuf_putc(&text, '\n');
    put(t->parts->state, STATE_RELOAD, &text);
    strbuf_finish(&text);
}

void configuration_started(struct configuration *c, struct state_folder *state)
{
    struct strbuf text = {0};
    struct json_writer w;

    put_running(c, state);
    json_writer_init(&w, &text);
    json_object(&w);
    head_write(c, "started", &w);
    json_object_end(&w);
    strbuf_putc(&text, '\n');
    put(state, STATE_RELOAD, &text);
    strbuf_finish(&text);
}

/* --- the reload --- */

/* Adopts what a line or link may still read, and frees what none does any more. */
static void keep_former(struct turn *t, struct config *former)
{
    struct configuration *c = t->c;
    uint32_t kept = 0;

    if (former != c->first) {
        c->former[c->former_count++] = former; /* room was made before */
    }
    for (uint32_t i = 0; i < c->former_count; i++) {
        if (field_uses(t->parts->field, c->former[i])) {
            c->former[kept++] = c->former[i];
        } else {
            config_destroy(c->former[i]);
        }
    }
    c->former_count = kept;
}

/* why: NULL, or what stands behind the colon. */
static bool refuse(struct turn *t, const char *what, const char *why)
{
    t->result = "refused";
    snprintf(t->why, sizeof t->why, "%s%s%s", what, why == NULL ? "" : ": ",
             why == NULL ? "" : why);
    return false;
}

static bool read_next(struct turn *t)
{
    const struct cli_origin *o = &t->c->origin;
    const struct config_origin origin = {
        .path = o->path, .overrides = o->sets, .override_count = o->set_count};
    const enum err e = cli_read_config(&origin, &t->report, &t->next);

    if (e == ERR_CONFIG) {
        t->result = "refused";
        return false;
    }
    return e == ERR_OK || refuse(t, "the file cannot be read", err_text(e, 0));
}

/* What was made ready is given up. */
static void discard(struct turn *t)
{
    if (t->change != NULL) {
        field_discard(t->change);
    }
    if (t->sources != NULL) {
        push_discard(t->sources);
    }
}

/* Everything that can fail. */
static bool prepare(struct turn *t)
{
    struct configuration *c = t->c;
    struct config **room = realloc(c->former, (c->former_count + 1) * sizeof(struct config *));
    enum err e = ERR_OK;

    if (room == NULL) {
        return refuse(t, err_text(ERR_NO_MEMORY, 0), NULL);
    }
    c->former = room;
    if (t->difference.timing) {
        e = load_inventory_again(t->next, t->parts->inventory, t->parts->build, &t->inventory);
        if (e != ERR_OK) {
            return refuse(t, "the inventory cannot be built with its timings", err_text(e, 0));
        }
    }
    t->change = field_prepare(t->parts->field, t->next, &t->difference);
    t->sources = push_prepare(t->next);
    if (t->change == NULL || t->sources == NULL) {
        discard(t);
        return refuse(t, "a line, link or push source cannot be started, see the log", NULL);
    }
    e = t->inventory == NULL ? ERR_OK : intake_inventory(t->parts->intake, t->inventory);
    if (e != ERR_OK) {
        discard(t);
        return refuse(t, "the inventory cannot be handed to the core", err_text(e, 0));
    }
    t->inventory = NULL; /* the core's now */
    return true;
}

static void change_log(void *ctx, const char *kind, const char *name, const char *change)
{
    (void)ctx;
    log_line(LOG_INFO, AREA, "%s %s: %s", kind, name, change);
}

/* Reads, compares, applies; true when something new is in force, with the former one in *former. */
static bool apply(struct turn *t, const struct config **former)
{
    struct configuration *c = t->c;
    struct config *was = c->now;

    if (!read_next(t)) {
        return false;
    }
    config_compare(was, t->next, &t->waiting);
    if (!config_keep(was, t->next)) {
        return refuse(t, err_text(ERR_NO_MEMORY, 0), NULL);
    }
    config_compare(was, t->next, &t->difference);
    if (!t->difference.live) {
        t->result = "unchanged";
        return false;
    }
    if (!prepare(t)) {
        return false;
    }
    config_changes(was, t->next, &t->difference, change_log, NULL);
    field_commit(t->parts->field, t->change);
    push_commit(t->parts->push, t->sources);
    log_set_level((enum log_level)t->next->log_level);
    c->now = t->next;
    t->next = NULL;
    t->result = "applied";
    *former = was;
    return true;
}

/* Says what became of it, in all places but the state folder. */
static void tell(const struct turn *t)
{
    static const struct {
        const char *result;
        enum counter counter;
    } counters[] = {
        {"applied",   COUNT_CONFIG_APPLIED  },
        {"unchanged", COUNT_CONFIG_UNCHANGED},
        {"refused",   COUNT_CONFIG_REFUSED  },
    };

    const bool refused = strcmp(t->result, "refused") == 0;

    for (size_t i = 0; i < ARRAY_LEN(counters); i++) {
        if (strcmp(counters[i].result, t->result) == 0) {
            count_add(t->parts->counters, counters[i].counter, 1);
        }
    }
    status_set(t->parts->status, DEGRADED_CONFIG_REFUSED, refused);
    for (uint32_t i = 0; i < t->report.count; i++) {
        const struct config_fault *f = &t->report.faults[i];

        log_line(LOG_ERROR, AREA, "%s:%u:%u: %s", t->report.file, f->line, f->column, f->text);
    }
    if (t->why[0] != '\0') {
        log_line(LOG_ERROR, AREA, "%s", t->why);
    }
    if (!refused) {
        atomic_store(&t->parts->status->config_waiting, t->waiting.waiting_count);
    }
    for (uint32_t i = 0; i < t->waiting.waiting_count; i++) {
        log_line(LOG_WARNING, AREA, "%s: needs a restart", t->waiting.waiting[i]);
    }
    log_line(refused ? LOG_ERROR : LOG_INFO, AREA, "configuration %s: %s%s", t->c->path, t->result,
             refused ? ", the former one stays in force" : "");
}

void configuration_reload(struct configuration *c, const struct configuration_parts *parts,
                          const char *busy)
{
    struct turn *t = calloc(1, sizeof *t);
    const struct config *former = NULL;
    bool applied = false;

    if (t == NULL) {
        log_line(LOG_ERROR, AREA, "no memory: the configuration stays as it is");
        return;
    }
    t->c = c;
    t->parts = parts;
    c->number++;
    applied = busy == NULL ? apply(t, &former) : refuse(t, busy, NULL);
    tell(t);
    if (applied) {
        put_running(c, parts->state);
    }
    put_outcome(t, former);
    if (applied) {
        keep_former(t, (struct config *)(uintptr_t)former);
    }
    inventory_destroy(t->inventory);
    config_destroy(t->next);
    free(t);
}
