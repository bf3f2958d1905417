#!/usr/bin/python3
"""Turns schema/NNNN_*.sql into C, so that phasectl carries them: embed.py OUT.c FILE.sql…

Refuses what a migration may not be: a gap in the numbers, a transaction of its own, a byte that is not UTF-8.
"""
import hashlib
import os
import re
import sys

TRANSACTION = re.compile(r"^\s*(BEGIN|COMMIT|ROLLBACK|START|SAVEPOINT|ABORT|END)\b[^;$]*;", re.M | re.I)

HEAD = """\
/* Made by schema/embed.py. */
#include "ctl/schema_files.h"

#include <assert.h>

#include "core/edge/schema.h"

static_assert(SCHEMA_VERSION == %d, "SCHEMA_VERSION in core/edge/schema.h is the number of the last file of schema/");

const struct schema_file schema_files[] = {
"""


def literal(line):
    return '\t\t"' + line.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t") + '\\n"\n'


def embed(number, path):
    name = os.path.basename(path)
    if not re.fullmatch(r"%04d_[a-z0-9_]+\.sql" % number, name):
        sys.exit(f"{path}: expected %04d_<words>.sql: files are numbered without a gap" % number)
    with open(path, "rb") as source:
        content = source.read()
    text = content.decode()
    for found in TRANSACTION.finditer(text):
        if text[:found.start()].count("$$") % 2 == 0:	# a function's BEGIN and END are its own
            line = text.count("\n", 0, found.start(1)) + 1
            sys.exit(f"{path}:{line}: {found.group(1)}: phasectl migrate gives each file its transaction")
    return ('\t{%d, "%s", "%s",\n%s\t},\n' % (number, name, hashlib.sha256(content).hexdigest(),
                                            "".join(map(literal, text.splitlines()))))


def main():
    out, *paths = sys.argv[1:]
    files = [embed(number, path) for number, path in enumerate(sorted(paths, key=os.path.basename), 1)]
    with open(out, "w") as to:
        to.write(HEAD % len(files) + "".join(files) + "};\n\nconst unsigned schema_file_count = %d;\n" % len(files))


main()
