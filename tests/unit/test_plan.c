/* `bowei plan`: the requests and the load of lines, the exit code when a line cannot keep its
 * periods, and which spaces an edit affects. Each test runs the command as a shell would. */
#include "tests/unit/cli_fixture.h"

#include "bowei/base/space_id.h"

static void id_of(unsigned number, char out[SPACE_ID_LEN + 1])
{
    snprintf(out, SPACE_ID_LEN + 1, "150402001R001%04u", number);
    out[SPACE_ID_LEN - 1] = iso7064_mod37_36(out, SPACE_ID_LEN - 1);
    out[SPACE_ID_LEN] = '\0';
}

/* Four spaces: 1 and 2 on channels of bus/u, 3 on bus/v, 4 on a LoRaWAN device and on bus/u. */
static int make_city(void **state)
{
    static char spaces[512], bindings[512];
    size_t at = (size_t)snprintf(spaces, sizeof spaces, "id,lat,lon\n");
    char id[5][SPACE_ID_LEN + 1];

    folder_make(state);
    for (unsigned i = 1; i <= 4; i++) {
        id_of(i, id[i]);
        at += (size_t)snprintf(spaces + at, sizeof spaces - at, "%s,42.257%u,118.8869\n", id[i], i);
    }
    snprintf(bindings, sizeof bindings,
             "device,channel,space,rank\nbus/u,1,%s,0\nbus/u,2,%s,0\nbus/v,1,%s,0\n"
             "0101010101010101,0,%s,0\nbus/u,3,%s,1\n",
             id[1], id[2], id[3], id[4], id[4]);
    text_write("lots.csv", "id,name_zh,name_en,counting,lat,lon,capacity\n"
                           "150402001R00100008,钢铁街,Gangtie Street,spaces,42.2578,118.8869,\n");
    text_write("spaces.csv", spaces);
    text_write("devices.csv", "id,source,model\nbus/u,bus,m\nbus/v,bus,m\n"
                              "0101010101010101,lora,bosch_tps110\n");
    text_write("bindings.csv", bindings);
    return bowei("import", "--state", path_of("state"), path_of("lots.csv"), path_of("spaces.csv"),
                 path_of("devices.csv"), path_of("bindings.csv"), NULL);
}

#define BUS(u, v)                                                                                  \
    "lines:\n  - name: bus\n    device: /dev/ttyS0\n    baud: 9600\n    parity: even\n"            \
    "    latency_ms: 0\n    units:\n" u v
#define U(more)    "      - {name: u, unit: 1, map: m" more "}\n"
#define V(more)    "      - {name: v, unit: 2, map: m" more "}\n"
#define M(more)    "maps:\n  - {name: m, channels: 4, stride: 1" more "}\n"
#define LORA       "links:\n  - {name: lora, subscriptions: [{topic: a, envelope: native}]}\n"
#define PUSH(more) "push:\n  - {name: s, envelope: native" more "}\n"
#define RUNNING    BUS(U(""), V("")) M("") LORA

/* The document of a plan, checked whole. */
static struct json_doc document(void)
{
    static struct json_node nodes[CLI_NODES_MAX];
    struct json_doc doc;

    assert_int_equal(json_parse(&doc, out_text, strlen(out_text), nodes, CLI_NODES_MAX), JSON_OK);
    return doc;
}

static int64_t number_of(const struct json_doc *doc, const struct json_node *object,
                         const char *name)
{
    int64_t value = -1;

    assert_true(json_int(doc, json_member(doc, object, name), &value));
    return value;
}

static void plan_of(const char *next)
{
    text_write("before.yaml", RUNNING);
    text_write("next.yaml", next);
    if (bowei("plan", "--config", path_of("next.yaml"), "--against", path_of("before.yaml"),
              "--state", path_of("state"), "--json", NULL) != CLI_OK) {
        fail_msg("%s", wrong_text);
    }
}

static void affected_is(int64_t spaces, int64_t silent)
{
    const struct json_doc doc = document();
    const struct json_node *d = json_member(&doc, doc.nodes, "difference");

    assert_int_equal(number_of(&doc, d, "spaces_affected"), spaces);
    assert_int_equal(number_of(&doc, d, "spaces_left_without_sensor"), silent);
    assert_int_equal(json_member(&doc, d, "spaces")->count, spaces);
}

static void a_line_is_planned_with_numbers(void **state)
{
    struct json_doc doc;
    const struct json_node *line;

    (void)state;
    plan_of(RUNNING);
    doc = document();
    line = json_first(&doc, json_member(&doc, doc.nodes, "lines"));
    assert_int_equal(number_of(&doc, line, "requests"), 2);
    assert_non_null(strstr(out_text, "\"character_ms\":1.145833"));
    assert_non_null(strstr(out_text, "\"frame\":\"8E1\""));
    assert_non_null(strstr(out_text, "{\"function\":3,\"address\":0,\"count\":4,\"points\":4,"
                                     "\"request_bytes\":8,\"reply_bytes\":13,"));
    assert_non_null(strstr(out_text, "\"keeps_periods\":true"));
    affected_is(0, 0);
    assert_int_equal(
        bowei("plan", "--config", path_of("next.yaml"), "--state", path_of("none"), NULL), CLI_OK);
    assert_non_null(strstr(out_text, "line bus: RTU /dev/ttyS0, 9600 bit/s 8E1"));
    assert_non_null(strstr(out_text, "nothing to compare with"));
}

