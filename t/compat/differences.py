"""differences.txt: what is meant to differ from smtp(8), by scenario and line."""
import fnmatch
import os

PATH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "differences.txt")


class Difference:
    """A scenario's lines: each must occur, and no others. "whatever": it is another course altogether."""

    def __init__(self, reason):
        self.reason, self.patterns, self.since = reason, [], (0, 0)


def load(path=PATH):
    found = {}
    with open(path, encoding="utf-8") as file:
        for line in file.read().split("\n"):
            if line.startswith("== "):
                name, _, reason = line[3:].partition(": ")
                found[name] = current = Difference(reason)
            elif line.startswith("since "):
                current.since = tuple(int(part) for part in line[6:].split("."))
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
    if listed is None or listed.since > level:
        return diff
    lines = [line for line in diff if line[:1] in "+-" and not line.startswith(("+++", "---"))]
    unused = [pattern for pattern in listed.patterns if not any(fits(pattern, line) for line in lines)]
    strange = [line for line in lines if not any(fits(pattern, line) for pattern in listed.patterns)]
    if strange:
        return ["differs otherwise than listed:"] + diff
    return [] if partly else ["listed in differences.txt, but it does not occur: " + pattern for pattern in unused]
