/*
 * What every command of phasectl is handed, and what it is made of.
 *
 * A command returns the exit code. It says what went wrong in one line on stderr (ctl_complain) and prints only its
 * result to stdout.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/fail.h"
#include "core/edge/conf.h"
#include "ctl/options.h"

struct postgres;

struct ctl {
	const char *words; /* the command's name, for what it complains about */
	const char *config_path;
	struct arena arena; /* for the command's whole life */
	struct conf conf;   /* after ctl_read_conf() */
};

/* The one word that a command may take beside its options. */
struct operand {
	const char *name; /* what --help calls it; NULL: the command takes none */
	const char **ret; /* NULL when not given */
	bool is_needed;
};

/* One row of the table that phasectl is. */
struct command {
	const char *words;	/* "report phases" */
	const char *summary;	/* one line, for the list of commands */
	const char *details;	/* more, for its own --help; lines, or "" */
	void (*say_more)(void); /* what of that stands in a table; NULL: nothing */
	const struct option_about *options;
	struct operand operand;
	int (*run)(struct ctl *ctl);
};

extern const struct command migrate_command;
extern const struct command report_command;
extern const struct command report_phases_command;
extern const struct command at_command;
extern const struct command journey_command;
extern const struct command audit_command;
extern const struct command brief_command;
extern const struct command why_command;
extern const struct command board_command;
extern const struct command accounts_accept_command;
extern const struct command topics_create_command;
extern const struct command produce_command;
extern const struct command check_command;
extern const struct command confirm_command;
extern const struct command unsubscribe_list_command;
extern const struct command unsubscribe_settle_command;
extern const struct command erase_command;
extern const struct command export_command;
extern const struct command import_command;
extern const struct command identity_show_command;
extern const struct command identity_join_command;
extern const struct command identity_split_command;
extern const struct command machine_show_command;
extern const struct command machine_clear_command;
extern const struct command model_accept_command;
extern const struct command model_check_command;
extern const struct command model_diff_command;
extern const struct command model_reject_command;
extern const struct command model_history_command;
extern const struct command model_show_command;
extern const struct command model_calibrate_command;
extern const struct command model_lint_command;
extern const struct command model_try_command;
extern const struct command position_show_command;
extern const struct command position_set_command;
extern const struct command reload_command;
extern const struct command retention_command;
extern const struct command status_command;
extern const struct command top_command;
extern const struct command rejects_list_command;
extern const struct command rejects_show_command;
extern const struct command rejects_retry_command;
extern const struct command rejects_purge_command;

bool ctl_read_conf(struct ctl *ctl, struct fail *fail);
/* After it: adds the settings of kafka.properties_file, for whoever talks to Kafka. */
bool ctl_read_properties(struct ctl *ctl, struct fail *fail);
/* Both. */
bool ctl_read_conf_for_kafka(struct ctl *ctl, struct fail *fail);
/* The file of the words of topics: `given`, else topics.yaml beside the configuration, which need not be there. */
const char *ctl_topic_words(struct ctl *ctl, const char *given, bool *ret_is_there);
/* Connected, or NULL. The caller ends it with postgres_destroy(). */
struct postgres *ctl_connect(struct ctl *ctl, unsigned reply_ms_max, struct fail *fail);
/* The same to a database of this program's schema, with the configuration's postgres.reply_ms_max. */
struct postgres *ctl_connect_to_schema(struct ctl *ctl, struct fail *fail);
/* With another limit: for who looks through all there is. */
struct postgres *ctl_connect_to_schema_for(struct ctl *ctl, unsigned reply_ms_max, struct fail *fail);
/* The time that an option gives ("--time"): "2026-11-25T14:30:00Z". */
bool ctl_read_time(const char *option, const char *text, int64_t *ret_us, struct fail *fail);
/* Adds the beginning of a transaction that reads as of one moment. */
bool ctl_begin_reading(struct postgres *postgres, struct fail *fail);
/* Sends what was added and waits for its answers. */
bool ctl_turn(struct postgres *postgres, struct fail *fail);
/* "phasectl: …" on stderr; returns the exit code. */
int ctl_complain(const struct fail *fail);
/* The same of a command that cannot go on: "phasectl: model accept: …", in words where the database has no schema. */
int ctl_give_up(const struct ctl *ctl, struct fail *fail);
