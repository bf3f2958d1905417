/*
 * The webhooks that are configured, with their secrets, which stand in files.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "collector/source/hook.h"
#include "core/base/arena.h"
#include "core/base/fail.h"

struct collect_conf;

struct hooks {
	struct arena arena; /* of all that follows */
	struct hook *items;
	size_t count;
};

/* Reads the secrets of conf->hooks, copying everything, in place of what *hooks held (zeroed: nothing). False: FAIL_FATAL /
 * EXIT_CONFIG names the file and why, never what is in it; *hooks is as before. */
bool hooks_load(struct hooks *hooks, const struct collect_conf *conf, struct fail *fail);
void hooks_finish(struct hooks *hooks); /* zeroed is fine */
