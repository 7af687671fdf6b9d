"""sizes.py - functions of at most 70 lines, .c files of 500, .h files of 150.

Cognitive complexity (15) is counted by clang-tidy: `tests/check tidy`. SPDX-License-Identifier: MIT
"""
import source

FUNCTION_LINES_MAX = 70
FILE_LINES_MAX = {".c": 500, ".h": 150}


def functions(text):
    """(first line, last line) of each function's body: a brace at depth 0 behind a parenthesis."""
    code = source.code(text)
    code = "\n".join("" if line.lstrip().startswith("#") else line for line in code.split("\n"))
    depth, start, before = 0, None, ""
    for position, character in enumerate(code):
        if character == "{":
            if depth == 0 and before == ")":
                start = position
            depth += 1
        elif character == "}":
            depth -= 1
            if depth == 0 and start is not None:
                yield source.line_of(code, start), source.line_of(code, position)
                start = None
        if not character.isspace():
            before = character


def run(tree):
    names = [name for name in tree.files if source.is_c(name)]
    findings = []
    for name in names:
        text = source.read(tree.root, name)
        lines, maximum = len(text.splitlines()), FILE_LINES_MAX[name.suffix]
        if lines > maximum:
            findings.append(f"{name}:{maximum + 1}: {lines} lines, {maximum} allowed")
        for first, last in functions(text):
            length = last - first + 1
            if length > FUNCTION_LINES_MAX:
                findings.append(f"{name}:{first}: function of {length} lines, {FUNCTION_LINES_MAX} allowed")
    return len(names), findings
