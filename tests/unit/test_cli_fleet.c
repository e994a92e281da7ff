/* `bowei fences`, `alerts`, `vehicles` and `coverage`: each in a child process against a small
 * server that notes what it was asked and gives one answer back. */
#include "tests/unit/cli_fixture.h"
#include "tests/unit/loopback.h"

#define ASKED_MAX 8192

static char asked[ASKED_MAX];

/* What the server says: the head of one answer and its body. */
struct said {
    const char *status, *type, *body;
};

/* One request in, one answer out. A body has come when its length has. */
static void serve(int listening, const struct said *said)
{
    char text[ASKED_MAX];
    int fd = accept(listening, NULL, NULL);
    size_t len = 0;
    size_t want = ASKED_MAX;

    assert_true(fd >= 0);
    while (len < want && len < ASKED_MAX - 1) {
        ssize_t got = read(fd, asked + len, ASKED_MAX - 1 - len);
        char *end;
        const char *length;

        if (got <= 0) {
            break;
        }
        len += (size_t)got;
        asked[len] = '\0';
        end = strstr(asked, "\r\n\r\n");
        length = strstr(asked, "Content-Length: ");
        if (end != NULL) {
            want =
                (size_t)(end + 4 - asked) + (length == NULL ? 0 : strtoul(length + 16, NULL, 10));
        }
    }
    len = (size_t)snprintf(text, sizeof text,
                           "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
                           "Connection: close\r\n\r\n%s",
                           said->status, said->type, strlen(said->body), said->body);
    assert_int_equal(write(fd, text, len), (ssize_t)len);
    close(fd);
}

/* Runs "bowei" with the words of `line`, split at blanks, and --url; `said` NULL: nobody is asked.
 */
static int ask(const char *line, const struct said *said)
{
    const char *words[CLI_WORDS_MAX + 1] = {NULL};
    char split[512];
    char url[LOOPBACK_URL_CAP];
    char *rest = split;
    uint16_t port = 0;
    const int listening = loopback_listen(&port);
    pid_t child;
    int n = 0;

    loopback_url(port, url);
    (void)snprintf(split, sizeof split, "%s", line);
    for (char *word; n < CLI_WORDS_MAX - 2 && (word = strsep(&rest, " ")) != NULL;) {
        words[n++] = word;
    }
    words[n++] = "--url";
    words[n] = url;
    asked[0] = '\0';
    child = bowei_begin(words);
    if (said != NULL) {
        serve(listening, said);
    }
    close(listening);
    return bowei_end(child);
}

static const struct said nothing = {"200 OK", "application/json", "{\"items\":[]}"};

/* --- what is asked --- */

static void requests(void **state)
{
    static const struct {
        const char *line, *asks;
    } rows[] = {
        {"fences list",                                               "GET /v1/fences HTTP/"                        },
        {"fences list --use no_park --bbox 1,2,3,4",                  "GET /v1/fences?use=no_park&bbox=1,2,3,4 "    },
        {"fences near --lat 42.2 --lon 118.8 --crs bd09",
         "GET /v1/fences/near?lat=42.2&lon=118.8&crs=bd09 "                                                         },
        {"fences show 150402001F00100008",                            "GET /v1/fences/150402001F00100008 "          },
        {"lots --limit 5 --min-free 2",                               "GET /v1/lots?min_free=2&limit=5 "            },
        {"lots 150402001R00100008 --crs bd09",                        "GET /v1/lots/150402001R00100008?crs=bd09 "   },
        {"coverage streets",                                          "GET /v1/coverage HTTP/"                      },
        {"coverage gaps --kind no_unit,no_grid --limit 5",
         "GET /v1/coverage/gaps?kind=no_unit,no_grid&limit=5 "                                                      },
        {"coverage gaps --csv",                                       "GET /v1/coverage/gaps?format=csv "           },
        {"coverage streets --csv",                                    "GET /v1/coverage?format=csv "                },
        {"coverage show 150402001R00100008 --trades",                 "GET /v1/coverage/150402001R00100008 "        },
        {"vehicles list --verdict outside --limit 5",                 "GET /v1/vehicles?verdict=outside&limit=5 "   },
        {"vehicles show HLO-1000",                                    "GET /v1/vehicles/HLO-1000 "                  },
        {"vehicles verdict HLO-1000 --crs gcj02",                     "GET /v1/vehicles/HLO-1000/verdict?crs=gcj02 "},
        {"zombies list --stage overdue --lat 42.2 --lon 118.8 --csv",
         "GET /v1/vehicles/zombies?stage=overdue&lat=42.2&lon=118.8&format=csv "                                    },
        {"alerts list --state open --kind pile_up",                   "GET /v1/alerts?state=open&kind=pile_up "     },
        {"alerts list --csv --vehicle HLO-1000",                      "GET /v1/alerts?vehicle=HLO-1000&format=csv " },
        {"alerts show A0123456789abcdef",                             "GET /v1/alerts/A0123456789abcdef "           },
        {"alerts mute F1 --minutes 5",                                "POST /v1/fences/F1/mute "                    },
        {"alerts mute F1 --end",                                      "DELETE /v1/fences/F1/mute "                  },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(ask(rows[i].line, &nothing), CLI_OK);
        if (strncmp(asked, rows[i].asks, strlen(rows[i].asks)) != 0) {
            fail_msg("%s asked %.100s", rows[i].line, asked);
        }
    }
}

