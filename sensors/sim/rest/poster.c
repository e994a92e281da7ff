/* The operators' back ends; see poster.h. An operator's items wait in a ring; a request takes the
 * first of them, and they leave the ring when it was answered. */
#include "sensors/sim/rest/poster.h"
#include "bowei/base/json_read.h"
#include "bowei/base/json_write.h"
#include "bowei/base/log.h"
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TIMEOUT_MS    10000L
#define RETRY_MS      500
#define GATHER_MS     500 /* between two requests, so that items come in batches */
#define RETRY_MOST_MS 15000
#define BATCH_TRIES   5 /* of a request that the gateway says is wrong; then its items go */
#define ANSWER_MAX    ((size_t)1 << 20)
#define NODES_MAX     (POSTER_BATCH * 16 + 64)
#define KEY_CAP       256
#define FDS_MAX       8

struct sender {
    char **items; /* ring of POSTER_KEEP texts */
    uint32_t head, count, batch, tries;
    CURL *easy;
    struct curl_slist *headers;
    struct strbuf body, answer;
    int64_t next_ms, backoff_ms;
    bool busy;
};

struct poster {
    CURLM *multi;
    struct sender senders[POSTER_OPERATORS];
    uint32_t count;
    struct poster_counts counts;
    struct json_node *nodes;
    bool quiet; /* the outage was told */
};

static size_t on_answer(char *data, size_t size, size_t n, void *ctx)
{
    struct sender *s = ctx;

    if (s->answer.len + size * n > ANSWER_MAX) {
        return 0;
    }
    strbuf_add(&s->answer, data, size * n);
    return s->answer.failed ? 0 : n * size;
}

/* The key of an operator. */
static bool key_find(const char *path, const char *code, char out[KEY_CAP])
{
    FILE *f = fopen(path, "re");
    char name[16];
    char key[KEY_CAP];
    bool found = false;

    while (f != NULL && !found && fscanf(f, "%15s %255s", name, key) == 2) {
        found = strcmp(name, code) == 0;
    }
    if (f != NULL) {
        (void)fclose(f);
    }
    if (found) {
        (void)snprintf(out, KEY_CAP, "%s", key);
    }
    return found;
}

static bool header_add(struct curl_slist **list, const char *text)
{
    struct curl_slist *longer = curl_slist_append(*list, text);

    *list = longer != NULL ? longer : *list;
    return longer != NULL;
}

static enum err sender_init(struct sender *s, const char *url, const char *key)
{
    char text[KEY_CAP + 40];

    s->items = calloc(POSTER_KEEP, sizeof *s->items);
    s->easy = curl_easy_init();
    (void)snprintf(text, sizeof text, "Authorization: Bearer %s", key);
    if (s->items == NULL || s->easy == NULL || !header_add(&s->headers, text) ||
        !header_add(&s->headers, "Content-Type: application/json") ||
        !header_add(&s->headers, "Expect:")) {
        return ERR_NO_MEMORY;
    }
    (void)curl_easy_setopt(s->easy, CURLOPT_URL, url);
    (void)curl_easy_setopt(s->easy, CURLOPT_HTTPHEADER, s->headers);
    (void)curl_easy_setopt(s->easy, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(s->easy, CURLOPT_TIMEOUT_MS, TIMEOUT_MS);
    (void)curl_easy_setopt(s->easy, CURLOPT_PROXY, "");
    (void)curl_easy_setopt(s->easy, CURLOPT_WRITEFUNCTION, on_answer);
    (void)curl_easy_setopt(s->easy, CURLOPT_WRITEDATA, s);
    (void)curl_easy_setopt(s->easy, CURLOPT_PRIVATE, s);
    return ERR_OK;
}

static void sender_finish(struct poster *p, struct sender *s)
{
    if (s->busy) {
        (void)curl_multi_remove_handle(p->multi, s->easy);
    }
    curl_easy_cleanup(s->easy);
    curl_slist_free_all(s->headers);
    for (; s->count > 0; s->count--) {
        free(s->items[s->head]);
        s->head = (s->head + 1) % POSTER_KEEP;
    }
    free(s->items);
    strbuf_finish(&s->body);
    strbuf_finish(&s->answer);
}

enum err poster_create(const char *url, const char *keys, const char *const *codes, uint32_t count,
                       struct poster **out)
{
    struct poster *p;
    char full[512];
    char key[KEY_CAP];
    enum err e = ERR_NO_MEMORY;

