/*
 * What a sender asks of whoever runs the collector, as to confirm a subscription. The collector calls nobody: it says so in the
 * log, and puts the address that is to be opened, in which there is a token, into a file that only its user and root read.
 */
#include <stdio.h>
#include <string.h>

#include "collector/collect_inside.h"
#include "collector/source/source.h"
#include "core/base/log.h"
#include "core/edge/runtime_file.h"

#define TEXT_SIZE 2048

void collect_notice(const struct hook *hook, const struct source_notice *notice)
{
	static struct log_limit limit;
	char name[96], text[TEXT_SIZE], path[RUNTIME_FILE_PATH_SIZE];
	snprintf(name, sizeof(name), "%.64s.confirm", hook->name);
	int size = snprintf(text, sizeof(text), "%s\n", notice->url);
	bool is_written = size > 0 && (size_t)size < sizeof(text) &&
			  runtime_file_write(name, text, (size_t)size, 0600, path);
	explicit_bzero(text, sizeof(text));
	if (!log_allowed(&limit)) {
		return;
	}
	if (is_written) {
		log_warning("hooks.%s: %s: the address to open stands in %s%s", hook->name, notice->about, path,
			    log_held_back(&limit));
	} else {
		log_warning("hooks.%s: %s: the address to open could not be written to RUNTIME_DIRECTORY/%s%s",
			    hook->name, notice->about, name, log_held_back(&limit));
	}
}
