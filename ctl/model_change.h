/*
 * Another model in force: what `model accept` and `model reject` have in common.
 *
 * It is one short transaction, which no batch and no refold is in the middle of; whatever it takes to fold everybody anew is the daemons'
 * work (daemon/loop_takeover.c), so that nothing is lost when this program is interrupted.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "core/base/fail.h"
#include "core/model/model.h"
#include "ctl/ctl.h"

struct postgres;

/* What there is. */
struct model_standing {
	bool any; /* a model is in force: */
	uint64_t version;
	int64_t acceptance; /* its row of phased.model_acceptance */
	int64_t contacts;   /* whose touches are stored */
	bool has_ended;	    /* all of them are folded by it */
};
bool model_standing_read(struct postgres *postgres, struct model_standing *ret_standing, struct fail *fail);

/* Names, on stderr, processes that the model in force has and this one has not: they vanish from reports. */
bool model_change_warn(struct ctl *ctl, const char *command, struct postgres *postgres, const struct model *model,
		       struct fail *fail);

/* Puts it in force in place of what stands: as an acceptance of its own, or `back`: by taking the last one back. Matches all subjects
 * before. */
bool model_change(struct ctl *ctl, struct postgres *postgres, const struct model *model,
		  const struct model_standing *standing, bool back, struct fail *fail);

/* Shows how the daemons get on until all contacts are folded by `version`, which is in force. EXIT_DONE; EXIT_FOUND: nobody works on it, or
 * another model has come into force meanwhile. */
int model_change_watch(const char *command, struct postgres *postgres, uint64_t version, struct fail *fail);
