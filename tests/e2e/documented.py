"""Answers against /openapi.json: whatever a GET route answers is described there, by name and type."""
import re

TYPES = {"string": str, "integer": int, "number": (int, float), "boolean": bool, "array": list, "object": dict}
QUERY = {"lat": "42.2578", "lon": "118.8869", "operator": "HLO"}


def named(schema):
    """The schema a member refers to, whether it may be null or not."""
    found = [one["$ref"] for one in (schema, *schema.get("oneOf", ())) if "$ref" in one]
    return found[0].rpartition("/")[2] if found else None


def members(schemas, name, value, where):
    """Yields a line for each member of `value` that the schema does not have, or has otherwise."""
    for key, member in value.items():
        schema = schemas[name]["properties"].get(key)
        here = f"{where}.{key}"
        if schema is None:
            yield f"{here} is not in {name}"
        elif member is None:
            if "null" not in str(schema):
                yield f"{here} is null"
        elif named(schema):
            yield from members(schemas, named(schema), member, here)
        else:
            kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
            if not any(isinstance(member, TYPES[k]) for k in kinds if k != "null"):
                yield f"{here} is {member!r}, not {schema['type']}"
            of = named(schema.get("items", {}))
            for item in member if of else ():
                yield from members(schemas, of, item, here + "[]")


def undocumented(get, key, arguments):
    """Asks each GET route that answers with JSON of a schema; returns (routes asked, faults).

    get: as the testbed's; arguments: {"/v1/spaces/": an id} for what stands in a path. Routes whose argument is not given, and
    those that the key may not use, are left out."""
    _, api, _ = get("/openapi.json")
    asked, faults = [], set()
    for path, methods in api["paths"].items():
        answer = methods.get("get", {}).get("responses", {}).get("200", {}).get("content", {}).get("application/json", {})
        name = named(answer.get("schema", {}))
        begin = path.partition("{")[0]
        if name is None or ("{" in path and begin not in arguments):
            continue
        target = re.sub(r"\{[^}]*\}", arguments.get(begin, ""), path)
        query = [f"{p['name']}={QUERY[p['name']]}" for p in methods["get"].get("parameters", ())
                 if p["in"] == "query" and p["name"] in QUERY and (p.get("required") or p["name"] == "operator")]
        status, body, _ = get(target + ("?" + "&".join(query) if query else ""), key=key)
        if status == 200:
            asked.append(path)
            faults.update(members(api["components"]["schemas"], name, body, f"GET {path}: "))
    return asked, sorted(faults)
