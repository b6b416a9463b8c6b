#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs clang-tidy over the sources of a build folder, many files at a time.

    script/check_tidy.py BUILD_FOLDER [PATH…]

Nearly all of clang-tidy's time goes into the standard library's headers, once for each source. So
sources with equal compiler flags in one folder are included into one, which takes a seventh of the
time. Files that do not compile with the others (both have a helper of one name) go into another
batch. With PATHs, only the sources beneath them.

Tests are checked without the checks that GoogleTest's macros trip, and without the analyzer.
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
MOST_TOGETHER = 16
NOT_ON_TESTS = ",".join("-" + check for check in (
    "bugprone-unchecked-optional-access",
    "cert-err58-cpp",
    "clang-analyzer-*",
    "cppcoreguidelines-avoid-non-const-global-variables",
    "cppcoreguidelines-owning-memory",
    "misc-const-correctness",
    "readability-function-cognitive-complexity",
    "readability-function-size",
))
ERROR = re.compile(r"^/\S+?:\d+:\d+: (?:fatal )?error: ")
FINDING = re.compile(r"^(/\S+?):(\d+):(\d+): (?:error|warning): ")


def is_test(name):
    return name.startswith(("tests/", "src/testing/")) or name.endswith("_test.cpp")


def flags_of(command):
    """The compiler's arguments without the source and the output."""
    words, flags = shlex.split(command), []
    words = words[next(i for i, word in enumerate(words) if "clang" in word):]
    skip = False
    for word in words:
        if skip or word == "-c" or word.endswith(".cpp"):
            skip = False
        elif word in ("-o", "-MF", "-MT"):
            skip = True
        elif word != "-MD":
            flags.append(word)
    return tuple(flags)


def groups_of(build, wanted):
    together = {}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        path = pathlib.Path(entry["file"])
        if not path.is_relative_to(ROOT):
            continue
        name = str(path.relative_to(ROOT))
        if not name.startswith(FOLDERS) or (wanted and not name.startswith(tuple(wanted))):
            continue
        key = (flags_of(entry["command"]), path.parent, is_test(name))
        names = together.setdefault(key, [])
        if name not in names:
            names.append(name)
    for (flags, _, test), names in sorted(together.items(), key=lambda item: item[1]):
        for start in range(0, len(names), MOST_TOGETHER):
            yield flags, test, sorted(names)[start:start + MOST_TOGETHER]


def run_tidy(flags, test, source):
    checks = "-bugprone-suspicious-include" + ("," + NOT_ON_TESTS if test else "")
    done = subprocess.run(
        ["clang-tidy-19", "--quiet", f"--config-file={ROOT}/.clang-tidy", f"--checks={checks}",
         str(source), "--", *flags[1:]], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0 and not done.stdout.strip():
        return done.stderr
    return done.stdout


def batches_of(flags, names, unity):
    """Splits names into lists that compile together; `unity` then includes the latest list."""
    while names:
        batch, later = list(names), []
        while len(batch) > 1:
            unity.write_text("".join(f'#include "{ROOT / name}"\n' for name in batch))
            done = subprocess.run([*flags, "-w", "-fsyntax-only", str(unity)], cwd=ROOT,
                                  capture_output=True, text=True, check=False)
            if done.returncode == 0:
                break
            errors = filter(ERROR.match, done.stderr.splitlines())
            at_fault = {line.split(":")[0] for line in errors}
            clashing = [name for name in batch[1:] if str(ROOT / name) in at_fault]
            if not clashing:
                clashing = batch[1:]
            batch = [name for name in batch if name not in clashing]
            later += clashing
        yield batch
        names = later


def check_group(number, flags, test, names, folder):
    output, batches = "", []
    unity = folder / f"unity-{number}.cpp"
    for batch in batches_of(flags, names, unity):
        output += run_tidy(flags, test, ROOT / batch[0] if len(batch) == 1 else unity)
        batches.append(" ".join(batch))
    return output, "; ".join(batches)


def main():
    build, wanted = pathlib.Path(sys.argv[1]).resolve(), sys.argv[2:]
    folder = build / "tidy"
    folder.mkdir(exist_ok=True)
    jobs = int(os.environ.get("AETHER_JOBS", os.cpu_count() or 1))
    findings, checked = {}, 0
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        running = [pool.submit(check_group, number, *group, folder)
                   for number, group in enumerate(groups_of(build, wanted))]
        for future in concurrent.futures.as_completed(running):
            output, what = future.result()
            print(f"   clang-tidy: {what}", file=sys.stderr, flush=True)
            checked += 1
            where = None
            for line in output.splitlines():  # a header's finding comes once for each group
                if FINDING.match(line):
                    where = line
                    findings.setdefault(where, [])
                elif where is None:
                    findings.setdefault(line, [])
                elif line not in findings[where]:
                    findings[where].append(line)
    for where, lines in sorted(findings.items()):
        print("\n".join([where.replace(f"{ROOT}/", ""), *lines]))
    if not checked:
        print(f"there is nothing to check in {build}/compile_commands.json")
    return 1 if findings or not checked else 0


if __name__ == "__main__":
    sys.exit(main())
