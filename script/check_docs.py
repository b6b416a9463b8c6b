#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Keeps the documents true: their C++ is compiled code, their commands are run.

    script/check_docs.py --bin FOLDER   checks all documents, with FOLDER's programs in the PATH
    script/check_docs.py --fix          copies the compiled code into the documents
    script/check_docs.py --self-test    plants wrong documents and expects each to be found

A line before a fenced block says how it is checked (CONTRIBUTING.md, "Documentation"):

    <!-- file: examples/order.cpp -->       ```cpp: the whole file, but for its first comment and
                                                    the region lines
    <!-- file: examples/order.cpp#name -->  ```cpp: what stands between // [name] and // [/name]
    <!-- not checked: reason -->            any block
    (nothing)                               ```sh and ```console: run; ```cpp: an error

The blocks of one document run in order, in one temporary folder of their own. Of ```sh every
command must succeed. In ```console a line "$ command" is run and the lines after it are what it
prints, on stdout and stderr together; "…" stands for any text, a line "…" for any lines. A command
that fails must show what it prints, or be followed by "$ echo $?". Links to files must lead
somewhere.
"""
import argparse
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile
import textwrap

ROOT = pathlib.Path(__file__).resolve().parent.parent
TIMEOUT_SECONDS = 120
FENCE = re.compile(r"^( *)(```+|~~~+)\s*(\w*)\s*$")
MARK = re.compile(r"^\s*<!-- (file|not checked): (.+?) -->\s*$")
REGION = re.compile(r"\s*// \[/?[\w-]+\]\s*")
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


class Block:
    def __init__(self, language, line, text, mark):
        self.language, self.line, self.text, self.mark = language, line, text, mark


def blocks_of(text):
    """The fenced blocks of a document, each with the mark on the line before it (or the one above
    an empty line)."""
    lines, number = text.splitlines(), 0
    while number < len(lines):
        opening = FENCE.match(lines[number])
        if not opening:
            number += 1
            continue
        indent, fence, language = opening.groups()
        start = number
        number += 1
        body = []
        while number < len(lines) and lines[number].strip() != fence:
            body.append(lines[number].removeprefix(indent))
            number += 1
        number += 1
        before = [line for line in lines[max(0, start - 2):start] if line.strip()]
        mark = MARK.match(before[-1]) if before else None
        yield Block(language, start + 1, "\n".join(body), mark.groups() if mark else None)


def region(root, reference):
    """The text that a cpp block must be, or an error."""
    name, _, region_name = reference.partition("#")
    path = root / name
    if not path.is_file():
        return None, f"there is no file {name}"
    lines = path.read_text().splitlines()
    if not region_name:
        while lines and (lines[0].startswith("//") or not lines[0].strip()):
            lines.pop(0)
        return "\n".join(line for line in lines if not REGION.fullmatch(line)), None
    stripped = [line.strip() for line in lines]
    begin, end = f"// [{region_name}]", f"// [/{region_name}]"
    if stripped.count(begin) != 1 or stripped.count(end) != 1:
        return None, f"{name} does not have '{begin}' and '{end}' exactly once"
    inner = lines[stripped.index(begin) + 1:stripped.index(end)]
    inner = [line for line in inner if not REGION.fullmatch(line)]
    return textwrap.dedent("\n".join(inner)), None


def check_cpp(root, block):
    if not block.mark:
        return ["a cpp block without a mark: nothing compiles it"]
    expected, error = region(root, block.mark[1])
    if error:
        return [error]
    ours, theirs = block.text.strip("\n").splitlines(), expected.strip("\n").splitlines()
    for number, (mine, compiled) in enumerate(zip(ours, theirs), 1):
        if mine != compiled:
            return [f"line {number} is not that of {block.mark[1]}:\n  here:  {mine}\n"
                    f"  there: {compiled}"]
    if len(ours) != len(theirs):
        return [f"{len(ours)} lines, but {block.mark[1]} has {len(theirs)}"]
    return []


