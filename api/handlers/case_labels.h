#ifndef API_HANDLERS_CASE_LABELS_H
#define API_HANDLERS_CASE_LABELS_H

#include "api/params.h"
#include "bowei/case.h"

/* The words of prints: the labels of case_labels.def and the codes of cases in the language that
 * was asked for, or in both. */

enum case_label {

#define CASE_LABEL(name, code, en, zh) LABEL_##name,
#include "api/handlers/case_labels.def"
#undef CASE_LABEL
    CASE_LABEL_COUNT
};

#define LABEL_MAX 800 /**< bytes of the longest text in both languages */

const struct case_word *case_label_word(enum case_label label);
/** "中文", "English" or "中文 English" into out (LABEL_MAX); returns out. */
const char *case_word_in(enum print_lang lang, const struct case_word *word, char out[LABEL_MAX]);
const char *case_label_in(enum print_lang lang, enum case_label label, char out[LABEL_MAX]);

#endif
