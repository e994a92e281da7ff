"""What /openapi.json promises of an answer, held against every answer that a black-box test gets (testbed.py): status, content type,
the type of each member, and no member that is not written down."""
import re

LOOKED_AT = 200  # items of a list: a page of 1000 spaces says no more

KINDS = {"string": str, "integer": int, "number": (int, float), "boolean": bool, "object": dict, "array": list, "null": type(None)}


class Contract:
    def __init__(self, document):
        self.schemas = document["components"]["schemas"]
        # literal paths before those with parameters; a device's name may have slashes
        self.paths = [(re.compile(re.sub(r"\\{device\\}", ".+", re.sub(r"\\{(?!device)[a-z]+\\}", "[^/]+", re.escape(path))) + "$"), operations)
                      for path, operations in sorted(document["paths"].items(), key=lambda row: (row[0].count("{"), -len(row[0])))]

    def operation(self, method, path):
        for pattern, operations in self.paths:
            if pattern.match(path) and method.lower() in operations:
                return operations[method.lower()]
        return None

    def check(self, method, target, status, kind, body):
        """The faults of one answer, each as a line; body: what its JSON says."""
        operation = self.operation(method, target.split("?")[0])
        if operation is None or status == 304:
            return []
        answer = operation["responses"].get(str(status)) or (operation["responses"]["default"] if status >= 400 else None)
        kind = kind.split(";")[0]
        if answer is None or kind not in answer["content"]:
            return [f"{method} {target}: {status} {kind} is not written down"]
        schema = answer["content"][kind].get("schema")
        return list(self.faults(body, schema, schema["$ref"])) if schema else []

    def faults(self, value, schema, where):
        if "oneOf" in schema:
            if value is None:
                return
            schema = schema["oneOf"][0]
        if "$ref" in schema:
            where = schema["$ref"].rsplit("/", 1)[1]
            schema = self.schemas[where]
        kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        if not any(isinstance(value, KINDS[k]) and (k == "boolean" or not isinstance(value, bool)) for k in kinds):
            yield f"{where}: {value!r} is no {schema['type']}"
        elif isinstance(value, dict):
            known = schema.get("properties")
            for name, member in value.items() if known else ():
                if name not in known:
                    yield f"{where}.{name} is not written down"
                else:
                    yield from self.faults(member, known[name], f"{where}.{name}")
        elif isinstance(value, list):
            for item in value[:LOOKED_AT]:
                yield from self.faults(item, schema["items"], where)
