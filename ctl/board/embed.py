#!/usr/bin/python3
"""Turns the board's own files into C, so that phasectl carries them: embed.py OUT.c FILE…"""
import json
import os
import sys

TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}


def main():
    out, *paths = sys.argv[1:]
    rows = []
    for path in paths:
        with open(path, encoding="ascii") as text:	# so that JSON's escapes are C's
            lines = "".join(f"\n\t\t{json.dumps(line)}" for line in text.read().splitlines(True))
        rows.append(f'\t{{"/{os.path.basename(path)}", "{TYPES[os.path.splitext(path)[1]]}",{lines}}},\n')
    with open(out, "w", encoding="ascii") as to:
        to.write('/* Made by ctl/board/embed.py. */\n#include "ctl/board/files.h"\n\nconst struct files_file files[] = {\n')
        to.write("".join(rows) + "};\n\nconst size_t files_count = %d;\n" % len(rows))


main()
