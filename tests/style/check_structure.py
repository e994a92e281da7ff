#!/usr/bin/env python3
"""The shape of the source: arrows between rooms, sizes, names, tables and twins. Prints every fault, exits 1 on any."""
import re
import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
FILES = [TOP / f for f in subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=TOP, capture_output=True,
                                         text=True, check=True).stdout.split("\n") if f and (TOP / f).is_file()]
SOURCES = [f for f in FILES if f.suffix in (".c", ".h")]

# room folder -> folders whose private headers it may include; contracts are judged by OWNERS
ROOMS = {
    "gateway/base": [],
    "gateway/inventory": [],
    "gateway/view": [],
    "sensors/sim": [],
    "sensors": [],
    "gateway/core": [],
    "gateway/keep": [],
    "gateway/delivery": [],
    "gateway/mqtt_out": [],
    "gateway/broker": [],
    "gateway/config": [],
    "gateway/cli": [],
    "api": [],
}
# contract header -> rooms that may include it (besides the wiring and tests); headers not named here are for everybody
OWNERS = {
    "core.h": {"gateway/core"},
    "journal.h": {"gateway/keep", "gateway/cli"},
    "intake.h": {"gateway/keep"},
    "redis_store.h": {"gateway/keep"},
    "recover.h": {"gateway/keep"},
    "api.h": {"api"},
    "view.h": {"gateway/view", "gateway/core", "gateway/delivery", "gateway/mqtt_out", "api"},
    "mqtt_out.h": {"gateway/mqtt_out"},
    "broker_error.h": {"gateway/broker", "gateway/mqtt_out", "sensors"},
    "broker_connect.h": {"gateway/broker", "gateway/mqtt_out", "sensors"},
    "broker_quarrel.h": {"gateway/broker", "gateway/mqtt_out", "sensors"},
    "broker_tls.h": {"gateway/broker", "gateway/mqtt_out", "sensors", "gateway/cli"},
    "cli.h": {"gateway/cli"},
    "inventory_file.h": {"gateway/inventory", "gateway/cli"},
}
LIBRARIES = {
    "modbus": {"sensors", "sensors/sim"},
    "mosquitto.h": {"sensors", "sensors/sim", "gateway/mqtt_out", "gateway/broker"},
    "openssl": {"gateway/broker"},
    "hiredis": {"gateway/keep"},
    "microhttpd.h": {"api"},
    "curl": {"sensors/sim", "gateway/delivery"},
    "qrencode.h": {"api"},
    "yaml.h": {"gateway/config"},
}
BANNED_NAMES = re.compile(r"(^|_)(utils?|helpers?|common|misc)(_|\.|$)")

faults = []


def fault(path, line, text):
    faults.append(f"{path.relative_to(TOP)}:{line}: {text}")


def room_of(path):
    relative = str(path.relative_to(TOP))
    best = ""
    for room in ROOMS:
        if relative.startswith(room + "/") and len(room) > len(best):
            best = room
    return best


def check_named_tests(path, number, line):
    """Each test that a document names, as `test_x.c: one, another` or by its file alone, is there."""
    for name, tests in re.findall(r"`((?:test|fuzz)_\w{2,}\.(?:c|py|sh))(?:: ([\w, ]+))?`", line):
        found = [f for f in FILES if f.name == name]
        if not found:
            fault(path, number, f"there is no test {name}")
        for test in filter(None, tests.split(", ")):
            if not any(re.search(rf"\b{test}\b", f.read_text(encoding="utf-8")) for f in found):
                fault(path, number, f"there is no test {name}: {test}")


def check_includes(path, lines):
    room = room_of(path)
    if not room:
        return
    for number, line in enumerate(lines, 1):
        m = re.match(r'\s*#\s*include\s+[<"]([^>"]+)[>"]', line)
        if not m:
            continue
        name = m.group(1)
        if name.startswith("bowei/"):
            allowed = OWNERS.get(name.split("/")[-1]) if name.count("/") == 1 else None
            if allowed is not None and room not in allowed:
                fault(path, number, f"{room} may not know {name}")
            if room == "gateway/base" and name.count("/") == 1 and name not in ("bowei/keys.h", "bowei/status.h", "bowei/degraded.def"):
                fault(path, number, f"base knows nothing above it: {name}")
        elif name.startswith(("gateway/", "sensors/", "api/")):
            if not name.startswith(room + "/"):
                fault(path, number, f"{room} reaches into another room: {name}")
        for library, rooms in LIBRARIES.items():
            if name.split("/")[0] == library and room not in rooms:
                fault(path, number, f"{room} may not use {library}")


def check_sizes(path, lines):
    limit = 150 if path.suffix == ".h" and "tests" not in path.parts else 600  # fixtures of tests are headers
    if len(lines) > limit and path.name not in ("config.h", "inventory.h"):
        fault(path, len(lines), f"{len(lines)} lines; the limit is {limit}")


def check_text(path, lines):
    in_product = path.relative_to(TOP).parts[0] != "tests"
    for number, line in enumerate(lines, 1):
        for page in re.findall(r"\b(docs/(?:[A-Z_]+|decisions/[\w-]+)\.md)", line):
            if not (TOP / page).exists():
                fault(path, number, f"there is no page {page}")
        if re.search(r"\b(TODO|FIXME|XXX)\b", line):
            fault(path, number, "unfinished work belongs into an issue")
        # scene.c: ready pieces of the hot answers, held equal to json_write by a test (docs/decisions/0005-ready-pieces.md)
        if in_product and path.name not in ("json_write.c", "scene.c") and re.search(r'"[^"]*\{\\"', line):
            fault(path, number, "JSON is written by json_write only")
        if in_product and re.search(r"\b(strcpy|strcat|sprintf|vsprintf|strtok|gets)\s*\(", line):
            fault(path, number, "unbounded string function")
    head = next((line for line in lines if line.strip()), "")
    if path.suffix == ".c" and not head.startswith("/*"):
        fault(path, 1, "the file does not say what it is for")