static void moves_are_one_request(void **state)
{
    static const char *const events[] = {"ack",     "dispatch", "resolve",
                                         "dispute", "uphold",   "dismiss"};
    static const struct said done = {"200 OK", "application/json",
                                     "{\"items\":[{\"id\":\"A1\",\"result\":\"done\"},"
                                     "{\"id\":\"A2\",\"result\":\"done\"}]}"};
    static const struct said half = {"200 OK", "application/json",
                                     "{\"items\":[{\"id\":\"A1\",\"result\":\"done\"},"
                                     "{\"id\":\"A2\",\"result\":\"not_found\"}]}"};

    (void)state;
    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++) {
        char line[80];
        char body[120];

        (void)snprintf(line, sizeof line, "alerts %s A1 A2 --note seen", events[i]);
        assert_int_equal(ask(line, &done), CLI_OK);
        assert_int_equal(strncmp(asked, "POST /v1/alerts/bulk ", 21), 0);
        (void)snprintf(body, sizeof body,
                       "{\"event\":\"%s\",\"ids\":[\"A1\",\"A2\"],\"note\":\"seen\"}", events[i]);
        assert_non_null(strstr(asked, body));
    }
    assert_int_equal(ask("alerts ack A1 A2", &half), CLI_CONFLICT);
    assert_non_null(strstr(out_text, "not_found"));
}

static void webhooks(void **state)
{
    /* clang-format off */
    static const struct {
        const char *line, *asks, *body;
    } rows[] = {
        {"webhooks list", "GET /v1/webhooks HTTP/", ""},
        {"webhooks show W1", "GET /v1/webhooks/W1 ", ""},
        {"webhooks letters W1", "GET /v1/webhooks/W1/deliveries ", ""},
        {"webhooks test W1", "POST /v1/webhooks/W1/test ", ""},
        {"webhooks enable W1", "POST /v1/webhooks/W1/enable ", ""},
        {"webhooks delete W/1", "DELETE /v1/webhooks/W%2F1 ", ""},
        {"webhooks rotate W1", "POST /v1/webhooks/W1/rotate ", "{}"},
        {"webhooks rotate W1 --overlap 60", "POST /v1/webhooks/W1/rotate ", "{\"overlap_s\":60}"},
        {"webhooks replay W1", "POST /v1/webhooks/W1/replay ", "\r\n\r\n{}"},
        {"webhooks replay W1 A1.2 A2.1", "POST /v1/webhooks/W1/replay ",
         "{\"events\":[\"A1.2\",\"A2.1\"]}"},
        {"webhooks create https://x/ --kinds pile_up,out_of_fence --severity 2 --districts 150402",
         "POST /v1/webhooks ", "{\"url\":\"https://x/\",\"kinds\":[\"pile_up\",\"out_of_fence\"],"
         "\"districts\":[\"150402\"],\"severity\":2}"},
    };
    /* clang-format on */
    static const struct said made = {"200 OK", "application/json",
                                     "{\"id\":\"W1\",\"secret\":\"whsec_abc\"}"};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(ask(rows[i].line, &nothing), CLI_OK);
        if (strncmp(asked, rows[i].asks, strlen(rows[i].asks)) != 0 ||
            strstr(asked, rows[i].body) == NULL) {
            fail_msg("%s asked %.300s", rows[i].line, asked);
        }
    }
    assert_int_equal(ask("webhooks create https://x/", &made), CLI_OK);
    assert_non_null(strstr(out_text, "whsec_abc"));
    assert_int_equal(ask("webhooks create", NULL), CLI_USAGE);
    assert_int_equal(ask("webhooks create u --severity high", NULL), CLI_USAGE);
    assert_int_equal(ask("webhooks rotate W1 --overlap 1d", NULL), CLI_USAGE);
    assert_int_equal(ask("webhooks show", NULL), CLI_USAGE);
    assert_int_equal(ask("webhooks replay", NULL), CLI_USAGE);
}

