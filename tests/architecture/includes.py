"""includes.py - includes point one way, and a library's header appears in its adapter alone (layers.txt).

SPDX-License-Identifier: MIT
"""
import re
from fnmatch import fnmatch

import source

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"\n]+)[>"]', re.MULTILINE)


class Table:
    """layers.txt, read."""

    def __init__(self, path):
        self.layers, self.cores, self.libraries, self.system = {}, {}, {}, []
        for number, keyword, rest in source.table(path):
            name, _, values = rest.partition(":")
            kinds = {"layer": self.layers, "core": self.cores, "library": self.libraries}
            if keyword in kinds:
                kinds[keyword][name] = values.split()
            elif keyword == "system":
                self.system += rest.split()
            else:
                raise SystemExit(f"{path}:{number}: unknown keyword {keyword}")

    def layer_of(self, name):
        """The longest layer that holds this file, or None."""
        folders = [str(folder) for folder in name.parents]
        return next((folder for folder in folders if folder in self.layers), None)

    def library_of(self, header):
        return next((start for start in self.libraries if header.startswith(start)), None)

    def is_system(self, header):
        return any(header == entry or entry.endswith("/") and header.startswith(entry) for entry in self.system)


def includes(text):
    """(line, '<' or '"', what is included) of each include."""
    for match in INCLUDE.finditer(source.code(text, keep_strings=True)):
        yield source.line_of(text, match.start()), match.group(1), match.group(2)


def check_own(table, name, header):
    """An include of ours: does it point downwards?"""
    layer = table.layer_of(name)
    if layer is None:
        return f"{name.parent} stands in no layer line of layers.txt"
    folder = header.split("/")[0]
    if "/" not in header or folder in (".", ".."):
        return f'"{header}": write "folder/file.h", seen from src/ or the top'
    allowed = table.layers[layer]
    own = layer.removeprefix("src/")
    if "*" in allowed or folder in allowed or header.startswith((own + "/", own.split("/")[-1] + "/")):
        return None
    return f'{layer} must not include "{header}" (it may include: {" ".join(allowed) or "nothing"})'


def check_foreign(table, name, header, users):
    """An include of somebody else's: is this the file for it?"""
    layer = table.layer_of(name)
    if layer in table.cores:
        return None if header in table.cores[layer] else f"<{header}> in a pure core"
    library = table.library_of(header)
    if library is None:
        known = table.is_system(header)
        return None if known else f"<{header}> is in no library or system line of layers.txt"
    if name.parts[0] in ("tests", "contrib"):
        return None
    places = table.libraries[library]
    place = next((place for place in places if fnmatch(str(name), place)), None)
    if place is None:
        return f"<{header}> belongs to {' '.join(places) or 'tests'} alone"
    first = users.setdefault((library, place), name)
    if places[0] == "once" and first != name:
        return f"<{header}> is used by {first} already: one file of {place}"
    return None


def run(tree):
    table = Table(tree.tables / "layers.txt")
    users, findings = {}, []
    names = [name for name in tree.files if source.is_c(name) and name.parts[0] != "contrib"]
    for name in names:
        if name.parts[0] == "src" and table.layer_of(name) is None:
            findings.append(f"{name}:1: {name.parent} stands in no layer line of layers.txt")
            continue
        for line, kind, header in includes(source.read(tree.root, name)):
            own = kind == '"'
            problem = check_own(table, name, header) if own else check_foreign(table, name, header, users)
            if problem:
                findings.append(f"{name}:{line}: {problem}")
    return len(names), findings
