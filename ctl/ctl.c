/*
 * Configuration and connections, as all commands use them.
 */
#include "ctl/ctl.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/base/check.h"
#include "core/base/moment.h"
#include "core/edge/postgres.h"
#include "core/edge/schema.h"
#include "core/edge/secret_file.h"

bool ctl_read_conf(struct ctl *ctl, struct fail *fail)
{
	return conf_read(ctl->config_path, &ctl->arena, &ctl->conf, fail);
}

bool ctl_read_properties(struct ctl *ctl, struct fail *fail)
{
	const char *file = ctl->conf.kafka.properties_file;
	return file[0] == '\0' || secret_file_properties("kafka.properties_file", file, &ctl->arena,
							 &ctl->conf.kafka.properties, fail);
}

bool ctl_read_conf_for_kafka(struct ctl *ctl, struct fail *fail)
{
	return ctl_read_conf(ctl, fail) && ctl_read_properties(ctl, fail);
}

const char *ctl_topic_words(struct ctl *ctl, const char *given, bool *ret_is_there)
{
	const char *slash = strrchr(ctl->config_path, '/');
	int folder = slash != NULL ? (int)(slash + 1 - ctl->config_path) : 0;
	const char *path =
		given != NULL ? given : arena_print(&ctl->arena, "%.*stopics.yaml", folder, ctl->config_path);
	CHECK(path != NULL);
	*ret_is_there = given != NULL || access(path, F_OK) == 0;
	return path;
}

struct postgres *ctl_connect(struct ctl *ctl, unsigned reply_ms_max, struct fail *fail)
{
	const char *password = NULL, *file = ctl->conf.postgres.password_file;
	if (file[0] != '\0' && !secret_file_text("postgres.password_file", file, &ctl->arena, &password, fail)) {
		return NULL;
	}
	const struct postgres_options options = {
		.conninfo = ctl->conf.postgres.conninfo,
		.password = password,
		.application = "phasectl",
		.connect_ms_max = (unsigned)ctl->conf.postgres.connect_ms_max,
		.reply_ms_max = reply_ms_max,
		.synchronous_commit = true,
	};
	struct postgres *postgres = postgres_create(&options, fail);
	if (postgres != NULL && (!postgres_connect(postgres, fail) || !postgres_wait(postgres, fail))) {
		postgres_destroy(postgres);
		return NULL;
	}
	return postgres;
}

bool ctl_read_time(const char *option, const char *text, int64_t *ret_us, struct fail *fail)
{
	return moment_read(text, ret_us) ||
	       fail_set(fail, FAIL_FATAL, EXIT_USAGE, "%s: expected a time, as 2026-11-25T14:30:00Z", option);
}

bool ctl_begin_reading(struct postgres *postgres, struct fail *fail)
{
	static const struct postgres_statement begin = {
		.name = "begin", .sql = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", .simple = true};
	return postgres_add(postgres, &begin, NULL, NULL, NULL, fail);
}

bool ctl_turn(struct postgres *postgres, struct fail *fail)
{
	return postgres_send(postgres, fail) && postgres_wait(postgres, fail);
}

struct postgres *ctl_connect_to_schema(struct ctl *ctl, struct fail *fail)
{
	return ctl_connect_to_schema_for(ctl, (unsigned)ctl->conf.postgres.reply_ms_max, fail);
}

struct postgres *ctl_connect_to_schema_for(struct ctl *ctl, unsigned reply_ms_max, struct fail *fail)
{
	struct postgres *postgres = ctl_connect(ctl, reply_ms_max, fail);
	if (postgres != NULL && (!postgres_add(postgres, &schema_statement, NULL, schema_on_rows, NULL, fail) ||
				 !ctl_turn(postgres, fail))) {
		schema_explain(fail);
		postgres_destroy(postgres);
		return NULL;
	}
	return postgres;
}

int ctl_complain(const struct fail *fail)
{
	fflush(stdout);
	fprintf(stderr, "phasectl: %s\n", fail->text);
	return (int)fail->exit_code;
}

int ctl_give_up(const struct ctl *ctl, struct fail *fail)
{
	schema_explain(fail);
	fail_prefix(fail, "%s", ctl->words);
	return ctl_complain(fail);
}