static void a_line_that_cannot_keep_its_period_is_an_error_with_the_numbers(void **state)
{
    (void)state;
    text_write("fast.yaml", BUS(U(", period_ms: 50"), V(", period_ms: 50")) M("") LORA);
    assert_int_equal(
        bowei("plan", "--config", path_of("fast.yaml"), "--state", path_of("none"), NULL),
        CLI_BAD_INPUT);
    assert_non_null(strstr(out_text, "CANNOT KEEP ITS PERIODS"));
    assert_non_null(strstr(wrong_text, "line bus cannot keep its periods: a round of all units "
                                       "takes 6"));
    assert_non_null(strstr(wrong_text, "the load is 1"));
    assert_int_equal(
        bowei("plan", "--config", path_of("fast.yaml"), "--state", path_of("none"), "--json", NULL),
        CLI_BAD_INPUT);
    assert_non_null(strstr(out_text, "\"lines_overloaded\":1"));
    assert_int_equal(bowei("plan", NULL), CLI_USAGE);
    text_write("bad.yaml", "htp: 1\n");
    assert_int_equal(bowei("plan", "--config", path_of("bad.yaml"), NULL), CLI_BAD_INPUT);
    assert_non_null(strstr(wrong_text, "bad.yaml:1:1: htp: unknown key"));
}

static void the_spaces_an_edit_affects_are_listed(void **state)
{
    (void)state;
    plan_of(BUS(U(""), "") M("") LORA); /* unit v is gone: space 3 has no other sensor */
    affected_is(1, 1);
    assert_non_null(strstr(out_text, "{\"effect\":\"sensor_lost\",\"device\":\"bus/v\","
                                     "\"channel\":1}"));
    plan_of(BUS(U(", limit_ms: 60000"), V("")) M("") LORA);
    affected_is(3, 0);
    assert_non_null(strstr(out_text, "\"effect\":\"limit\",\"device\":\"bus/u\",\"channel\":1,"
                                     "\"from_ms\":15000,\"to_ms\":60000"));
    plan_of(BUS(U(", max_read: 2"), V("")) M(", threshold: 9") LORA);
    affected_is(4, 0); /* read with another meaning */
    plan_of(BUS("      - {name: u, unit: 7, map: m}\n", V("")) M("") LORA);
    affected_is(3, 0);
    assert_non_null(strstr(out_text, "\"effect\":\"wire\""));
    plan_of(BUS(U(""), V("")) M("")); /* the link is gone; space 4 has its second sensor */
    affected_is(1, 0);
    assert_non_null(strstr(out_text, "{\"kind\":\"link\",\"name\":\"lora\","
                                     "\"change\":\"removed\"}"));
    plan_of("maps:\n  - {name: m, channels: 2}\n" BUS(U(""), V("")) LORA);
    affected_is(4, 0); /* channel 3 is no more, the others have another map */
    assert_non_null(strstr(out_text, "sensor_lost\",\"device\":\"bus/u\",\"channel\":3}"));
}

/* What the running gateway left in the state folder has no passwords: they are no difference. */
static void the_running_configuration_is_found_in_the_state_folder(void **state)
{
    (void)state;
    text_write("secret.yaml", "http: {port: 81}\n" BUS(U(""), V("")) M(""));
    text_write("state/running.yaml", RUNNING);
    assert_int_equal(
        bowei("plan", "--config", path_of("secret.yaml"), "--state", path_of("state"), NULL),
        CLI_OK);
    assert_non_null(strstr(out_text, "  http.port: needs a restart\n"));
    assert_non_null(strstr(out_text, "  link lora: removed\n"));
    assert_non_null(strstr(out_text, "0101010101010101 channel 0: loses this sensor\n"));
    assert_non_null(strstr(out_text, "  1 spaces are affected, 0 of them lose their last sensor"));
    assert_int_equal(setenv("BOWEI_PLAN_SECRET", "0123456789abcdef", 1), 0);
    text_write("secret.yaml", "redis:\n  password: ${BOWEI_PLAN_SECRET}\n" BUS(U(""), V("")) M("")
                                  LORA PUSH(", secret: \"${BOWEI_PLAN_SECRET}\""));
    text_write("state/running.yaml", RUNNING PUSH("")); /* as config_show prints it */
    assert_int_equal(
        bowei("plan", "--config", path_of("secret.yaml"), "--state", path_of("state"), NULL),
        CLI_OK);
    assert_null(strstr(out_text, "restart"));
    assert_null(strstr(out_text, "push s"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_is_planned_with_numbers),
        cmocka_unit_test(a_line_that_cannot_keep_its_period_is_an_error_with_the_numbers),
        cmocka_unit_test(the_spaces_an_edit_affects_are_listed),
        cmocka_unit_test(the_running_configuration_is_found_in_the_state_folder),
    };

    return cmocka_run_group_tests(tests, make_city, folder_remove);
}
