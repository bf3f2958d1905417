/*
 * The files of schema/, as they were when this program was built. Generated: schema/embed.py.
 */
#pragma once

struct schema_file {
	unsigned version;   /* from 1, without a gap */
	const char *name;   /* "0001_tables.sql" */
	const char *sha256; /* of the file, hexadecimal */
	const char *sql;
};

extern const struct schema_file schema_files[];
extern const unsigned schema_file_count;
