"""differences.txt: what is meant to differ from smtp(8), by scenario and line."""
import fnmatch
import os

PATH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "differences.txt")


class Difference:
    """
    A scenario's lines beside some versions: each must occur, and no others. "whatever": it is another
    course altogether.
    """

    def __init__(self, reason):
        self.reason, self.patterns, self.since, self.until = reason, [], (0, 0), (99, 0)

    def holds(self, level):
        return self.since <= level < self.until


def number(text):
    return tuple(int(part) for part in text.split("."))


def load(path=PATH):
    """By scenario, the entries that it has."""
    found = {}
    with open(path, encoding="utf-8") as file:
        for line in file.read().split("\n"):
            if line.startswith("== "):
                name, _, reason = line[3:].partition(": ")
                current = Difference(reason)
                found.setdefault(name, []).append(current)
            elif line.startswith("since "):
                current.since = number(line[6:])
            elif line.startswith("until "):
                current.until = number(line[6:])
            elif line == "whatever":
                current.patterns += ["-*", "+*"]
            elif line[:2] in ("- ", "+ "):
                current.patterns.append(line[0] + line[2:])
            elif line and not line.startswith("#"):
                raise SystemExit("differences.txt: not understood: " + line)
    return found


def fits(pattern, line):
    """A "*" stands for anything; all else for itself."""
    pattern = "".join("*" if char == "*" else "[%s]" % char if char in "[?]" else char for char in pattern)
    return line[0] == pattern[0] and fnmatch.fnmatchcase(line[1:].strip().rstrip(","), pattern[1:].strip().rstrip(","))


def judge(listed, diff, level, partly=False):
    """
    What remains wrong beside Postfix LEVEL: lines that are not listed, and listed ones that did not occur.
    PARTLY: not all was compared.
    """
    patterns = [pattern for entry in listed or [] if entry.holds(level) for pattern in entry.patterns]
    if not patterns:
        return diff
    lines = [line for line in diff if line[:1] in "+-" and not line.startswith(("+++", "---"))]
    unused = [pattern for pattern in patterns if not any(fits(pattern, line) for line in lines)]
    strange = [line for line in lines if not any(fits(pattern, line) for pattern in patterns)]
    if strange:
        return ["differs otherwise than listed:"] + diff
    return [] if partly else ["listed in differences.txt, but it does not occur: " + pattern for pattern in unused]