def commands_of(block):
    """(command, expected output or None) of an sh or console block."""
    if block.language == "sh":
        return [(f"( set -eu\n{block.text}\n)", None)]
    commands = []
    for line in block.text.splitlines():
        if line.startswith("$ "):
            commands.append([line[2:], []])
        elif commands and not commands[-1][1] and commands[-1][0].endswith("\\"):
            commands[-1][0] += "\n" + line.removeprefix("> ")
        elif commands:
            commands[-1][1].append(line)
    return [(command, output) for command, output in commands]


def pattern_of(expected):
    parts = []
    for line in expected:
        if line.strip() == "…":
            parts.append(r"(?:[^\n]*\n)*?")
        else:
            parts.append("[^\n]*".join(re.escape(part) for part in line.rstrip().split("…")) + "\n")
    return re.compile("".join(parts))


def run_all(commands, path_prefix):
    """Runs commands in one shell; yields (status, output) of each that was reached."""
    script = ["exec 2>&1 </dev/null", "status=0"]
    for number, command in enumerate(commands):
        # The subshell hands the status of the command before to `$?`.
        script.append(f"(exit $status); eval {shlex.quote(command)}")
        script.append(f"status=$?; printf '\\036%d %d\\036' {number} $status")
    environment = {name: value for name, value in os.environ.items()
                   if name in ("HOME", "LANG", "PATH", "TMPDIR", "ASAN_OPTIONS", "TSAN_OPTIONS",
                               "UBSAN_OPTIONS")}
    environment.update(PATH=f"{path_prefix}:{environment['PATH']}", NO_COLOR="1", COLUMNS="100",
                       AETHER_SOURCE=str(ROOT))
    with tempfile.TemporaryDirectory(prefix="aether-docs-") as folder:
        done = subprocess.run(["bash", "-c", "\n".join(script)], cwd=folder, env=environment,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=False,
                              timeout=TIMEOUT_SECONDS)
    pieces = done.stdout.decode(errors="replace").split("\036")
    for output, ending in zip(pieces[::2], pieces[1::2]):
        yield int(ending.split()[1]), output


def check_commands(blocks, bin_folder):
    planned = [(block, *command) for block in blocks for command in commands_of(block)]
    if not planned:
        return []
    outcomes = list(run_all([command for _, command, _ in planned], bin_folder))
    problems = []
    for number, (block, command, expected) in enumerate(planned):
        if number >= len(outcomes):
            problems.append((block, f"not reached, the shell ended before: {command}"))
            break
        status, output = outcomes[number]
        shown = textwrap.indent(output.rstrip(), "  | ")
        next_command = planned[number + 1][1] if number + 1 < len(planned) else ""
        shows_failure = next_command.strip() == "echo $?" or any(
            line.strip("… ") for line in expected or ())
        if status != 0 and not shows_failure:
            problems.append((block, f"exit {status} from: {command}\n{shown}"))
        elif expected is not None:
            lines = "".join(line.rstrip() + "\n" for line in output.rstrip("\n").splitlines())
            if not pattern_of(expected).fullmatch(lines):
                wanted = textwrap.indent("\n".join(expected), "  | ")
                problems.append((block, f"{command}\nprints\n{shown}\nnot\n{wanted}"))
    return problems


def check_document(root, path, bin_folder):
    text = path.read_text()
    problems, to_run = [], []
    for block in blocks_of(text):
        if block.mark and block.mark[0] == "not checked":
            continue
        if block.language == "cpp":
            problems += [(block.line, problem) for problem in check_cpp(root, block)]
        elif block.language in ("sh", "console"):
            to_run.append(block)
        elif block.language in ("bash", "shell", "c++"):
            problems.append((block.line, f"'{block.language}': say sh, console or cpp"))
    problems += [(block.line, problem) for block, problem in check_commands(to_run, bin_folder)]
    for number, line in enumerate(text.splitlines(), 1):
        for target in LINK.findall(line):
            if "://" not in target and not target.startswith("mailto:"):
                if not (path.parent / target).exists():
                    problems.append((number, f"the link leads nowhere: {target}"))
    name = path.relative_to(root)
    return [f"{name}:{line}: {problem}" for line, problem in sorted(problems)]


