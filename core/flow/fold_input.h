/*
 * Touches as they are stored, and what a model says of their subjects (flow/match.h): are they input of the fold, and as what?
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "core/base/moment.h"
#include "core/flow/match.h"
#include "core/model/touch.h"

/*
 * Is it input of the fold at all? A person's, no machine's, with a rule; or a hard fact. `cleared`: reasons that are none
 * for its contact.
 */
static inline bool fold_input_counts(int party, uint32_t reasons, uint32_t cleared, int rule, uint16_t confirm)
{
	return (reasons & ~cleared) == 0 && (confirm != 0 || (party == PARTY_PERSON && rule >= 0));
}

/* Where bursts are cleared, a click in a mail is a touch like any other: the fold looks for no burst. */
static inline struct fold_touch fold_input(int64_t at_us, uint64_t event_id, uint32_t cleared, int rule,
					   bool mail_click, uint64_t link, uint16_t confirm)
{
	return (struct fold_touch){
		.ms = moment_floor(at_us, 1000),
		.id = event_id,
		.kind = confirm == MATCH_CLOSES ? FOLD_CLOSE
			: confirm != 0		? FOLD_CONFIRM
						: FOLD_TOUCH,
		.rule = confirm == MATCH_CLOSES ? 0
			: confirm != 0		? confirm
						: (uint16_t)rule,
		.mail_click = confirm == 0 && mail_click && (cleared & MACHINE_BURST) == 0,
		.link = link,
	};
}
