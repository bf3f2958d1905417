#!/usr/bin/python3
"""Turns user_agents.txt into C, in the order in which collector/user_agents.c looks patterns up: embed.py OUT.c LIST.txt"""
import sys

SLOTS = 4096	# as in collector/user_agents.h
PIECE_MIN = 3

HEAD = """\
/* Made by collector/data/embed.py. */
#include "collector/user_agents.h"

"""


def slot_of(piece):
    a, b, c = piece[:PIECE_MIN].encode()
    return ((a * 31 + b) * 31 + c) % SLOTS


def literal(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("?", "\\?") + '"'


def read(path):
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            line = line.rstrip("\n")
            if line and not line.startswith("#"):
                begins, ends = line.startswith("^"), line.endswith("$")
                text = line[begins:len(line) - ends]
                if len(text.split("*")[0]) < PIECE_MIN or not text.isascii() or not text.isprintable():
                    sys.exit(f"{path}:{number}: a pattern begins with {PIECE_MIN} bytes of plain ASCII text")
                yield slot_of(text), text, begins, ends


def main():
    out, path = sys.argv[1:]
    patterns = sorted(read(path))
    starts, at = [], 0
    for slot in range(SLOTS + 1):
        while at < len(patterns) and patterns[at][0] < slot:
            at += 1
        starts.append(at)
    with open(out, "w", encoding="utf-8") as to:
        to.write(HEAD + "const struct user_agent_pattern user_agent_patterns[] = {\n")
        for _, text, begins, ends in patterns:
            to.write(f"\t{{{literal(text)}, {str(begins).lower()}, {str(ends).lower()}}},\n")
        to.write("};\n\nconst uint16_t user_agent_slots[USER_AGENT_SLOTS + 1] = {\n")
        for i in range(0, len(starts), 16):
            to.write("\t" + "".join(f"{start}, " for start in starts[i:i + 16]).rstrip() + "\n")
        to.write("};\n")


main()