    if (count > POSTER_OPERATORS ||
        snprintf(full, sizeof full, "%s/v1/vehicles/telemetry", url) >= (int)sizeof full) {
        return ERR_BAD_PARAMETER;
    }
    (void)curl_global_init(CURL_GLOBAL_DEFAULT);
    p = calloc(1, sizeof *p);
    if (p == NULL) {
        return ERR_NO_MEMORY;
    }
    p->multi = curl_multi_init();
    p->nodes = calloc(NODES_MAX, sizeof *p->nodes);
    if (p->multi == NULL || p->nodes == NULL) {
        goto undo_poster;
    }
    for (; p->count < count; p->count++) {
        if (!key_find(keys, codes[p->count], key)) {
            e = ERR_NOT_FOUND;
            goto undo_poster;
        }
        e = sender_init(&p->senders[p->count], full, key);
        if (e != ERR_OK) {
            p->count++; /* what it has goes with the others */
            goto undo_poster;
        }
    }
    *out = p;
    return ERR_OK;
undo_poster:
    poster_destroy(p);
    return e;
}

void poster_destroy(struct poster *p)
{
    if (p != NULL) {
        for (uint32_t i = 0; i < p->count; i++) {
            sender_finish(p, &p->senders[i]);
        }
        (void)curl_multi_cleanup(p->multi);
        free(p->nodes);
        free(p);
        curl_global_cleanup();
    }
}

/* The first n items leave. */
static void ring_drop(struct sender *s, uint32_t n)
{
    for (; n > 0 && s->count > 0; n--) {
        free(s->items[s->head]);
        s->head = (s->head + 1) % POSTER_KEEP;
        s->count--;
    }
}

void poster_add(struct poster *p, uint32_t op, const char *item, size_t len)
{
    struct sender *s = &p->senders[op];
    char *copy = malloc(len + 1);

    if (copy == NULL) {
        p->counts.dropped++;
        return;
    }
    memcpy(copy, item, len);
    copy[len] = '\0';
    if (s->count == POSTER_KEEP) { /* not those on their way */
        if (s->busy) {
            free(copy);
            p->counts.dropped++;
            return;
        }
        ring_drop(s, 1);
        p->counts.dropped++;
    }
    s->items[(s->head + s->count) % POSTER_KEEP] = copy;
    s->count++;
}

static void body_write(struct sender *s)
{
    struct json_writer w;

    strbuf_clear(&s->body);
    json_writer_init(&w, &s->body);
    json_object(&w);
    json_kv_str(&w, "crs", "wgs84");
    json_key(&w, "items");
    json_array(&w);
    for (uint32_t i = 0; i < s->batch; i++) {
        const char *item = s->items[(s->head + i) % POSTER_KEEP];

        json_raw(&w, item, strlen(item));
    }
    json_array_end(&w);
    json_object_end(&w);
}

static void send_next(struct poster *p, struct sender *s)
{
    s->batch = s->count < POSTER_BATCH ? s->count : POSTER_BATCH;
    body_write(s);
    strbuf_clear(&s->answer);
    if (s->body.failed) {
        strbuf_finish(&s->body);
        return;
    }
    (void)curl_easy_setopt(s->easy, CURLOPT_POSTFIELDS, s->body.data);
    (void)curl_easy_setopt(s->easy, CURLOPT_POSTFIELDSIZE, (long)s->body.len);
    s->busy = curl_multi_add_handle(p->multi, s->easy) == CURLM_OK;
}

/* What became of each item. */
static void results_count(struct poster *p, const struct sender *s)
{
    struct json_doc doc;
    const struct json_node *items;
    const struct json_node *item;

    if (json_parse(&doc, s->answer.data, s->answer.len, p->nodes, NODES_MAX) != JSON_OK ||
        doc.nodes[0].kind != JSON_OBJECT) {
        return;
    }
    items = json_member(&doc, doc.nodes, "items");
    if (items == NULL || items->kind != JSON_ARRAY || items->count == 0) {
        return;
    }
    item = json_first(&doc, items);
    for (uint32_t i = 0; i < items->count; i++) {
        const struct json_node *result =
            item->kind == JSON_OBJECT ? json_member(&doc, item, "result") : NULL;

        if (result != NULL && result->kind == JSON_STRING) {
            p->counts.accepted += json_is_text(&doc, result, "accepted");
            p->counts.duplicate += json_is_text(&doc, result, "duplicate");
            p->counts.refused += json_is_text(&doc, result, "refused");
        }
        item = i + 1 < items->count ? json_after(&doc, item) : item;
    }
}

static bool wrong_for_ever(long status)
{
    return status == 400 || status == 413 || status == 422;
}

static void done(struct poster *p, struct sender *s, CURLcode result, int64_t now_ms)
{
    long status = 0;

    (void)curl_easy_getinfo(s->easy, CURLINFO_RESPONSE_CODE, &status);
    (void)curl_multi_remove_handle(p->multi, s->easy);
    s->busy = false;
    if (result == CURLE_OK && status >= 200 && status < 300) {
        results_count(p, s);
        ring_drop(s, s->batch);
        p->counts.posted++;
        s->tries = 0;
        s->backoff_ms = 0;
        s->next_ms = s->count < POSTER_BATCH ? now_ms + GATHER_MS : now_ms;
        if (p->quiet) {
            log_line(LOG_INFO, "sim", "the gateway takes telemetry again");
        }
        p->quiet = false;
        return;
    }
    p->counts.failed++;
    p->counts.last_status = result == CURLE_OK ? status : 0;
    if (!p->quiet) {
        log_line(LOG_WARNING, "sim", "telemetry is not taken (%s, status %ld); it is kept",
                 curl_easy_strerror(result), status);
        p->quiet = true;
    }
    if (result == CURLE_OK && wrong_for_ever(status) && ++s->tries == BATCH_TRIES) {
        p->counts.dropped += s->batch;
        ring_drop(s, s->batch);
        s->tries = 0;
    }
    s->backoff_ms = s->backoff_ms == 0                  ? RETRY_MS
                    : s->backoff_ms * 2 < RETRY_MOST_MS ? s->backoff_ms * 2
                                                        : RETRY_MOST_MS;
    s->next_ms = now_ms + s->backoff_ms;
}

void poster_turn(struct poster *p, int64_t now_ms)
{
    int running = 0;
    int left = 0;
    CURLMsg *message;

    for (uint32_t i = 0; i < p->count; i++) {
        struct sender *s = &p->senders[i];

        if (!s->busy && s->count > 0 && now_ms >= s->next_ms) {
            send_next(p, s);
        }
    }
    (void)curl_multi_perform(p->multi, &running);
    while ((message = curl_multi_info_read(p->multi, &left)) != NULL) {
        if (message->msg == CURLMSG_DONE) {
            char *owner = NULL;

            (void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &owner);
            done(p, (struct sender *)(void *)owner, message->data.result, now_ms);
        }
    }
}

void poster_wait(struct poster *p, struct pollfd *fds, uint32_t count, int wait_ms)
{
    struct curl_waitfd own[FDS_MAX] = {{0}};
    uint32_t used = 0;
    int ready = 0;

    for (uint32_t i = 0; i < count && i < FDS_MAX; i++) {
        fds[i].revents = 0;
        if (fds[i].fd >= 0) {
            own[used].fd = fds[i].fd;
            own[used].events = (short)((fds[i].events & POLLIN ? CURL_WAIT_POLLIN : 0) |
                                       (fds[i].events & POLLOUT ? CURL_WAIT_POLLOUT : 0));
            used++;
        }
    }
    (void)curl_multi_poll(p->multi, own, used, wait_ms, &ready);
    used = 0;
    for (uint32_t i = 0; i < count && i < FDS_MAX; i++) {
        if (fds[i].fd >= 0) {
            const short was = own[used++].revents;

            fds[i].revents = (short)((was & CURL_WAIT_POLLIN ? POLLIN : 0) |
                                     (was & CURL_WAIT_POLLOUT ? POLLOUT : 0));
        }
    }
}

struct poster_counts poster_counts(const struct poster *p)
{
    struct poster_counts counts = p->counts;

    counts.waiting = 0;
    for (uint32_t i = 0; i < p->count; i++) {
        counts.waiting += p->senders[i].count;
    }
    return counts;
}
