/* Words for prints, by language. */
#include "api/handlers/case_labels.h"
#include <stdio.h>
#include <string.h>

static const struct case_word labels[CASE_LABEL_COUNT] = {
/* clang-format off: a table is included */
#define CASE_LABEL(name, code, en, zh) {code, en, zh},
#include "api/handlers/case_labels.def"
#undef CASE_LABEL
    /* clang-format on */
};

const struct case_word *case_label_word(enum case_label label)
{
    return &labels[label];
}

const char *case_word_in(enum print_lang lang, const struct case_word *word, char out[LABEL_MAX])
{
    switch (lang) {
    case LANG_ZH: (void)snprintf(out, LABEL_MAX, "%s", word->zh); break;
    case LANG_EN: (void)snprintf(out, LABEL_MAX, "%s", word->en); break;
    case LANG_BOTH:
        (void)snprintf(out, LABEL_MAX, strcmp(word->zh, word->en) == 0 ? "%s" : "%s %s", word->zh,
                       word->en);
        break;
    }
    return out;
}

const char *case_label_in(enum print_lang lang, enum case_label label, char out[LABEL_MAX])
{
    return case_word_in(lang, &labels[label], out);
}
