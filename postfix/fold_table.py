#!/usr/bin/env python3
"""Write postfix/fold_table.h: Unicode case folding, full (statuses C and F of CaseFolding.txt)."""
import sys
import unicodedata

single, several = [], []
for code in range(0x80, 0x110000):
    folded = chr(code).casefold() if not 0xD800 <= code < 0xE000 else chr(code)
    if len(folded) > 1:
        several.append((code, folded))
    elif folded != chr(code):
        single.append((code, ord(folded) - code))

ranges = []  # first, last, step, delta
for code, delta in single:
    if ranges and ranges[-1][3] == delta:
        first, last, step, _ = ranges[-1]
        gap = code - last
        if gap in (1, 2) and (first == last or gap == step):
            ranges[-1] = (first, code, gap, delta)
            continue
    ranges.append((code, code, 1, delta))

out = sys.stdout
out.write("/* Made by fold_table.py from Unicode %s. */\n" % unicodedata.unidata_version)
out.write("static const struct fold_range fold_ranges[] = {\n")
for first, last, step, delta in ranges:
    out.write("\t{0x%04X, 0x%04X, %d, %d},\n" % (first, last, step, delta))
out.write("};\n\nstatic const struct fold_several fold_several[] = {\n")
for code, folded in several:
    text = "".join("\\%03o" % byte for byte in folded.encode())
    out.write("\t{0x%04X, \"%s\"},\n" % (code, text))
out.write("};\n")
