#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs clang-tidy over the sources of a build folder, many files at a time.

    script/check_tidy.py BUILD_FOLDER [PATH…]

Nearly all of clang-tidy's time goes into the headers of the standard library and of GoogleTest,
once for each source. So many sources are included into one, with the compiler flags of them all.
Files that do not compile with the others (both have a helper of one name) go into a later batch.
With PATHs, only the sources beneath them.

Tests and examples are checked without the checks that GoogleTest's macros trip, without those that
look for speed or for thread safety, and without the analyzer.
"""
import concurrent.futures
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
FOLDERS = ("src/", "cli/", "examples/", "tests/")
MOST_TOGETHER = 32
NOT_ON_TESTS = ",".join("-" + check for check in (
    "bugprone-unchecked-optional-access",
    "cert-err33-c",
    "cert-err58-cpp",
    "clang-analyzer-*",
    "concurrency-mt-unsafe",
    "cppcoreguidelines-avoid-non-const-global-variables",
    "cppcoreguidelines-owning-memory",
    "misc-const-correctness",
    "performance-*",
    "readability-function-cognitive-complexity",
    "readability-function-size",
))
ERROR = re.compile(r"^/\S+?:\d+:\d+: (?:fatal )?error: ")
FINDING = re.compile(r"^(/\S+?):(\d+):(\d+): (?:error|warning): ")


def is_test(name):
    return name.startswith(("tests/", "src/testing/", "examples/")) or name.endswith("_test.cpp")


def flags_of(command):
    """The compiler's arguments without the source and the output."""
    words = shlex.split(command)
    words = iter(words[next(i for i, word in enumerate(words) if "clang" in word):])
    for word in words:
        if word in ("-o", "-MF", "-MT"):
            next(words)
        elif word == "-isystem":
            yield word + next(words)
        elif word not in ("-c", "-MD") and not word.endswith(".cpp"):
            yield word


def kinds_of(build, wanted):
    """For tests (True) and the rest: the flags and names of the sources."""
    kinds = {}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        path = pathlib.Path(entry["file"])
        if not path.is_relative_to(ROOT):
            continue
        name = str(path.relative_to(ROOT))
        if not name.startswith(FOLDERS) or (wanted and not name.startswith(tuple(wanted))):
            continue
        flags, names = kinds.setdefault(is_test(name), ({}, set()))
        flags.update(dict.fromkeys(flags_of(entry["command"])))
        names.add(name)
    return kinds


def batches_of(flags, names, folder):
    """Splits names into lists that compile together, each with a source that includes them all."""
    names, number = sorted(names), 0
    while names:
        batch, names, later = names[:MOST_TOGETHER], names[MOST_TOGETHER:], []
        number += 1
        unity = folder / f"{number}.cpp"
        while True:
            unity.write_text("".join(f'#include "{ROOT / name}"\n' for name in batch))
            if len(batch) == 1:
                break
            done = subprocess.run([*flags, "-w", "-ferror-limit=0", "-fsyntax-only", str(unity)],
                                  cwd=ROOT, capture_output=True, text=True, check=False)
            if done.returncode == 0:
                break
            errors = filter(ERROR.match, done.stderr.splitlines())
            at_fault = {line.split(":")[0] for line in errors}
            clashing = [name for name in batch[1:] if str(ROOT / name) in at_fault] or batch[1:]
            batch = [name for name in batch if name not in clashing]
            later += clashing
        yield batch, unity
        names = later + names


def run_tidy(flags, test, source):
    checks = "-bugprone-suspicious-include" + ("," + NOT_ON_TESTS if test else "")
    done = subprocess.run(
        ["clang-tidy-19", "--quiet", f"--config-file={ROOT}/.clang-tidy", f"--checks={checks}",
         str(source), "--", *flags[1:]], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0 and not done.stdout.strip():
        return done.stderr
    return done.stdout


def main():
    build, wanted = pathlib.Path(sys.argv[1]).resolve(), sys.argv[2:]
    jobs = int(os.environ.get("AETHER_JOBS", os.cpu_count() or 1))
    findings, running = {}, {}
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for test, (flags, names) in kinds_of(build, wanted).items():
            folder = build / "tidy" / ("tests" if test else "code")
            folder.mkdir(parents=True, exist_ok=True)
            flags = list(flags)
            for batch, unity in batches_of(flags, names, folder):
                running[pool.submit(run_tidy, flags, test, unity)] = batch
        for future in concurrent.futures.as_completed(running):
            print("   clang-tidy:", *running[future], file=sys.stderr, flush=True)
            where = None
            for line in future.result().splitlines():  # a header's comes once for each batch
                if FINDING.match(line):
                    where = line
                    findings.setdefault(where, [])
                elif where is None:
                    findings.setdefault(line, [])
                elif line not in findings[where]:
                    findings[where].append(line)
    for where, lines in sorted(findings.items()):
        print("\n".join([where.replace(f"{ROOT}/", ""), *lines]))
    if not running:
        print(f"there is nothing to check in {build}/compile_commands.json")
    return 1 if findings or not running else 0


if __name__ == "__main__":
    sys.exit(main())