/* --- what is shown --- */

static void answers(void **state)
{
    static const struct said csv = {"200 OK", "text/csv", "\xef\xbb\xbfid,kind\r\nA1,pile_up\r\n"};
    static const struct said page = {
        "200 OK", "application/json\r\nLink: </v1/lots?limit=1&cursor=ab-_c>; rel=\"next\"",
        "{\"items\":[{\"id\":\"L1\"}],\"next\":\"ab-_c\"}"};
    static const struct said one = {"200 OK", "application/json",
                                    "{\"vehicle\":\"HLO-1000\",\"verdict\":\"outside\","
                                    "\"rule\":\"gnss_outside\",\"distance_m\":42}"};
    static const struct said groups = {
        "200 OK", "application/json",
        "{\"groups\":[{\"group\":1,\"items\":[{\"group\":1,\"case\":\"N-1\"},"
        "{\"group\":1,\"case\":\"N-2\"}]},{\"group\":2,\"items\":[{\"group\":2,\"case\":\"N-3\"}]}]"
        "}"};
    static const struct said missing = {"404 Not Found", "application/problem+json",
                                        "{\"code\":\"not_found\"}"};
    static const struct said denied = {"401 Unauthorized", "application/problem+json",
                                       "{\"code\":\"unauthenticated\"}"};

    (void)state;
    assert_int_equal(ask("alerts list --csv", &csv), CLI_OK);
    assert_string_equal(out_text, csv.body);
    /* nobody takes a page for the whole */
    assert_int_equal(ask("lots --limit 1", &page), CLI_OK);
    assert_string_equal(wrong_text, "bowei: there is more, go on with --cursor ab-_c\n");
    assert_int_equal(ask("lots --limit 1 --json", &page), CLI_OK);
    assert_string_equal(wrong_text, "");
    assert_int_equal(ask("vehicles show HLO-1000", &one), CLI_OK);
    assert_non_null(strstr(out_text, "gnss_outside"));
    assert_non_null(strstr(out_text, "42"));
    assert_int_equal(ask("vehicles show HLO-1000 --json", &one), CLI_OK);
    assert_int_equal(strncmp(out_text, one.body, strlen(one.body)), 0);
    assert_int_equal(ask("zombies list", &groups), CLI_OK); /* a row an item */
    assert_true(strstr(out_text, "N-1") < strstr(out_text, "N-2"));
    assert_true(strstr(out_text, "N-2") < strstr(out_text, "N-3"));
    assert_int_equal(ask("alerts show A1", &missing), CLI_NOT_FOUND);
    assert_string_equal(out_text, "");
    assert_int_equal(ask("alerts list", &denied), CLI_AUTH);
    assert_non_null(strstr(wrong_text, "--key-file"));
}

/* One line for people: title, fields with the values that were sent, what they may be, where. With
 * --json it is the problem as it came. */
