/*
 * Runs a fuzz target over files that stand in the tree, in the plain test run: replay DIRECTORY.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/base/check.h"
#include "tests/fuzz/fuzz.h"

#define FILE_SIZE_MAX ((size_t)1 << 20)

static void replay(const char *directory, const char *name)
{
	char path[4096];
	snprintf(path, sizeof(path), "%s/%s", directory, name);
	FILE *file = fopen(path, "rb");
	CHECK(file != NULL);
	uint8_t *room = malloc(FILE_SIZE_MAX);
	CHECK(room != NULL);
	size_t size = fread(room, 1, FILE_SIZE_MAX, file);
	CHECK(feof(file) && !ferror(file));
	fclose(file);
	/* Of its very size, so that a sanitizer sees a read behind it. */
	uint8_t *data = realloc(room, size > 0 ? size : 1);
	CHECK(data != NULL);
	LLVMFuzzerTestOneInput(data, size);
	free(data);
}

int main(int count, char **words)
{
	unsigned files = 0;
	DIR *directory = count == 2 ? opendir(words[1]) : NULL;
	if (directory == NULL) {
		fprintf(stderr, "replay: give a directory that can be read\n");
		return EXIT_FAILURE;
	}
	for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
		if (entry->d_name[0] != '.') {
			replay(words[1], entry->d_name);
			files++;
		}
	}
	closedir(directory);
	printf("%u passed, %u failed\n", files, files == 0);
	return files == 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
