/* For those who run it: alive, ready, what there is. */
#include "api/server.h"
#include "bowei/base/json_write.h"
#include <string.h>

void livez_get(struct request *rq)
{
    struct strbuf out = {0};
    struct json_writer w;

    rq->kind = REPLY_OPEN;
    json_writer_init(&w, &out);
    json_object(&w);
    json_kv_str(&w, "status", "ok");
    json_object_end(&w);
    respond_text(rq, 200, type_json, &out);
}

void readyz_get(struct request *rq)
{
    const struct status *status = rq->api->p.status;
    bool stopping = atomic_load(&status->stopping) || atomic_load(&rq->api->stopping);
    bool ready = atomic_load(&status->ready) && !stopping && !rq->now.lagging && rq->inv != NULL;
    struct strbuf out = {0};
    struct json_writer w;

    rq->kind = REPLY_OPEN;
    json_writer_init(&w, &out);
    json_object(&w);
    json_kv_str(&w, "status", ready ? "ready" : "not_ready");
    json_key(&w, "reasons");
    json_array(&w);
    if (!atomic_load(&status->ready) || rq->inv == NULL) {
        json_str(&w, "starting");
    }
    if (stopping) {
        json_str(&w, "stopping");
    }
    for (unsigned d = 0; d < DEGRADED_COUNT; d++) {
        if (status_is(status, (enum degraded)d) || (rq->now.lagging && d == DEGRADED_CORE_LAG)) {
            json_str(&w, degraded_code((enum degraded)d));
        }
    }
    json_array_end(&w);
    json_object_end(&w);
    respond_text(rq, ready ? 200 : 503, type_json, &out);
}

void openapi_get(struct request *rq)
{
    struct strbuf out = {0};

    rq->kind = REPLY_STATIC;
    api_openapi(&out);
    respond_text(rq, 200, type_json, &out);
}

void index_get(struct request *rq)
{
    struct strbuf out = {0};
    struct json_writer w;
    size_t count;
    const struct route *rows = routes(&count);

    rq->kind = REPLY_STATIC;
    json_writer_init(&w, &out);
    json_object(&w);
    json_kv_str(&w, "name", "bowei");
    json_kv_str(&w, "version", BOWEI_VERSION);
    json_kv_str(&w, "openapi", "/openapi.json");
    json_key(&w, "paths");
    json_array(&w);
    for (size_t i = 0; i < count; i++) {
        /* each path once: a second method of one is the row behind it */
        if (rows[i].role == ROLE_PUBLIC &&
            (i == 0 || strcmp(rows[i - 1].path, rows[i].path) != 0)) {
            json_str(&w, rows[i].path);
        }
    }
    json_array_end(&w);
    json_object_end(&w);
    respond_text(rq, 200, type_json, &out);
    respond_header(rq, "Link", "</openapi.json>; rel=\"service-desc\"");
}