def fix_document(root, path):
    lines = path.read_text().splitlines()
    # From the end, so that the line numbers of the earlier blocks stay right.
    for block in reversed(list(blocks_of(path.read_text()))):
        if block.language != "cpp" or not block.mark or block.mark[0] != "file":
            continue
        expected, error = region(root, block.mark[1])
        if error:
            print(f"{path.relative_to(root)}:{block.line}: {error}")
        else:
            body_lines = len(block.text.splitlines())
            lines[block.line:block.line + body_lines] = expected.strip("\n").splitlines()
    path.write_text("\n".join(lines) + "\n")


def documents(root):
    return sorted([*root.glob("*.md"), *(root / "docs").rglob("*.md")])


SELF_TEST_SOURCE = "// SPDX\nint a;\n// [part]\n  int b;\n// [/part]\n"
SELF_TEST = [  # a document, and what must be said about it ("" for nothing)
    ("<!-- file: x.cpp#part -->\n```cpp\nint b;\n```\n", ""),
    ("<!-- file: x.cpp -->\n```cpp\nint a;\n  int b;\n```\n", ""),
    ("<!-- file: x.cpp#part -->\n```cpp\nint c;\n```\n", "is not that of x.cpp#part"),
    ("<!-- file: x.cpp#part -->\n```cpp\nint b;\nint c;\n```\n", "2 lines"),
    ("<!-- file: x.cpp#gone -->\n```cpp\nint b;\n```\n", "exactly once"),
    ("```cpp\nint b;\n```\n", "nothing compiles it"),
    ("<!-- not checked: why -->\n```cpp\nint b;\n```\n", ""),
    ("```sh\ntrue\n```\n", ""),
    ("```sh\nfalse\ntrue\n```\n", "exit 1"),
    ("```bash\nfalse\n```\n", "say sh"),
    ("```console\n$ echo a b c\na … c\n```\n", ""),
    ("```console\n$ printf 'a\\nb\\nc\\n'\na\n…\n```\n", ""),
    ("```console\n$ echo a\nb\n```\n", "not\n  | b"),
    ("```console\n$ echo a\n```\n", "prints"),
    ("```console\n$ (exit 4)\n$ echo $?\n4\n```\n", ""),
    ("```console\n$ (exit 4)\n```\n", "exit 4"),
    ("```console\n$ (echo a; exit 4)\n…\n```\n", "exit 4"),
    ("```console\n$ (echo a; exit 4)\na\n```\n", ""),
    ("```console\n$ exit 3\n$ true\n```\n", "not reached"),
    ("```sh\necho x > f\n```\n```console\n$ cat f\nx\n```\n", ""),
    ("[a](x.cpp) [b](https://example.org/x)", ""),
    ("[a](gone.md#part)", "leads nowhere"),
]
TO_FIX = "# A\n<!-- file: x.cpp#part -->\n```cpp\n```\nb\n<!-- file: x.cpp -->\n```cpp\nc\nd\n```\n"


def self_test():
    missed = []
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        (root / "x.cpp").write_text(SELF_TEST_SOURCE)
        document = root / "a.md"
        for text, expected in SELF_TEST:
            document.write_text(text)
            found = "\n".join(check_document(root, document, "/nonexistent"))
            if (expected not in found) if expected else found:
                missed.append(f"of\n{text}\nsays '{found}', not '{expected}'")
        document.write_text(TO_FIX)
        fix_document(root, document)
        if check_document(root, document, "/nonexistent") or "\nb\n" not in document.read_text():
            missed.append(f"--fix leaves\n{document.read_text()}")
    return missed


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", type=pathlib.Path, help="the folder of the programs")
    parser.add_argument("--self-test", action="store_true")
    parser.add_argument("--fix", action="store_true")
    arguments = parser.parse_args()
    if arguments.fix:
        for path in documents(ROOT):
            fix_document(ROOT, path)
        return 0
    if arguments.self_test:
        problems = self_test()
    elif arguments.bin and arguments.bin.is_dir():
        problems = []
        for path in documents(ROOT):
            problems += check_document(ROOT, path, arguments.bin.resolve())
    else:
        parser.error("--bin must name the folder of the built programs")
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
