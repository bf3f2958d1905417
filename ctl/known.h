/*
 * Whose touches were a contact's, by the claims and consents that had become known by a moment: core/flow/attribute.h over those alone.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/uuid.h"
#include "ctl/ctl.h"

/* Touches recorded on an actor: from_us ≤ at < to_us. */
struct known_span {
	struct uuid actor_id;
	int64_t from_us, to_us;
	bool if_weak; /* only if it is a browser or the like; a person's who had not consented are nobody's */
};

/*
 * Inside a transaction, whose snapshot it reads. In ctl's arena. Needs to see report.claim, report.consent, report.recorded. Who has
 * withdrawn since is not known any more, whatever the moment: what was deleted stays deleted.
 */
bool known_spans(struct ctl *ctl, struct postgres *postgres, const struct uuid *contact, int64_t known_us,
		 struct known_span **ret_spans, size_t *ret_count, struct fail *fail);
