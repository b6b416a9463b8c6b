#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fails on an include against the arrows of docs/architecture.md, and on overlong files and lines.

    script/check_layers.py [FOLDER]     checks the project (or the tree at FOLDER)
    script/check_layers.py --self-test  plants each kind of violation and expects it to be found
"""
import pathlib
import re
import sys
import tempfile

# What a module may include beside itself.
MAY_USE = {
    "core": set(),
    "store": {"core"},
    "bus": {"store", "core"},
    "cluster": {"core"},
    "sqlite": {"projection", "store", "core"},
    "nats": {"projection", "store", "bus", "cluster", "core"},
    "stores": {"sqlite", "nats", "store", "core"},
    "actor": {"cluster", "store", "core"},
    "projection": {"store", "core"},
    "testing": {"store", "bus", "cluster", "core"},
    "json": {"core", "store"},
}
# What a public header may include beside the standard library and our own public headers.
THIRD_PARTY = {"json": {"nlohmann/json.hpp"}}
# Standard headers have no folder and no extension.
STANDARD = re.compile(r"[a-z_0-9]+")

MAX_COLUMNS = 100
MAX_LINES = 400
# Longer than MAX_LINES for a reason that splitting would not mend.
MAY_BE_LONG: dict[str, str] = {}

CODE_FOLDERS = ("include", "src", "cli", "examples", "bench", "fuzz", "tests", "script", "cmake")
CODE_SUFFIXES = {".cpp", ".hpp", ".h", ".py", ".sh", ".cmake", ".in", ".go"}
INCLUDE = re.compile(r'\s*#\s*include\s*([<"])([^>"]+)[>"]')


def check_includes(path, relative):
    module = relative.parts[2] if relative.parts[0] == "include" else relative.parts[1]
    if module not in MAY_USE:
        yield f"{relative}: '{module}' is no module known here; add it to MAY_USE"
        return
    is_public = relative.parts[0] == "include"
    may_use = MAY_USE[module] | {module}
    if relative.stem.endswith("_test"):
        may_use = may_use | {"testing"}
    for number, line in enumerate(path.read_text().splitlines(), 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        quoted, name = match[1] == '"', match[2]
        parts = name.split("/")
        where = f"{relative}:{number}"
        if parts[0] == "aether":
            target, is_private = parts[1], False
        elif quoted and parts[0] in MAY_USE:
            target, is_private = parts[0], True
        elif quoted:
            yield f'{where}: "{name}" is neither "aether/<module>/…" nor "<module>/…"'
            continue
        else:
            allowed = STANDARD.fullmatch(name) or name in THIRD_PARTY.get(module, ())
            if is_public and not allowed:
                yield f"{where}: a public header must not include <{name}>"
            continue
        if is_public and is_private:
            yield f'{where}: a public header must not include the private "{name}"'
        if target not in may_use:
            yield f"{where}: {module} must not include {target} ({name})"


def check_text(path, relative):
    lines = path.read_text().splitlines()
    is_cmake = path.suffix == ".cmake" or path.name == "CMakeLists.txt"
    spdx = "SPDX-License-Identifier: Apache-2.0"
    if not is_cmake and not any(spdx in line for line in lines[:2]):
        yield f"{relative}:1: the SPDX line is missing"
    for number, line in enumerate(lines, 1):
        if len(line) > MAX_COLUMNS:
            yield f"{relative}:{number}: {len(line)} columns, at most {MAX_COLUMNS}"
    if len(lines) > MAX_LINES and str(relative) not in MAY_BE_LONG:
        yield f"{relative}: {len(lines)} lines, at most {MAX_LINES}: split it by idea"


def is_code(path):
    if path.suffix in CODE_SUFFIXES or path.name == "CMakeLists.txt":
        return True
    if path.suffix:
        return False
    with path.open("rb") as file:
        return file.read(2) == b"#!"


def check(root):
    problems = []
    for folder in CODE_FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            relative = path.relative_to(root)
            if not path.is_file() or "build" in relative.parts or not is_code(path):
                continue
            problems += check_text(path, relative)
            if folder in ("include", "src") and path.suffix in (".cpp", ".hpp", ".h"):
                problems += check_includes(path, relative)
    return problems


SPDX = "// SPDX-License-Identifier: Apache-2.0\n"
PLANTED = {  # a file, its text after the SPDX line, and what must be said about it
    "include/aether/core/a.hpp": ('#include "aether/store/b.hpp"\n', "core must not include store"),
    "include/aether/store/b.hpp": ("#include <sqlite3.h>\n", "must not include <sqlite3.h>"),
    "include/aether/store/c.hpp": ("#include <nlohmann/json.hpp>\n", "must not include <nlohmann"),
    "include/aether/store/d.hpp": ('#include "store/log.hpp"\n', 'private "store/log.hpp"'),
    "src/store/e.cpp": ('#include "sqlite/schema.hpp"\n', "store must not include sqlite"),
    "src/store/f.cpp": ("  # include <aether/bus/bus.hpp>\n", "store must not include bus"),
    "src/nats/g.cpp": ('#include "aether/sqlite/store.hpp"\n', "nats must not include sqlite"),
    "src/core/h.cpp": ('#include "aether/testing/x.hpp"\n', "core must not include testing"),
    "src/core/i.cpp": ('#include "text.hpp"\n', "neither"),
    "src/other/j.cpp": ("\n", "no module known"),
    "cli/k.cpp": ("// " + "x" * MAX_COLUMNS + "\n", "103 columns"),
    "cli/l.cpp": ("\n" * MAX_LINES, "401 lines"),
}
GOOD = {
    "include/aether/json/json.hpp": "#include <nlohmann/json.hpp>\n#include <string>\n",
    "include/aether/store/z.hpp": '#include "aether/core/a.hpp"\n#include <span>\n',
    "src/sqlite/z.cpp": '#include "sqlite/z.hpp"\n#include "store/z.hpp"\n#include <sqlite3.h>\n',
    "src/core/z_test.cpp": '#include "aether/testing/suite.hpp"\n#include <gtest/gtest.h>\n',
    "cli/z.cpp": '#include "aether/sqlite/store.hpp"\n#include <CLI/CLI.hpp>\n',
}


def self_test():
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)

        def write(name, text):
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

        for name, text in GOOD.items():
            write(name, SPDX + text)
        missed = [f"found fault with good code: {problem}" for problem in check(root)]
        for name, (text, _) in PLANTED.items():
            write(name, SPDX + text)
        write("cli/m.cpp", "// no licence line\n")
        found = check(root)
        for name, (_, expected) in {**PLANTED, "cli/m.cpp": ("", "SPDX line is missing")}.items():
            if not any(name in problem and expected in problem for problem in found):
                missed.append(f"did not see what was planted in {name}: {expected}")
        if len(found) != len(PLANTED) + 1:
            missed.append(f"{len(found)} findings for {len(PLANTED) + 1} planted violations")
    return missed


def main():
    arguments = sys.argv[1:]
    if arguments == ["--self-test"]:
        problems = self_test()
    else:
        top = pathlib.Path(__file__).resolve().parent.parent
        problems = check(pathlib.Path(arguments[0]).resolve() if arguments else top)
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
