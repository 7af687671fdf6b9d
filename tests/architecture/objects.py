"""objects.py - facts about the built objects: no writable globals (globals), pure cores (purity).

SPDX-License-Identifier: MIT
"""
import subprocess
import tempfile
from collections import defaultdict
from pathlib import Path

import source

CORES = ["judge", "orchestrator", "engine"]
GLOBALS_OWNER = Path("src/daemon")
WRITABLE = (".data", ".bss", ".tdata", ".tbss", "*COM*")
READ_ONLY_AFTER_START = ".data.rel.ro"


def output(*command):
    return subprocess.run([str(word) for word in command], check=True, capture_output=True, text=True).stdout


def objects(tree):
    """(source, object) of each built source of src and collectors; what was deleted meanwhile is left out."""
    for target in sorted((tree.build / "CMakeFiles").glob("*.dir")):
        for path in sorted(target.rglob("*.o")):
            name = path.relative_to(target).with_suffix("")
            if name.parts[0] in ("src", "collectors") and (tree.root / name).exists():
                yield name, path


def writable_symbols(path):
    """Names of the variables of an object that a running program may write."""
    for line in output("objdump", "--syms", path).splitlines():
        flags, fields = line[17:24], line[24:].split()
        if len(fields) < 3 or "F" in flags or "d" in flags:  # functions; sections and debugging
            continue
        section = fields[0]
        if section.startswith(WRITABLE) and not section.startswith(READ_ONLY_AFTER_START):
            yield fields[-1]


def run_globals(tree):
    built = list(objects(tree))
    wanted = {name for name in tree.files if name.suffix == ".c" and name.parts[0] in ("src", "collectors")}
    missing = wanted - {name for name, _ in built}
    findings = [f"{name}: not built in {tree.build}: build first" for name in sorted(missing)]
    for name, path in built:
        if GLOBALS_OWNER not in name.parents:
            findings += [f"{name}: writable global '{symbol}'; only {GLOBALS_OWNER} has globals"
                         for symbol in writable_symbols(path)]
    return len(built), findings


def members(archive, which):
    """symbol → objects of the archive that define or miss it."""
    places = defaultdict(list)
    for line in output("nm", "--print-file-name", "--format=posix", which, archive).splitlines():
        place, symbol = line.split()[:2]  # place is "archive[object]:"
        places[symbol].append(place.partition("[")[2].rstrip("]:"))
    return places


def link(cores, base, to):
    """Links the cores to one object; returns the (archive, object) pairs that went in."""
    trace = output("ld", "-r", "-t", "-t", "-o", to, "--whole-archive", *cores, "--no-whole-archive", *base)
    return {tuple(line[1:].split(")", 1)) for line in trace.splitlines() if line.startswith("(")}


def explain(symbol, archives, linked):
    """One line per object that needs the symbol; an object of base that no core needs is not linked, so is free."""
    users = [(archive, member) for archive in archives
             for member in members(archive, "--undefined-only").get(symbol, []) if (str(archive), member) in linked]
    return [f"{archive.name}({member}): needs '{symbol}', which is not in pure-symbols.txt"
            for archive, member in users] or [f"somebody needs '{symbol}', which is not in pure-symbols.txt"]


def run_purity(tree):
    allowed = {word for _, keyword, rest in source.table(tree.tables / "pure-symbols.txt")
               for word in [keyword, *rest.split()]}
    wanted = [core for core in CORES if any((tree.root / "src" / core).glob("*.c"))]
    cores = [tree.build / f"lib{core}.a" for core in wanted]
    missing = [f"{path}: not there: build first" for path in cores if not path.exists()]
    if missing or not cores:
        return len(cores), missing
    base = [path for path in [tree.build / "libbase.a"] if path.exists()]
    with tempfile.TemporaryDirectory() as folder:
        to = Path(folder) / "cores.o"
        linked = link(cores, base, to)
        left = set(output("nm", "--undefined-only", "--format=just-symbols", to).split()) - allowed
    return len(cores), [line for symbol in sorted(left) for line in explain(symbol, cores + base, linked)]
