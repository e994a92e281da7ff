/* What the log says of a line and its units: each turn for better or worse, but of one that turns
 * all the time, as many do on a noisy bus, four at once and then one every 10 s. The last state is
 * always told in the end: the log never closes with a word that is no longer true. */
#include "bowei/base/log.h"
#include "sensors/modbus/line_state.h"

#define AREA      "modbus"
#define EVERY_MS  10000
#define AT_ONCE   4
#define CREDIT_MS ((AT_ONCE - 1) * (int64_t)EVERY_MS)

/* Has the log to be told, and may it be? */
static bool tell_now(struct line_told *told, bool bad, int64_t boot_ms)
{
    if (told->bad == bad || told->paid_until_ms - boot_ms > CREDIT_MS) {
        return false;
    }
    told->bad = bad;
    told->paid_until_ms =
        (told->paid_until_ms > boot_ms ? told->paid_until_ms : boot_ms) + EVERY_MS;
    return true;
}

void line_tell_unit(struct unit *unit, int64_t boot_ms)
{
    const bool failing = breaker_is_open(unit->breaker);

    if (!tell_now(&unit->told, failing, boot_ms)) {
        return;
    }
    if (failing) {
        log_line(LOG_WARNING, AREA, "%s: %s%s; only probed from now on", unit->device,
                 unit->breaker->answered ? "failed three times, now: " : "",
                 unit->why != NULL ? unit->why : "no answer");
    } else {
        log_line(LOG_INFO, AREA, "%s: answers again", unit->device);
    }
}

void line_tell(struct line *line, int64_t boot_ms)
{
    if (tell_now(&line->told, !line->up, boot_ms)) {
        log_line(LOG_INFO, AREA, "%s: the line is %s", line->params.config->name,
                 line->up ? "up" : "down");
    }
}