def check_guard(path, text):
    parts = path.relative_to(TOP).with_suffix("").parts
    if parts[0] == "include":
        parts = parts[1:]
    want = "_".join(parts).upper().replace("-", "_") + "_H"
    if f"#ifndef {want}\n#define {want}\n" not in text:
        fault(path, 1, f"header guard is not {want}")


def headings(name):
    return [re.match(r"#+", line).group(0) for line in (TOP / name).read_text(encoding="utf-8").splitlines()
            if re.match(r"#+ ", line)]


def check_twins():
    english, chinese = headings("README.md"), headings("README.zh-CN.md")
    if english != chinese:
        fault(TOP / "README.zh-CN.md", 1, f"headings differ from README.md: {len(chinese)} against {len(english)}")


# what a document names in backticks is a file of the tree: begins with a folder of it, or ends like a source
FOLDERS = {f.relative_to(TOP).parts[0] for f in FILES if f.parent != TOP}
SOURCE_NAME = re.compile(r"[\w-][\w./-]*\.(?:c|h|def|py|sh|md)")
# not files of the tree: the imaginary sensor of ADDING_A_SENSOR stands in tests/template, and `build` is made
NOT_KEPT = re.compile(r"acme_bay1|^build/")


def is_named_rightly(document, name):
    if any(c in name for c in "<>{}*$=?,") or NOT_KEPT.search(name):
        return True
    if name.split("/")[0] not in FOLDERS | {"include"} and not SOURCE_NAME.fullmatch(name):
        return True
    if "/" not in name:
        return name in FOLDERS or any(f.name == name for f in FILES)
    name = name.rstrip("/")
    return any((root / name).exists() for root in (TOP, TOP / "include/bowei", TOP / "gateway", document.parent))


def anchors(document):
    """As GitHub makes them of headings."""
    text = document.read_text(encoding="utf-8")
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in re.findall(r"^#+ (.*)$", text, re.M)}


def check_documents():
    for document in [f for f in FILES if f.suffix == ".md"]:
        for number, line in enumerate(document.read_text(encoding="utf-8").splitlines(), 1):
            check_named_tests(document, number, line)
            for target, anchor in re.findall(r"\]\(([^)#: ]*)(?:#([^)]*))?\)", line):
                to = document.parent / target if target else document
                if not to.exists():
                    fault(document, number, f"dead link {target}")
                elif anchor and anchor not in anchors(to):
                    fault(document, number, f"dead link {target}#{anchor}")
            for name in re.findall(r"`([^`\s]+)`", line):
                if not is_named_rightly(document, name):
                    fault(document, number, f"there is no file {name}")


def check_rooms():
    """What ARCHITECTURE says that a room knows is what the link lists let it know."""
    path = TOP / "docs" / "ARCHITECTURE.md"
    links = {name: set(re.findall(r"bowei_(\w+)", rest)) for name, rest in
             re.findall(r"^bowei_room\((\w+) (.*)\)$", (TOP / "CMakeLists.txt").read_text(encoding="utf-8"), re.M)}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        row = re.match(r"\| (\w+) \| `[\w/]+` \| ([\w, ]+) \|", line)
        if row and row[1] in links and set(row[2].split(", ")) - {"nothing"} != links.pop(row[1]):
            fault(path, number, f"{row[1]} links otherwise")
    for name in links.keys() - {"sim"}:
        fault(path, 1, f"the room {name} is not in the table")


def check_decisions():
    folder = TOP / "docs" / "decisions"
    index = (folder / "README.md").read_text(encoding="utf-8")
    for page in sorted(folder.glob("0*.md")):
        if f"]({page.name})" not in index:
            fault(folder / "README.md", 1, f"{page.name} is not listed")


def check_told(page, *tables):
    """A page tells of each code in the tables it is about."""
    path = TOP / "docs" / page
    text = path.read_text(encoding="utf-8")
    for table in tables:
        for code in re.findall(r'^[A-Z_]+\(\w+, "(\w+)"', (TOP / "include/bowei" / table).read_text(encoding="utf-8"), re.M):
            if f"`{code}`" not in text and code != "none":
                fault(path, 1, f"{code} of {table} is not told of")


def check_table_sorted(name, pattern):
    path = TOP / name
    if not path.exists():
        return
    rows = re.findall(pattern, path.read_text(encoding="utf-8"), re.M)
    if rows != sorted(rows):
        fault(path, 1, "rows are not sorted")


def main():
    for path in SOURCES:
        text = path.read_text(encoding="utf-8")
        lines = text.splitlines()
        check_includes(path, lines)
        check_sizes(path, lines)
        check_text(path, lines)
        if path.suffix == ".h":
            check_guard(path, text)
        if BANNED_NAMES.search(path.stem):
            fault(path, 1, "the name says nothing: name the noun")
    check_twins()
    check_documents()
    check_rooms()
    check_decisions()
    check_told("STATES.md", "reasons.def")
    check_told("CASES.md", "case_statuses.def", "case_stages.def", "case_events.def")
    check_table_sorted("sensors/models/models.def", r"^MODEL\((\w+)")
    check_table_sorted("sensors/mqtt/envelopes/envelopes.def", r"^ENVELOPE\((\w+)")
    for line in faults:
        print(line)
    print(f"structure: {len(SOURCES)} sources, {len(faults)} faults")
    return 1 if faults else 0


sys.exit(main())
