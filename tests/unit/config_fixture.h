#ifndef TESTS_UNIT_CONFIG_FIXTURE_H
#define TESTS_UNIT_CONFIG_FIXTURE_H

/* Configurations out of texts, in the test's own folder. Included by one source a program. */
#include "tests/unit/own_folder.h"

#include "bowei/config.h"
#include "gateway/config/setting.h"

static inline enum err load_text(const char *text, struct config_report *report,
                                 struct config **out)
{
    return config_load(text_write("a.yaml", text), NULL, 0, report, out);
}

static inline int set_up(void **state)
{
    return folder_make(state) != 0 || setenv("BOWEI_SHORT", "fifteen-letters", 1) != 0;
}

#endif
