/* Any bytes as a configuration file. What is accepted shows as YAML that is accepted again and
 * shows the same; what is refused has a fault inside the file. */
#define _GNU_SOURCE /* memmem */
#include "gateway/config/config_read.h"
#include "gateway/config/setting.h"
#include "tests/fuzz/fuzz.h"
#include <string.h>

/* Reads as config_load does, but from memory. NULL when there are faults. */
static struct config *read_text(const char *text, size_t len, struct config_report *report)
{
    struct config_source source = {.text = text, .len = len, .report = report};
    struct config *config = calloc(1, sizeof *config);

    claim(config != NULL);
    memset(report, 0, sizeof *report);
    claim(config_read(&source, NULL, 0, config));
    config_check(&source, config);
    config_source_sort(&source);
    config_source_finish(&source);
    if (report->count > 0) {
        config_destroy(config);
        return NULL;
    }
    return config;
}

static uint32_t lines_of(const char *text, size_t len)
{
    uint32_t lines = 1;

    for (size_t i = 0; i < len; i++) {
        lines += text[i] == '\n' || text[i] == '\r' || (unsigned char)text[i] >= 0x80;
    }
    return lines; /* an upper bound: YAML also ends lines at NEL, LS and PS */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct config_report report;
    struct strbuf first = {0};
    struct strbuf second = {0};
    const char *text = (const char *)data;
    struct config *config = read_text(text, size, &report);
    struct config *again = NULL;

    if (config == NULL) {
        for (uint32_t i = 0; i < report.count; i++) {
            /* UTF-16 files are re-encoded: their lines are not ours to count */
            claim(report.faults[i].text[0] != '\0');
            claim(report.faults[i].line <= lines_of(text, size) + size);
        }
        config_report_print(&report, &first);
        strbuf_finish(&first);
        return 0;
    }
    config_show(config, &first);
    config_destroy(config);
    if (memmem(first.data, first.len, "not shown", 9) == NULL) { /* a secret does not come back */
        again = read_text(first.data, first.len, &report);
        claim(again != NULL);
        config_show(again, &second);
        claim(first.len == second.len && memcmp(first.data, second.data, first.len) == 0);
        config_destroy(again);
    }
    strbuf_finish(&first);
    strbuf_finish(&second);
    return 0;
}
