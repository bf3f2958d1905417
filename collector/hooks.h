/*
 * The webhooks that are configured, with what stands in files: their secrets, and the words of topics that texts are asked for.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "collector/source/hook.h"
#include "core/base/arena.h"
#include "core/base/fail.h"
#include "core/flow/topics.h"

struct collect_conf;

struct hooks {
	struct arena arena; /* of all that follows */
	struct hook *items;
	size_t count;
	const struct topics *topics; /* NULL: there are no hooks */
};

/* Reads the secrets of conf->hooks and the words of conf->chat, copying everything, in place of what *hooks held (zeroed:
 * nothing). False: FAIL_FATAL / EXIT_CONFIG names the file and why, never a secret; *hooks is as before. */
bool hooks_load(struct hooks *hooks, const struct collect_conf *conf, struct fail *fail);
void hooks_finish(struct hooks *hooks); /* zeroed is fine */