static void refusals_are_one_line(void **state)
{
    static const struct {
        const char *line, *status, *body;
        int code;
        const char *says;
    } rows[] = {
        {"spaces near --lat 91 --lon x",          "400 Bad Request",
         "{\"type\":\"urn:bowei:problem:bad_parameter\",\"title\":\"a parameter is wrong\","
         "\"status\":400,\"detail\":\"lat: must be -90 to 90\",\"instance\":\"/v1/spaces/near\","
         "\"errors\":[{\"parameter\":\"lat\",\"detail\":\"must be -90 to 90 (was \\\"91\\\")\"},"
         "{\"parameter\":\"lon\",\"detail\":\"must be -180 to 180\"},"
         "{\"parameter\":\"radius\",\"detail\":\"is required\"}]}",                                                                CLI_USAGE,
         "bowei: a parameter is wrong: lat: must be -90 to 90 (was \"91\"); lon: must be -180 to "
         "180; "
         "radius: is required (/v1/spaces/near: 400)\n"                                                                                                                                                },
        {"cases open --kind bus --lat x --lon 7", "422 Unprocessable Content",
         "{\"title\":\"a field is wrong\",\"status\":422,\"instance\":\"/v1/cases\",\"errors\":"
         "[{\"pointer\":\"/kind\",\"detail\":\"must be "
         "a\"},{\"pointer\":\"/location/lat\",\"detail\":"
         "\"must be b\"},{\"pointer\":\"/place\",\"detail\":\"say where\"}]}",                                                     CLI_USAGE,
         "bowei: a field is wrong: /kind=bus: must be a; /location/lat=x: must be b; /place: say "
         "where (/v1/cases: 422)\n"                                                                                                                                                                    },
        {"spaces get A",                          "410 Gone",
         "{\"title\":\"retired\",\"status\":410,\"detail\":\"retired\",\"instance\":\"/v1/spaces/"
         "A\","
         "\"replaced_by\":\"B\"}",                                                                                                 CLI_NOT_FOUND, "bowei: retired, replaced by B (/v1/spaces/A: 410)\n"},
        {"lots A",                                "404 Not Found",
         "{\"title\":\"not there\",\"status\":404,\"detail\":\"no lot \\u001b[31m\\u000a\"}",                                      CLI_NOT_FOUND, "bowei: not there: no lot ?[31m? (404)\n"            },
        {"lots",                                  "429 Too Many Requests",     "{\"title\":\"too many requests\",\"status\":429}",
         CLI_FAILURE,                                                                                                                             "bowei: too many requests (429)\n"                   },
        {"watch d1",                              "409 Conflict",              "{\"title\":\"not now\",\"status\":409}",           CLI_CONFLICT,
         "bowei: not now (409)\n"                                                                                                                                                                      },
        {"lots",                                  "502 Bad Gateway",           "<html>\n<p>nginx",                                 CLI_FAILURE,
         "/v1/lots: 502 <html>?<p>nginx\n"                                                                                                                                                             },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct said said = {rows[i].status, "application/problem+json", rows[i].body};
        char line[120];

        if (ask(rows[i].line, &said) != rows[i].code || out_text[0] != '\0' ||
            strstr(wrong_text, rows[i].says) == NULL || strchr(wrong_text, '\n')[1] != '\0') {
            fail_msg("%s: %s", rows[i].line, wrong_text);
        }
        (void)snprintf(line, sizeof line, "%s --json", rows[i].line);
        assert_int_equal(ask(line, &said), rows[i].code);
        assert_string_equal(out_text, "");
        assert_int_equal(strncmp(wrong_text, said.body, strlen(said.body)), 0);
        assert_string_equal(wrong_text + strlen(said.body), "\n");
    }
}

/* --- what is refused before anybody is asked --- */

static void wrong_lines(void **state)
{
    static const struct {
        const char *line, *says;
    } rows[] = {
        {"alerts",                           "needs one of ack, dismiss, dispatch"},
        {"alerts eat A1",                    "needs one of"                       },
        {"alerts ack",                       "needs the IDs of alerts"            },
        {"alerts show",                      "takes one alert"                    },
        {"alerts show A1 A2",                "takes one alert"                    },
        {"alerts list A1",                   "takes no arguments"                 },
        {"alerts list --sate open",          "did you mean --state?"              },
        {"alerts mute F1",                   "--minutes 1-525600"                 },
        {"alerts mute F1 --minutes 0",       "--minutes 1-525600"                 },
        {"alerts mute F1 --minutes 1x",      "--minutes 1-525600"                 },
        {"alerts mute F1 --minutes 5 --end", "--end"                              },
        {"alerts mute --minutes 5",          "takes one fence"                    },
        {"fences",                           "needs one of list, near, show"      },
        {"fences show",                      "takes one ID"                       },
        {"fences near here",                 "takes no arguments"                 },
        {"vehicles",                         "needs one of list, show, verdict"   },
        {"coverage",                         "needs one of gaps, show, streets"   },
        {"coverage show",                    "takes one ID"                       },
        {"coverage gaps here",               "takes no arguments"                 },
        {"vehicles verdict",                 "takes one ID"                       },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(ask(rows[i].line, NULL), CLI_USAGE);
        if (strstr(wrong_text, rows[i].says) == NULL) {
            fail_msg("%s: %s", rows[i].line, wrong_text);
        }
        assert_string_equal(out_text, "");
    }
    assert_int_equal(ask("alerts list --key-file /nonexistent/key", NULL), CLI_BAD_INPUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests),
        cmocka_unit_test(moves_are_one_request),
        cmocka_unit_test(webhooks),
        cmocka_unit_test(answers),
        cmocka_unit_test(refusals_are_one_line),
        cmocka_unit_test(wrong_lines),
    };

    return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
