/* The lines of `bowei plan`: the requests of a round, how long they take, and whether the periods
 * can be kept. */
#include "bowei/line_plan.h"
#include "gateway/cli/plan.h"
#include <inttypes.h>
#include <string.h>

static bool is_serial(const struct line_config *line)
{
    return line->device != NULL;
}

/* "8E1" */
static void write_frame(const struct line_config *line, struct strbuf *out)
{
    const char parity = line->parity == NULL ? 'N' : (char)(line->parity[0] - 'a' + 'A');

    strbuf_printf(out, "%u%c%u", line->data_bits, parity, line->stop_bits);
}

/* n thousandths as "1.234" */
static void write_milli(int64_t n, struct strbuf *out)
{
    strbuf_printf(out, "%" PRId64 ".%03" PRId64, n / 1000, n % 1000);
}

/* us as ms with one decimal */
static void write_ms(int64_t us, struct strbuf *out)
{
    strbuf_printf(out, "%" PRId64 ".%" PRId64, us / 1000, us % 1000 / 100);
}

static void write_percent(int64_t ppm, struct strbuf *out)
{
    strbuf_printf(out, "%" PRId64 ".%" PRId64 " %%", ppm / 10000, ppm % 10000 / 1000);
}

static void json_request(const struct line_plan_request *r, struct json_writer *w)
{
    json_object(w);
    json_kv_u64(w, "function", r->function);
    json_kv_u64(w, "address", r->address);
    json_kv_u64(w, "count", r->count);
    json_kv_u64(w, "points", r->points);
    json_kv_u64(w, "request_bytes", r->request_bytes);
    json_kv_u64(w, "reply_bytes", r->reply_bytes);
    json_key(w, "time_ms");
    json_fixed(w, r->time_us, 3);
    json_object_end(w);
}

static void json_units(const struct line_config *line, const struct line_plan *plan,
                       struct json_writer *w)
{
    const struct line_plan_request *next = plan->requests;

    json_key(w, "units");
    json_array(w);
    for (uint32_t i = 0; i < line->unit_count; i++) {
        const struct unit_config *unit = &line->units[i];

        json_object(w);
        json_kv_str(w, "name", unit->name);
        json_kv_u64(w, "unit", unit->unit);
        json_kv_str(w, "map", unit->map);
        json_kv_u64(w, "period_ms", unit->period_ms);
        json_key(w, "round_ms");
        json_fixed(w, plan->units[i].round_us, 3);
        json_key(w, "load");
        json_fixed(w, plan->units[i].load_ppm, 6);
        json_key(w, "requests");
        json_array(w);
        for (uint32_t k = 0; k < plan->units[i].request_count; k++) {
            json_request(next++, w);
        }
        json_array_end(w);
        json_object_end(w);
    }
    json_array_end(w);
}

static void json_line(const struct line_config *line, const struct line_plan *plan,
                      struct json_writer *w)
{
    struct strbuf frame = {0};

    json_object(w);
    json_kv_str(w, "name", line->name);
    json_kv_str(w, "kind", is_serial(line) ? "rtu" : "tcp");
    if (is_serial(line)) {
        write_frame(line, &frame);
        json_kv_str(w, "device", line->device);
        json_kv_u64(w, "baud", line->baud);
        json_key(w, "frame");
        json_strn(w, frame.data == NULL ? "" : frame.data, frame.len);
        json_key(w, "character_ms");
        json_fixed(w, plan->character_ns, 6);
        json_key(w, "gap_ms");
        json_fixed(w, plan->gap_us, 3);
        json_kv_u64(w, "turnaround_ms", line->turnaround_ms);
        strbuf_finish(&frame);
    } else {
        json_kv_str(w, "host", line->host);
        json_kv_u64(w, "port", line->port);
    }
    json_kv_u64(w, "latency_ms", line->latency_ms);
    json_kv_u64(w, "requests", plan->request_count);
    json_key(w, "round_ms");
    json_fixed(w, plan->round_us, 3);
    json_key(w, "load");
    json_fixed(w, plan->load_ppm, 6);
    json_kv_bool(w, "keeps_periods", plan->load_ppm <= LINE_PLAN_FULL_PPM);
    json_units(line, plan, w);
    json_object_end(w);
}

