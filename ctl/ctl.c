/*
 * Configuration and connections, as all commands use them.
 */
#include "ctl/ctl.h"

#include <stdio.h>

#include "core/edge/postgres.h"

bool ctl_read_conf(struct ctl *ctl, struct fail *fail)
{
	return conf_read(ctl->config_path, &ctl->arena, &ctl->conf, fail);
}

struct postgres *ctl_connect(struct ctl *ctl, unsigned reply_ms_max, struct fail *fail)
{
	const struct postgres_options options = {
		.conninfo = ctl->conf.postgres.conninfo,
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

bool ctl_turn(struct postgres *postgres, struct fail *fail)
{
	return postgres_send(postgres, fail) && postgres_wait(postgres, fail);
}

int ctl_complain(const struct fail *fail)
{
	fflush(stdout);
	fprintf(stderr, "phasectl: %s\n", fail->text);
	return (int)fail->exit_code;
}
