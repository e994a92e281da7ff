/* /metrics in OpenMetrics 1.0 text: the counters table, and gauges of what is now. No label is ever
 * an ID. */
#include "api/server.h"
#include "bowei/base/log.h"
#include <string.h>

static void family(struct strbuf *out, const char *name, const char *type, const char *help)
{
    strbuf_printf(out, "# TYPE %s %s\n# HELP %s %s\n", name, type, name, help);
}

static void counters_write(const struct counters *counters, struct strbuf *out)
{
    const char *metric = "";

    for (unsigned c = 0; c < COUNTER_COUNT; c++) {
        const struct counter_row *row = &counter_rows[c];
        bool labelled = row->label[0] != '\0';

        if (strcmp(metric, row->metric) != 0) {
            metric = row->metric;
            family(out, metric, "counter", row->help);
        }
        strbuf_printf(out, "%s_total%s%s%s %llu\n", metric, labelled ? "{" : "", row->label,
                      labelled ? "}" : "",
                      (unsigned long long)count_get(counters, (enum counter)c));
    }
}

/* A label value: backslash, quote and newline are escaped. */
static void label_put(struct strbuf *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '\\' || *text == '"') {
            strbuf_putc(out, '\\');
            strbuf_putc(out, *text);
        } else if (*text == '\n') {
            strbuf_puts(out, "\\n");
        } else {
            strbuf_putc(out, *text);
        }
    }
}

static void links_write(const struct status *status, struct strbuf *out)
{
    uint32_t links = atomic_load(&status->links);

    family(out, "bowei_link_up", "gauge",
           "1 while the MQTT link, the Modbus line or MQTT out is up");
    for (uint32_t i = 0; i < links && i < STATUS_LINKS_MAX; i++) {
        if (atomic_load(&status->link[i].gone)) {
            continue;
        }
        strbuf_puts(out, "bowei_link_up{kind=\"");
        label_put(out, status->link[i].kind);
        strbuf_puts(out, "\",link=\"");
        label_put(out, status->link[i].name);
        strbuf_printf(out, "\"} %d\n", atomic_load(&status->link[i].up) ? 1 : 0);
    }
}

static void gauge(struct strbuf *out, const char *name, const char *help, uint64_t value)
{
    family(out, name, "gauge", help);
    strbuf_printf(out, "%s %llu\n", name, (unsigned long long)value);
}

static void city_write(struct request *rq, struct strbuf *out)
{
    struct city_view city;
    const char *name = "bowei_spaces";

    view_city(rq->api->p.view, &rq->now, &city);
    family(out, name, "gauge", "places by state, those of count-only lots included");
    strbuf_printf(out, "%s{state=\"free\"} %llu\n", name, (unsigned long long)city.free);
    strbuf_printf(out, "%s{state=\"occupied\"} %llu\n", name, (unsigned long long)city.occupied);
    strbuf_printf(out, "%s{state=\"unknown\"} %llu\n", name, (unsigned long long)city.unknown);
    strbuf_printf(out, "%s{state=\"out_of_service\"} %llu\n", name,
                  (unsigned long long)city.out_of_service);
    gauge(out, "bowei_lots", "lots", city.lots);
    gauge(out, "bowei_single_spaces", "spaces with an ID of their own", city.single_spaces);
    gauge(out, "bowei_devices", "devices of the inventory",
          rq->inv == NULL ? 0 : rq->inv->device_count);
}

static void degraded_write(const struct status *status, bool lagging, struct strbuf *out)
{
    family(out, "bowei_degraded", "gauge", "1 while the gateway is degraded, by reason");
    for (unsigned d = 0; d < DEGRADED_COUNT; d++) {
        bool on = status_is(status, (enum degraded)d) || (lagging && d == DEGRADED_CORE_LAG);

        strbuf_printf(out, "bowei_degraded{reason=\"%s\"} %d\n", degraded_code((enum degraded)d),
                      on ? 1 : 0);
    }
}

void metrics_get(struct request *rq)
{
    struct api *api = rq->api;
    struct strbuf out = {0};

    rq->kind = REPLY_OPEN;
    family(&out, "bowei_build", "info", "version of the gateway");
    strbuf_puts(&out, "bowei_build_info{version=\"" BOWEI_VERSION "\"} 1\n");
    gauge(&out, "bowei_ready", "1 when answers are correct or unknown",
          atomic_load(&api->p.status->ready) ? 1 : 0);
    city_write(rq, &out);
    links_write(api->p.status, &out);
    degraded_write(api->p.status, rq->now.lagging, &out);
    gauge(&out, "bowei_http_connections", "open HTTP connections",
          connections_used(&api->connections));
    gauge(&out, "bowei_config_settings_waiting", "edited settings that wait for a restart",
          atomic_load(&api->p.status->config_waiting));
    gauge(&out, "bowei_log_lines_dropped", "log lines that standard error did not take",
          log_dropped());
    gauge(&out, "bowei_sse_clients", "open event streams", streams_count(&api->streams));
    gauge(&out, "bowei_changes_newest", "number of the newest change of this epoch",
          change_ring_newest(api->p.changes));
    counters_write(api->p.counters, &out);
    strbuf_puts(&out, "# EOF\n");
    respond_text(rq, 200, type_metrics, &out);
}