static void text_head(const struct line_config *line, const struct line_plan *plan,
                      struct strbuf *out)
{
    if (is_serial(line)) {
        strbuf_printf(out, "line %s: RTU %s, %u bit/s ", line->name, line->device, line->baud);
        write_frame(line, out);
        strbuf_puts(out, ", character ");
        write_milli(plan->character_ns / 1000, out);
        strbuf_puts(out, " ms, gap ");
        write_milli(plan->gap_us, out);
        strbuf_printf(out, " ms, turn-around %u ms, latency %u ms\n", line->turnaround_ms,
                      line->latency_ms);
    } else {
        strbuf_printf(out, "line %s: TCP %s port %u, latency %u ms\n", line->name, line->host,
                      line->port, line->latency_ms);
    }
}

static void text_line(const struct line_config *line, const struct line_plan *plan,
                      struct strbuf *out)
{
    text_head(line, plan, out);
    strbuf_puts(out, "  unit                 no  function  address  count  points  bytes   time/ms"
                     "  period/ms     load\n");
    for (uint32_t i = 0; i < plan->request_count; i++) {
        const struct line_plan_request *r = &plan->requests[i];
        const struct unit_config *unit = &line->units[r->unit];
        const bool first = i == 0 || plan->requests[i - 1].unit != r->unit;
        const int64_t load = plan->units[r->unit].load_ppm;

        strbuf_printf(out, "  %-19s %3u  %8u  %7u  %5u  %6u  %5u  %5" PRId64 ".%03" PRId64,
                      first ? unit->name : "", unit->unit, r->function, r->address, r->count,
                      r->points, r->request_bytes + r->reply_bytes, r->time_us / 1000,
                      r->time_us % 1000);
        if (first) {
            strbuf_printf(out, "  %9u  %4" PRId64 ".%" PRId64 " %%", unit->period_ms, load / 10000,
                          load % 10000 / 1000);
        }
        strbuf_putc(out, '\n');
    }
    strbuf_printf(out, "  round of all units: %u request%s, ", plan->request_count,
                  plan->request_count == 1 ? "" : "s");
    write_ms(plan->round_us, out);
    strbuf_puts(out, " ms; load ");
    write_percent(plan->load_ppm, out);
    strbuf_puts(out, plan->load_ppm > LINE_PLAN_FULL_PPM ? ": CANNOT KEEP ITS PERIODS\n\n"
                                                         : " of the line's time\n\n");
}

/* By how much all periods must grow. */
static void note_overload(const struct line_config *line, const struct line_plan *plan,
                          struct plan_faults *faults)
{
    if (plan->load_ppm <= LINE_PLAN_FULL_PPM) {
        return;
    }
    faults->count++;
    strbuf_printf(&faults->text, "line %s cannot keep its periods: a round of all units takes ",
                  line->name);
    write_ms(plan->round_us, &faults->text);
    strbuf_puts(&faults->text, " ms, the load is ");
    write_percent(plan->load_ppm, &faults->text);
    strbuf_puts(&faults->text, "; periods must be ");
    write_milli((plan->load_ppm + 999) / 1000, &faults->text);
    strbuf_puts(&faults->text, " times as long, or units must move to another line\n");
}

enum err plan_lines(const struct config *config, struct json_writer *w, struct strbuf *out,
                    struct plan_faults *faults)
{
    struct line_plan plan;
    enum err e = ERR_OK;

    for (uint32_t i = 0; e == ERR_OK && i < config->line_count; i++) {
        e = line_plan_make(config, &config->lines[i], &plan);
        if (e == ERR_OK && w != NULL) {
            json_line(&config->lines[i], &plan, w);
        } else if (e == ERR_OK) {
            text_line(&config->lines[i], &plan, out);
        }
        if (e == ERR_OK) {
            note_overload(&config->lines[i], &plan, faults);
        }
        line_plan_finish(&plan);
    }
    return e;
}
